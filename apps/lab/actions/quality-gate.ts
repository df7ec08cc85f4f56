import type { Tx } from "@probity/kernel";
import { readDecimal, round, sayDecimal } from "../calc/decimal.ts";
import { query } from "../query.ts";
import { readViolations } from "./chart-evaluate.ts";
import { tokensOf, type Gate } from "./gate-token.ts";

const name = "quality-control";

/** Why the quality control of its run holds a result, in words. The database decides; what it does not know holds. */
const words: Readonly<Record<string, (about: string) => string>> = {
  "no-worksheet": () => "It is on no worksheet, so no control was run with it.",
  "no-control": () => "Its run has fewer controls than its method asks for.",
  "no-blank": () => "Its run has no blank, and its method asks for one.",
  "no-limits": (chart) => `${chart === "" ? "A control of its run" : chart} has no frozen limits to judge the run by.`,
  "not-judged": () => "A control of its run has no value yet, or another one than was judged.",
  unclear: () => "A control of its run can't be judged: it is only said to be less or more than a value.",
  refused: (why) => `A control of its run was refused${why === "" ? "" : `: ${why}`}.`,
  "no-duplicate": () => "Its run has no duplicate, and its method asks for one.",
  "duplicate-not-judged": () =>
    "A duplicate of its run, or its original, has no value yet, or another one than was judged.",
  "duplicate-unclear": () =>
    "A duplicate of its run can't be judged: it or its original is only said to be less or more than a value.",
  "duplicate-out": (apart) =>
    `A duplicate of its run lies too far from its original${apart === "" ? "" : `: ${apart}`}.`,
  unknown: () => "Whether its run was in control is not known.",
};

/** A token of the database in words; `about` is the chart without limits, or the rules and controls that refused. */
export function sayQuality(token: string, about: string): string {
  return (words[token.split(":")[0] ?? ""] ?? words["unknown"])?.(about) ?? "";
}

/** Whether a token is about the duplicates of a run, not about its controls. */
export function isOfDuplicates(token: string): boolean {
  return token === "no-duplicate" || token.startsWith("duplicate-");
}

/**
 * Quality control of the run: a method that asks for controls (`quality`) gives no verified result without them, without
 * frozen limits, or with a control that was refused; one that declares how far duplicates may lie apart (`duplicate` of a
 * determination) gives none without a duplicate, or with one that lies further.
 */
export const qualityGate: Gate = {
  name,
  title: "Quality control",
  holds: async (tx, results) => {
    const tokens = await tokensOf(tx, name, results);
    const about = await namesOf(tx, [...new Set(tokens.map(({ token }) => token))]);
    return tokens.map(({ resultId, token }) => {
      const reference = idOf(token);
      const reason = sayQuality(token, about.get(token) ?? "");
      return { resultId, gate: name, token, reason, ...(reference === "" ? {} : { reference }) };
    });
  },
};

/** What tokens are about: the chart they name, or the rules that refused the run and the controls that broke them. */
async function namesOf(tx: Tx, tokens: readonly string[]): Promise<Map<string, string>> {
  const of = (code: string) => tokens.filter((token) => token.startsWith(`${code}:`)).map(idOf);
  const [charts, runs] = [of("no-limits"), of("refused")];
  const apart = await apartOf(tx, of("duplicate-out"));
  const judged =
    runs.length === 0
      ? []
      : await tx.all(query.selectFrom("lab.control_evaluation").select(["id", "violations"]).where("id", "in", runs));
  const broken = judged.map(({ id, violations }) => ({
    id,
    violations: readViolations(violations).filter(({ effect }) => effect === "reject"),
  }));
  const ids = [...charts, ...broken.flatMap(({ violations }) => violations.flatMap(({ chartIds }) => chartIds))];
  if (ids.length === 0) return apart;
  const rows = await tx.all(
    query
      .selectFrom("lab.control_chart")
      .select(["id", "material", "lot"])
      .where("id", "in", [...new Set(ids)]),
  );
  const named = new Map(rows.map(({ id, material, lot }) => [id, `${material} ${lot}`]));
  return new Map([
    ...apart,
    ...charts.map((id) => [`no-limits:${id}`, named.get(id) ?? ""] as const),
    ...broken.map(
      ({ id, violations }) =>
        [
          `refused:${id}`,
          violations
            .map(({ rule, chartIds }) => `${rule}, ${chartIds.flatMap((each) => named.get(each) ?? []).join(" and ")}`)
            .join("; "),
        ] as const,
    ),
  ]);
}

/** How far duplicates lie from their originals, by the token that says so. */
async function apartOf(tx: Tx, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.all(
    query
      .selectFrom("lab.duplicate_evaluation as e")
      .innerJoin("lab.result as r", "r.id", "e.duplicate_id")
      .select(["e.id", "e.duplicate_text", "e.original_text", "e.difference", "e.criterion", "r.unit"])
      .where("e.id", "in", [...ids]),
  );
  return new Map(
    rows.map((row) => {
      const { difference, limit } = readCriterion(row.criterion);
      const unit = difference === "relative" ? " %" : row.unit === "" ? "" : ` ${row.unit}`;
      const far = row.difference === null ? "" : `, ${shortDifference(row.difference)}${unit} apart`;
      const told = `${row.original_text} and ${row.duplicate_text}${far}; at most ${limit}${unit}`;
      return [`duplicate-out:${row.id}`, told] as const;
    }),
  );
}

function readCriterion(kept: unknown): { difference: string; limit: string } {
  const has = typeof kept === "object" && kept !== null && "difference" in kept && "limit" in kept;
  return has ? { difference: String(kept.difference), limit: String(kept.limit) } : { difference: "", limit: "" };
}

/** A quotient is kept to six places and told to three. */
function shortDifference(text: string): string {
  const read = readDecimal(text);
  return read === undefined || read.scale <= 5 ? text : sayDecimal(round(read, 3, "half-up"));
}

const idOf = (token: string) => token.split(":")[1] ?? "";
