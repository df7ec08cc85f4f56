import { sql } from "kysely";
import { doorProblem, type Tx } from "@probity/kernel";
import { analyteOf, methodVersions } from "../actions/frozen.ts";
import { resultColumns, valueOf, type ResultRow } from "../actions/present.ts";
import type { Evaluation } from "../actions/publish.ts";
import { reportedOf, type Value } from "../calc/value.ts";
import type { DefinedAnalyte } from "../definition.ts";
import { query } from "../query.ts";
import type { CertificateContent, CertifiedInvestigation, CertifiedOverride, CertifiedResult } from "./content.ts";
import { overridesOfSample } from "../actions/override-told.ts";
import { keptUncertainty, type KeptUncertainty } from "../actions/uncertainty-kept.ts";
import { readTemplate } from "./template.ts";

/** What a new certificate says of its sample: all of it read where it is kept, none of it typed again. */
export async function buildContent(
  tx: Tx,
  sampleId: string,
  template: { readonly name: string; readonly number: number; readonly definition: unknown },
  number: string,
): Promise<Omit<CertificateContent, "amends"> & { publicationId: string }> {
  const sample = await tx.first(
    query
      .selectFrom("lab.sample as s")
      .innerJoin("lab.product as p", "p.id", "s.product_id")
      .leftJoin("lab.sampling_point as t", "t.id", "s.sampling_point_id")
      .leftJoin("lab.customer as c", "c.id", "s.customer_id")
      .select([
        "s.number",
        "s.lot",
        "s.sampled_at",
        "s.sampled_by",
        "s.received_at",
        "s.condition",
        "p.code as productCode",
        "p.name as product",
        "t.code as pointCode",
        "t.name as pointName",
        "c.name as customer",
        "c.address",
      ])
      .where("s.id", "=", sampleId),
  );
  if (sample === undefined) throw doorProblem.not_found();
  const told = await tx.first(
    query
      .selectFrom("lab.publication")
      .select(["id", "number", "evaluations", "publisher", sql<Date>`coalesce(stated_at, created_at)`.as("at")])
      .where("sample_id", "=", sampleId)
      .orderBy("number", "desc")
      .limit(1),
  );
  if (told === undefined) throw doorProblem.not_found();
  const results = await certifiedResults(tx, sampleId);
  return {
    v: "1",
    number,
    preparedAt: new Date().toISOString(),
    template: { ...readTemplate(template.definition), name: template.name, version: template.number },
    customer: sample.customer === null ? null : { name: sample.customer, address: sample.address },
    sample: {
      number: sample.number,
      product: sample.product,
      productCode: sample.productCode,
      lot: sample.lot,
      point: sample.pointCode === null ? null : `${sample.pointCode} ${sample.pointName ?? ""}`.trim(),
      sampledAt: iso(sample.sampled_at),
      sampledBy: sample.sampled_by,
      receivedAt: iso(sample.received_at),
      condition: sample.condition,
    },
    publicationId: told.id,
    publication: { number: told.number, at: told.at.toISOString(), publisher: told.publisher },
    evaluations: readEvaluations(told.evaluations),
    results,
    investigations: await certifiedInvestigations(tx, sampleId),
    overrides: await certifiedOverrides(tx, sampleId, results),
  };
}

