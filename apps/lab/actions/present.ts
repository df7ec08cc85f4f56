import type { Tx } from "@probity/kernel";
import { readDecimal } from "../calc/decimal.ts";
import { sayBand, sayGuard, sayRule } from "../calc/guard.ts";
import { judgeValue, reportedOf, sayLimit, type Limit, type Qualifier, type Value } from "../calc/value.ts";
import {
  analyteOf,
  methodVersions,
  specificationVersions,
  type MethodVersion,
  type SpecificationVersion,
} from "./frozen.ts";
import { keptUncertainty } from "./uncertainty-kept.ts";

/** A stored result, as the queries of this app select it. */
export type ResultRow = {
  id: string;
  version: number;
  sample_id: string | null;
  worksheet_id: string | null;
  method_version_id: string;
  replaces_id: string | null;
  position: number | null;
  kind: string;
  analyte: string;
  name: string;
  unit: string;
  attempt: number;
  limits: unknown;
  state: string;
  text: string | null;
  number: string | null;
  qualifier: string | null;
  uncertainty: unknown;
  interim: unknown;
  verdict: string | null;
  reason: string | null;
  source: string | null;
  entered_at: Date | null;
  entered_by: string | null;
  entered_name: string | null;
  verified_at: Date | null;
  verified_by: string | null;
  verified_name: string | null;
  brought_in: boolean;
};
export const resultColumns = [
  "r.id",
  "r.version",
  "r.sample_id",
  "r.worksheet_id",
  "r.method_version_id",
  "r.replaces_id",
  "r.position",
  "r.kind",
  "r.analyte",
  "r.name",
  "r.unit",
  "r.attempt",
  "r.limits",
  "r.state",
  "r.text",
  "r.number",
  "r.qualifier",
  "r.uncertainty",
  "r.interim",
  "r.verdict",
  "r.reason",
  "r.source",
  "r.entered_at",
  "r.entered_by",
  "r.entered_name",
  "r.verified_at",
  "r.verified_by",
  "r.verified_name",
  "r.brought_in",
] as const;

export type ShownResult = ReturnType<typeof presentResult>;

/** A result as the API shows it: what was entered, what is reported of it, and how it stands against the frozen limit. */
export function presentResult(row: ResultRow, version: MethodVersion, limit: Limit | undefined) {
  const analyte = analyteOf(version, row.analyte);
  const value = valueOf(row);
  const uncertainty = value === null ? null : keptUncertainty(row.uncertainty, value, analyte);
  const judged = value === null ? null : judgeValue(value, limit, analyte, uncertainty);
  return {
    id: row.id,
    version: row.version,
    kind: row.kind,
    position: row.position,
    analyte: row.analyte,
    name: row.name,
    unit: row.unit,
    input: analyte.kind,
    choices: analyte.choices ?? [],
    fields: analyte.kind === "calculated" ? version.definition.fields : [],
    method: { code: version.code, number: version.number, title: version.title },
    attempt: row.attempt,
    replacesId: row.replaces_id,
    worksheetId: row.worksheet_id,
    state: row.state,
    text: row.text,
    interim: interimOf(row.interim),
    reported: value === null ? null : reportedOf(value, analyte),
    limit: sayLimit(limit),
    verdict: row.verdict,
    words: judged?.words ?? null,
    decision: judged?.decision ?? null,
    /** The decision rule: with the width of its guard band once there is a value. Empty: simple acceptance. */
    guard: sayBand(limit, uncertainty),
    rule: value === null ? sayRule(limit) : sayGuard(limit, uncertainty),
    reason: row.reason,
    source: row.source,
    enteredAt: row.entered_at,
    enteredBy: row.entered_name,
    enteredById: row.entered_by,
    verifiedAt: row.verified_at,
    verifiedBy: row.verified_name,
    broughtIn: row.brought_in,
  };
}

/** Results as the API shows them, each beside its row: by the versions they were registered under. */
export async function presentResults<Row extends ResultRow & { readonly specification_version_id: string | null }>(
  tx: Tx,
  rows: readonly Row[],
): Promise<{ row: Row; shown: ShownResult }[]> {
  const methods = await methodVersions(
    tx,
    rows.map((row) => row.method_version_id),
  );
  const specifications = await specificationVersions(
    tx,
    rows.flatMap((row) => row.specification_version_id ?? []),
  );
  return rows.flatMap((row) => {
    const version = methods.get(row.method_version_id);
    if (version === undefined) return [];
    const limit = limitOf(row, version, specifications.get(row.specification_version_id ?? ""));
    return [{ row, shown: presentResult(row, version, limit) }];
  });
}

/**
 * The limit a result is judged by: of a blank or control its own, else that of the sample's frozen specification. A limit is one
 * of its method: what another method calls by the same name is not held against it.
 */
export function limitOf(
  row: Pick<ResultRow, "analyte" | "limits">,
  { methodId }: Pick<MethodVersion, "methodId">,
  specification: SpecificationVersion | undefined,
): Limit | undefined {
  if (isLimit(row.limits)) return row.limits;
  return specification?.limits.find((each) => each.analyte === row.analyte && each.methodId === methodId);
}

export function valueOf(row: Pick<ResultRow, "text" | "number" | "qualifier">): Value | null {
  if (row.text === null) return null;
  return {
    text: row.text,
    number: readDecimal(row.number ?? "") ?? null,
    qualifier: isQualifier(row.qualifier) ? row.qualifier : null,
  };
}

export function interimOf(kept: unknown): Record<string, string> {
  if (typeof kept !== "object" || kept === null) return {};
  return Object.fromEntries(
    Object.entries(kept).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function isLimit(kept: unknown): kept is Limit {
  return typeof kept === "object" && kept !== null && "analyte" in kept && "compare" in kept;
}
function isQualifier(text: string | null): text is Qualifier {
  return text === "<" || text === "<=" || text === ">" || text === ">=";
}
