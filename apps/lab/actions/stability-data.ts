import { sql } from "kysely";
import { doorProblem, type Tx } from "@probity/kernel";
import { query } from "../query.ts";
import type { Protocol } from "../statistic/study-plan.ts";
import { specificationVersions, type SpecificationVersion } from "./frozen.ts";
import { presentResults, resultColumns, type ShownResult } from "./present.ts";
import { readProtocol } from "./stability-change.ts";

export type StudyProtocol = {
  id: string;
  version: number;
  number: number;
  state: string;
  content: Protocol;
  specificationVersionId: string;
  reason: string;
  writtenById: string | null;
  writtenBy: string | null;
  approvedBy: string | null;
  approvedAt: Date | null;
};
/** A result of a study with where it belongs. */
export type StudyResult = ShownResult & {
  readonly batch: string;
  readonly condition: string;
  readonly months: number;
  readonly number: string | null;
  readonly qualifier: string | null;
  readonly sampleId: string;
  readonly sample: string;
};

export async function studyHead(tx: Tx, id: string) {
  const row = await tx.first(
    query
      .selectFrom("lab.study as s")
      .innerJoin("lab.product as p", "p.id", "s.product_id")
      .select([
        "s.id",
        "s.version",
        "s.number",
        "s.title",
        "s.product_id as productId",
        "p.code as productCode",
        "p.name as product",
      ])
      .where("s.id", "=", id)
      .where("s.deleted_at", "is", null),
  );
  if (!row) throw doorProblem.not_found();
  return row;
}

/** A study's protocols, newest first. */
export async function studyProtocols(tx: Tx, studyId: string): Promise<StudyProtocol[]> {
  const rows = await tx.all(
    query
      .selectFrom("lab.study_protocol")
      .select([
        "id",
        "version",
        "number",
        "state",
        "content",
        "specification_version_id as specificationVersionId",
        "reason",
        "written_by as writtenById",
        "written_name as writtenBy",
        "approved_name as approvedBy",
        "approved_at as approvedAt",
      ])
      .where("study_id", "=", studyId)
      .where("deleted_at", "is", null)
      .orderBy("number", "desc"),
  );
  return rows.map((row) => ({ ...row, content: readProtocol(row.content) }));
}

/** Every pull of a study, in the order of batch, condition and month. */
export async function pullRows(tx: Tx, studyId: string) {
  return tx.all(
    query
      .selectFrom("lab.study_pull as p")
      .innerJoin("lab.study_storage as s", "s.id", "p.storage_id")
      .innerJoin("lab.study_batch as b", "b.id", "s.batch_id")
      .leftJoin("lab.sample as m", "m.id", "p.sample_id")
      .select([
        "p.id",
        "p.version",
        "p.months",
        "p.units",
        "p.state",
        "p.deviation",
        "p.reason",
        sql<string>`p.due_on::text`.as("dueOn"),
        sql<string>`p.opens_on::text`.as("opensOn"),
        sql<string>`p.closes_on::text`.as("closesOn"),
        sql<string | null>`p.pulled_on::text`.as("pulledOn"),
        "p.pulled_at as pulledAt",
        "p.pulled_name as pulledBy",
        "p.brought_in as broughtIn",
        "s.id as storageId",
        "s.condition",
        "b.lot as batch",
        "m.id as sampleId",
        "m.number as sample",
        "m.state as sampleState",
        "m.verdict",
      ])
      .where("b.study_id", "=", studyId)
      .orderBy("b.lot")
      .orderBy("s.id")
      .orderBy("p.months"),
  );
}

/** Every standing determination of a study's samples: originals that were retested are with their sample, not here. */
export async function studyResults(tx: Tx, studyId: string): Promise<StudyResult[]> {
  const rows = await tx.all(
    query
      .selectFrom("lab.result as r")
      .innerJoin("lab.sample as m", "m.id", "r.sample_id")
      .innerJoin("lab.study_pull as p", "p.sample_id", "m.id")
      .innerJoin("lab.study_storage as s", "s.id", "p.storage_id")
      .innerJoin("lab.study_batch as b", "b.id", "s.batch_id")
      .select([
        ...resultColumns,
        "b.lot as batch",
        "s.condition",
        "p.months",
        "m.id as sampleId",
        "m.number as sample",
        "m.specification_version_id",
      ])
      .where("b.study_id", "=", studyId)
      .where("r.kind", "=", "sample")
      .where("r.state", "in", ["open", "entered", "verified"])
      .where("r.deleted_at", "is", null)
      .orderBy("b.lot")
      .orderBy("p.months")
      .orderBy("r.id"),
  );
  return (await presentResults(tx, rows)).map(({ row, shown }) => {
    const { batch, condition, months, sampleId, sample, number, qualifier } = row;
    return { ...shown, batch, condition, months, sampleId, sample, number, qualifier };
  });
}

/** What is out of specification in a study and not explained to its end, by attribute: the sample's number. */
export async function openQuestions(tx: Tx, studyId: string, analyte: string): Promise<string[]> {
  const rows = await tx.all(
    query
      .selectFrom("lab.result as r")
      .innerJoin("lab.sample as m", "m.id", "r.sample_id")
      .innerJoin("lab.study_pull as p", "p.sample_id", "m.id")
      .innerJoin("lab.study_storage as s", "s.id", "p.storage_id")
      .innerJoin("lab.study_batch as b", "b.id", "s.batch_id")
      .leftJoin("lab.investigation as i", "i.result_id", "r.id")
      .select(["m.number", "i.state"])
      .where("b.study_id", "=", studyId)
      .where("r.analyte", "=", analyte)
      .where("r.kind", "=", "sample")
      .where((where) =>
        where.or([
          where("i.state", "<>", "concluded"),
          where.and([
            where("r.verdict", "=", "out"),
            where("i.id", "is", null),
            where("r.attempt", "=", 1),
            where("r.brought_in", "=", false),
          ]),
        ]),
      ),
  );
  return [...new Set(rows.map(({ number }) => number))];
}

export async function limitsOfProtocol(tx: Tx, protocol: StudyProtocol): Promise<SpecificationVersion> {
  const found = (await specificationVersions(tx, [protocol.specificationVersionId])).get(
    protocol.specificationVersionId,
  );
  if (found === undefined) throw new Error("A protocol's limits are not there");
  return found;
}
