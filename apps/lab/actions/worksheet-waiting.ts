import { query } from "../query.ts";

/** Determinations of received samples that are on no worksheet yet: urgent and due first. */
export function waiting(methodId: string | undefined) {
  let list = query
    .selectFrom("lab.result as r")
    .innerJoin("lab.sample as s", "s.id", "r.sample_id")
    .innerJoin("lab.product as p", "p.id", "s.product_id")
    .innerJoin("lab.method_version as v", "v.id", "r.method_version_id")
    .innerJoin("lab.method as m", "m.id", "v.method_id")
    .select([
      "r.id",
      "r.name",
      "r.unit",
      "r.analyte",
      "r.attempt",
      "m.id as methodId",
      "m.code as method",
      "m.title as methodTitle",
      "s.number as sample",
      "s.priority",
      "s.due_on as dueOn",
      "p.name as product",
    ])
    .where("r.state", "=", "open")
    .where("r.worksheet_id", "is", null)
    .where("s.state", "=", "received")
    .where("s.deleted_at", "is", null)
    .orderBy("s.priority", "desc")
    .orderBy("s.due_on")
    .orderBy("r.id")
    .limit(2000);
  if (methodId !== undefined) list = list.where("m.id", "=", methodId);
  return list;
}
