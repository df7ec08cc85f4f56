import { sql } from "kysely";
import { doorProblem, type Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { filesBeside } from "./attachment-read.ts";
import { presentResults, resultColumns, type ShownResult } from "./present.ts";

/** A sample's facts, with the names of what it points at. */
export async function readSample(tx: Tx, id: string) {
  const row = await tx.first(
    query
      .selectFrom("lab.sample as s")
      .innerJoin("lab.product as p", "p.id", "s.product_id")
      .leftJoin("lab.sampling_point as t", "t.id", "s.sampling_point_id")
      .leftJoin("lab.specification_version as v", "v.id", "s.specification_version_id")
      .leftJoin("lab.specification as f", "f.id", "v.specification_id")
      .leftJoin("kernel.membership as m", "m.id", "s.created_by")
      .leftJoin("lab.import_file as i", "i.id", "s.import_id")
      .leftJoin("lab.study_pull as u", "u.sample_id", "s.id")
      .leftJoin("lab.study_storage as g", "g.id", "u.storage_id")
      .leftJoin("lab.study_batch as b", "b.id", "g.batch_id")
      .leftJoin("lab.study as y", "y.id", "b.study_id")
      .leftJoin("lab.study_protocol as q", "q.id", "b.protocol_id")
      .select([
        "s.id",
        "s.version",
        "s.number",
        "s.state",
        "s.verdict",
        "s.priority",
        "s.lot",
        "s.remark",
        "s.place",
        "s.condition",
        "s.product_id as productId",
        "s.sampling_point_id as pointId",
        "s.customer_id as customerId",
        "s.sampled_at as sampledAt",
        "s.sampled_by as sampledBy",
        "s.due_on as dueOn",
        "s.received_at as receivedAt",
        "s.received_name as receivedBy",
        "s.verified_at as verifiedAt",
        "s.published_at as publishedAt",
        "s.brought_in as broughtIn",
        "s.blinded",
        "s.created_at as registeredAt",
        "m.name as registeredBy",
        "p.code as productCode",
        "p.name as product",
        "t.code as point",
        "t.name as pointName",
        "f.id as specificationId",
        "f.code as specification",
        "v.number as specificationNumber",
        "y.id as studyId",
        "y.number as study",
        sql<
          string | null
        >`(select c ->> 'title' from jsonb_array_elements(q.content -> 'conditions') c where c ->> 'key' = g.condition)`.as(
          "studyCondition",
        ),
        "u.months as studyMonths",
        "i.file_name as importedFrom",
        "i.sha256 as importedHash",
      ])
      .where("s.id", "=", id)
      .where("s.deleted_at", "is", null),
  );
  if (!row) throw doorProblem.not_found();
  return row;
}

/** Every determination of a sample, retested originals included: nothing that was found is ever left out. */
export async function resultsOfSample(tx: Tx, sampleId: string): Promise<(ShownResult & { files: number })[]> {
  const rows = await tx.all(
    query
      .selectFrom("lab.result as r")
      .innerJoin("lab.sample as s", "s.id", "r.sample_id")
      .select([...resultColumns, "s.specification_version_id", filesBeside])
      .where("r.sample_id", "=", sampleId)
      .where("r.deleted_at", "is", null)
      .orderBy("r.id"),
  );
  return (await presentResults(tx, rows)).map(({ row, shown }) => ({ ...shown, files: row.files }));
}

/** Who held a sample, where and when. */
export function custodyOf(id: string) {
  return query
    .selectFrom("lab.custody as c")
    .leftJoin("kernel.membership as m", "m.id", "c.created_by")
    .select(["c.id", "c.act", "c.place", "c.holder", "c.remark", "c.created_at as at", "m.name as by"])
    .where("c.sample_id", "=", id)
    .orderBy("c.id");
}
export function unlocksOf(id: string) {
  return query
    .selectFrom("lab.unlock as u")
    .leftJoin("kernel.membership as m", "m.id", "u.created_by")
    .select([
      "u.id",
      "u.reason",
      sql<Date>`coalesce(u.stated_at, u.created_at)`.as("at"),
      sql<string | null>`coalesce(u.stated_name, m.name)`.as("by"),
    ])
    .where("u.sample_id", "=", id)
    .orderBy("u.id");
}
export function publicationsOf(id: string) {
  return query
    .selectFrom("lab.publication as p")
    .select([
      "p.id",
      "p.number",
      "p.evaluations",
      "p.publisher",
      sql<Date>`coalesce(p.stated_at, p.created_at)`.as("at"),
    ])
    .where("p.sample_id", "=", id)
    .orderBy("p.number", "desc");
}

/** What the caller may do here, so that a page says beforehand why an act is refused. The door decides. */
export async function mayOf(tx: Tx): Promise<string[]> {
  const row = await tx.first(
    query.selectNoFrom(sql<string[] | null>`kernel.permissions_of(${tx.who.actorId})`.as("permissions")),
  );
  return (row?.permissions ?? []).filter((each) => each.startsWith("lab."));
}
