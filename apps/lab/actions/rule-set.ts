import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
import type { Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { westgardRules } from "../statistic/westgard.ts";

const closed = { additionalProperties: false };
const effect = Type.Optional(Type.Union([Type.Literal("warn"), Type.Literal("reject")]));

/** Rules of control charts, each with what breaking it does to the run; one that is not named is not looked at. */
export const controlRulesSchema = Type.Object(
  { "1-2s": effect, "1-3s": effect, "2-2s": effect, "R-4s": effect, "4-1s": effect, "10x": effect },
  closed,
);
/** Rules of trends: deviations of an individual value, values on one side, values that only rise or fall; 0 is not looked at. */
export const trendRulesSchema = Type.Object(
  {
    deviations: Type.Union([Type.Literal(0), Type.Literal(2), Type.Literal(3), Type.Literal(4)]),
    side: Type.Integer({ minimum: 0, maximum: 30 }),
    drift: Type.Integer({ minimum: 0, maximum: 30 }),
    /** How many values come first before any is judged. */
    least: Type.Integer({ minimum: 5, maximum: 200 }),
  },
  closed,
);
export type ControlRules = Static<typeof controlRulesSchema>;
export type TrendRules = Static<typeof trendRulesSchema>;

/** Without a rule set of its own a laboratory judges by all six: 1-2s warns, the others refuse (Westgard, Clin Chem 27:493). */
export const usualControlRules: ControlRules = {
  "1-2s": "warn",
  "1-3s": "reject",
  "2-2s": "reject",
  "R-4s": "reject",
  "4-1s": "reject",
  "10x": "reject",
};
/** Nelson's tests 1 to 3 (J Qual Technol 16:237, 1984), once ten values are there. */
const usualTrendRules: TrendRules = { deviations: 3, side: 9, drift: 6, least: 10 };

export type RulesInForce<Rules> = {
  readonly id: string | null;
  readonly number: number;
  readonly rules: Rules;
  readonly reason: string | null;
};

/** The rules of controls in force; number 0 are the usual ones, which nobody had to choose. */
export async function controlRules(tx: Tx): Promise<RulesInForce<ControlRules>> {
  const row = await newest(tx, "control");
  if (row === undefined) return { id: null, number: 0, rules: usualControlRules, reason: null };
  if (!Value.Check(controlRulesSchema, row.rules)) throw new Error("A rule set is not of its shape");
  return { ...row, rules: row.rules };
}

/** The rules of trends in force. */
export async function trendRules(tx: Tx): Promise<RulesInForce<TrendRules>> {
  const row = await newest(tx, "trend");
  if (row === undefined) return { id: null, number: 0, rules: usualTrendRules, reason: null };
  if (!Value.Check(trendRulesSchema, row.rules)) throw new Error("A rule set is not of its shape");
  return { ...row, rules: row.rules };
}

/** In words: "1-2s warns; 1-3s, 2-2s refuse". */
export function sayControlRules(rules: ControlRules): string {
  const of = (wanted: "warn" | "reject") => westgardRules.filter((rule) => rules[rule] === wanted).join(", ");
  const [warns, refuses] = [of("warn"), of("reject")];
  return [warns === "" ? "" : `${warns} warns`, refuses === "" ? "nothing refuses" : `${refuses} refuse`]
    .filter((each) => each !== "")
    .join("; ");
}

function newest(tx: Tx, scope: "control" | "trend") {
  return tx.first(
    query
      .selectFrom("lab.rule_set")
      .select(["id", "number", "rules", "reason"])
      .where("scope", "=", scope)
      .orderBy("number", "desc")
      .limit(1),
  );
}