async function certifiedResults(tx: Tx, sampleId: string): Promise<CertifiedResult[]> {
  const rows: ResultRow[] = await tx.all(
    query
      .selectFrom("lab.result as r")
      .select(resultColumns)
      .where("r.sample_id", "=", sampleId)
      .where("r.kind", "=", "sample")
      .where("r.state", "in", ["verified", "retested"])
      .where("r.deleted_at", "is", null)
      .orderBy("r.id"),
  );
  const methods = await methodVersions(
    tx,
    rows.map((row) => row.method_version_id),
  );
  return rows.flatMap((row) => {
    const version = methods.get(row.method_version_id);
    const value = valueOf(row);
    if (row.state !== "verified" || version === undefined || value === null) return [];
    const analyte = analyteOf(version, row.analyte);
    const before = rows.filter(
      (each) =>
        each.state === "retested" &&
        each.analyte === row.analyte &&
        each.method_version_id === row.method_version_id &&
        each.attempt < row.attempt,
    );
    const reference = version.definition.reference;
    return [
      {
        name: row.name,
        unit: row.unit,
        method: `${version.code} v${version.number}${reference === undefined || reference === "" ? "" : `, ${reference}`}`,
        entered: value.text,
        reported: reportedOf(value, analyte),
        uncertainty: sayUncertainty(keptUncertainty(row.uncertainty, value, analyte), value),
        enteredAt: iso(row.entered_at),
        verifiedAt: iso(row.verified_at),
        repeated: before.map((each) => ({
          entered: saidOf(each, analyte),
          verdict: each.verdict ?? "none",
          reason: each.reason,
        })),
      },
    ];
  });
}

async function certifiedInvestigations(tx: Tx, sampleId: string): Promise<CertifiedInvestigation[]> {
  const rows = await tx.all(
    query
      .selectFrom("lab.investigation as i")
      .innerJoin("lab.result as r", "r.id", "i.result_id")
      .select([
        "i.number as investigation",
        "i.cause",
        "i.conclusion",
        "i.conclusion_text",
        "i.retests",
        "i.capa",
        "i.no_capa",
        "i.concluded_at",
        ...resultColumns,
      ])
      .where("i.sample_id", "=", sampleId)
      .where("i.state", "=", "concluded")
      .where("i.deleted_at", "is", null)
      .orderBy("i.number"),
  );
  const methods = await methodVersions(
    tx,
    rows.map((row) => row.method_version_id),
  );
  return rows.map((row) => ({
    number: row.investigation,
    analyte: row.name,
    original: saidOf(row, analyteOf(methods.get(row.method_version_id), row.analyte)),
    unit: row.unit,
    cause: row.cause,
    conclusion: row.conclusion ?? "",
    conclusionText: row.conclusion_text ?? "",
    retests: row.retests ?? 0,
    corrective: row.capa ?? (row.no_capa === null ? "" : `none: ${row.no_capa}`),
    concludedAt: iso(row.concluded_at),
  }));
}

/** The gates that a verified result passed by an override, as two people told them. */
async function certifiedOverrides(
  tx: Tx,
  sampleId: string,
  results: readonly CertifiedResult[],
): Promise<CertifiedOverride[]> {
  return (await overridesOfSample(tx, sampleId)).map((each) => ({
    ...each,
    entered:
      results.find(({ name, entered }) => name === each.analyte && entered === each.entered)?.reported ?? each.entered,
    askedAt: each.askedAt.toISOString(),
    confirmedAt: iso(each.confirmedAt),
  }));
}

/** What was entered, to the character; what was calculated as it is reported: nobody wrote its last decimals. */
function saidOf(row: ResultRow, analyte: DefinedAnalyte): string {
  const value = valueOf(row);
  return value === null ? "" : analyte.kind === "calculated" ? reportedOf(value, analyte) : value.text;
}

/** As it was kept with the value; nothing where the value is only bounded. */
export function sayUncertainty(kept: KeptUncertainty | null, { qualifier }: Pick<Value, "qualifier">): string | null {
  return kept === null || qualifier !== null ? null : `± ${kept.expanded} (k = ${kept.coverage})`;
}

function iso(at: Date | null): string | null {
  return at === null ? null : at.toISOString();
}

function readEvaluations(kept: unknown): Evaluation[] {
  if (!isEvaluations(kept)) throw new Error("A publication's evaluations are not of their shape");
  return kept;
}
function isEvaluations(kept: unknown): kept is Evaluation[] {
  return (
    Array.isArray(kept) &&
    kept.every(
      (each: unknown) =>
        typeof each === "object" &&
        each !== null &&
        typeof Reflect.get(each, "specification") === "string" &&
        Array.isArray(Reflect.get(each, "lines")),
    )
  );
}
