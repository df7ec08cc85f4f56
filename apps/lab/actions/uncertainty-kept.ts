import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
import type { Tx } from "@probity/kernel";
import { readDecimal, sayDecimal, trimmed } from "../calc/decimal.ts";
import type { Expanded } from "../calc/guard.ts";
import type { Value as Entered } from "../calc/value.ts";
import type { DefinedAnalyte } from "../definition.ts";
import { query } from "../query.ts";
import { stateResult, uncertaintyOf, type Component } from "../statistic/budget.ts";

const componentSchema = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 120 }),
    type: Type.Union([Type.Literal("A"), Type.Literal("B")]),
    distribution: Type.Union([
      Type.Literal("normal"),
      Type.Literal("rectangular"),
      Type.Literal("triangular"),
      Type.Literal("u-shaped"),
    ]),
    value: Type.Number({ minimum: 0, maximum: 1e15 }),
    relative: Type.Boolean(),
    divisor: Type.Number({ exclusiveMinimum: 0, maximum: 100 }),
    sensitivity: Type.Number({ minimum: -1e9, maximum: 1e9 }),
    degrees: Type.Union([Type.Integer({ minimum: 1, maximum: 100_000 }), Type.Null()]),
  },
  { additionalProperties: false },
);
/** The sources of a budget. */
export const componentsSchema = Type.Array(componentSchema, { minItems: 1, maxItems: 40 });

/** Stored components: what this server wrote. */
export function readComponents(kept: unknown): Static<typeof componentsSchema> {
  if (!Value.Check(componentsSchema, kept)) throw new Error("A budget's components are not of their shape");
  return kept;
}

/** How sure a value is, as it is kept with it: by the budget that was approved when it was entered, or as its method says. */
export type KeptUncertainty = Expanded & { readonly by: "budget" | "method"; readonly budget?: number };
export type Budget = { readonly number: number; readonly components: readonly Component[]; readonly coverage: string };

/** The approved budgets of versions of methods, newest of each analyte, by `version analyte`. */
export async function approvedBudgets(tx: Tx, methodVersionIds: Iterable<string>): Promise<Map<string, Budget>> {
  const ids = [...new Set(methodVersionIds)];
  if (ids.length === 0) return new Map();
  const rows = await tx.all(
    query
      .selectFrom("lab.uncertainty_budget")
      .distinctOn(["method_version_id", "analyte"])
      .select(["method_version_id", "analyte", "number", "components", "coverage"])
      .where("method_version_id", "in", ids)
      .where("state", "=", "approved")
      .orderBy("method_version_id")
      .orderBy("analyte")
      .orderBy("number", "desc"),
  );
  return new Map(
    rows.map((row) => [
      `${row.method_version_id} ${row.analyte}`,
      { number: row.number, components: readComponents(row.components), coverage: row.coverage },
    ]),
  );
}

/**
 * The expanded uncertainty of a value, to two significant digits. Of one that is only bounded it is that at its bound: no
 * value below has more.
 */
export function uncertaintyOfValue(
  value: Entered,
  analyte: Pick<DefinedAnalyte, "uncertainty">,
  budget: Budget | undefined,
): KeptUncertainty | null {
  if (value.number === null) return null;
  const number = Number(sayDecimal(value.number));
  const stated = (expanded: number, coverage: string): Expanded | null => {
    const shown = value.number === null ? "0" : stateResult(value.number, expanded).expanded;
    const factor = readDecimal(coverage);
    return shown === "0"
      ? null
      : { expanded: shown, coverage: factor === undefined ? coverage : sayDecimal(trimmed(factor)) };
  };
  if (budget !== undefined) {
    const of = uncertaintyOf(budget.components, Number(budget.coverage), number);
    const found = stated(of.expanded, budget.coverage);
    return found && { ...found, by: "budget", budget: budget.number };
  }
  const declared = analyte.uncertainty;
  if (declared === undefined || declared === null) return null;
  const share = declared.relative ? Math.abs(number) / 100 : 1;
  const found = stated(share * Number(declared.expanded), declared.coverage);
  return found && { ...found, by: "method" };
}

/** What was kept with a result; of one entered before anything was, what its method's version declares. */
export function keptUncertainty(
  kept: unknown,
  value: Entered,
  analyte: Pick<DefinedAnalyte, "uncertainty">,
): KeptUncertainty | null {
  if (!Value.Check(keptSchema, kept)) return uncertaintyOfValue(value, analyte, undefined);
  const { budget, ...rest } = kept;
  return { ...rest, ...(budget === undefined ? {} : { budget }) };
}
const keptSchema = Type.Object({
  expanded: Type.String(),
  coverage: Type.String(),
  by: Type.Union([Type.Literal("budget"), Type.Literal("method")]),
  budget: Type.Optional(Type.Integer()),
});
