import { sql } from "kysely";
import { doorProblem, type Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { assessmentQuestions } from "./investigation-checklist.ts";
import { noticesOf } from "./notice.ts";
import { mayOf, resultsOfSample } from "./sample-view.ts";

/** Investigations as a list shows them, newest first, at most `most`. */
export async function listInvestigations(
  tx: Tx,
  filter: { readonly state?: string; readonly sampleId?: string; readonly q?: string },
  most = 500,
) {
  let statement = query
    .selectFrom("lab.investigation as i")
    .innerJoin("lab.sample as s", "s.id", "i.sample_id")
    .innerJoin("lab.product as p", "p.id", "s.product_id")
    .innerJoin("lab.result as r", "r.id", "i.result_id")
    .select([
      "i.id",
      "i.number",
      "i.state",
      "i.cause",
      "i.conclusion",
      "i.capa",
      sql<Date>`coalesce(i.stated_at, i.created_at)`.as("openedAt"),
      "i.concluded_at as concludedAt",
      "s.id as sampleId",
      "s.number as sample",
      "s.lot",
      "p.name as product",
      "r.name as analyte",
      "r.text",
      // Of what was calculated nobody wrote the last decimals: a list shows as many as can be compared.
      sql<
        string | null
      >`case when r.source = 'calculated' then trim_scale(round(r.number, 4))::text else r.text end`.as("shown"),
      "r.unit",
    ])
    .where("i.deleted_at", "is", null);
  if (filter.state === "open") statement = statement.where("i.state", "<>", "concluded");
  else if (filter.state !== undefined) statement = statement.where("i.state", "=", filter.state);
  if (filter.sampleId !== undefined) statement = statement.where("i.sample_id", "=", filter.sampleId);
  for (const word of (filter.q ?? "").split(/\s+/).filter((each) => each !== "")) {
    const like = `%${word.replaceAll(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
    const fields = ["i.number", "s.number", "s.lot", "p.name", "r.name", "i.capa"] as const;
    statement = statement.where((build) => build.or(fields.map((field) => build(field, "ilike", like))));
  }
  return tx.all(statement.orderBy("i.id", "desc").limit(most));
}

/** One investigation whole: what was found, every determination of the analyte, who decided what and when. */
export async function readInvestigation(tx: Tx, id: string) {
  const row = await tx.first(
    query
      .selectFrom("lab.investigation as i")
      .innerJoin("lab.sample as s", "s.id", "i.sample_id")
      .innerJoin("lab.product as p", "p.id", "s.product_id")
      .innerJoin("lab.result as r", "r.id", "i.result_id")
      .leftJoin("kernel.membership as m", "m.id", "i.created_by")
      .select([
        "i.id",
        "i.version",
        "i.number",
        "i.state",
        "i.checklist",
        "i.cause",
        "i.cause_text as causeText",
        "i.hypothesis",
        "i.retests",
        "i.plan",
        "i.planned_by as plannedById",
        "i.planned_name as plannedBy",
        "i.approved_name as approvedBy",
        "i.approved_at as approvedAt",
        "i.rejected_reason as rejectedReason",
        "i.scope",
        "i.conclusion",
        "i.conclusion_text as conclusionText",
        "i.capa",
        "i.no_capa as noCapa",
        "i.concluded_name as concludedBy",
        "i.concluded_at as concludedAt",
        sql<Date>`coalesce(i.stated_at, i.created_at)`.as("openedAt"),
        sql<string | null>`coalesce(i.stated_name, m.name)`.as("openedBy"),
        "i.brought_in as broughtIn",
        "i.sample_id as sampleId",
        "s.number as sample",
        "s.state as sampleState",
        "s.lot",
        "p.name as product",
        "i.result_id as resultId",
        "r.analyte",
        "r.entered_by as enteredById",
      ])
      .where("i.id", "=", id)
      .where("i.deleted_at", "is", null),
  );
  if (!row) throw doorProblem.not_found();
  const { enteredById, plannedById, analyte, ...shown } = row;
  const results = (await resultsOfSample(tx, row.sampleId)).filter(
    (each) => each.analyte === analyte && each.kind === "sample",
  );
  return {
    ...shown,
    questions: assessmentQuestions,
    notices: await tx.all(noticesOf({ investigationId: id })),
    results,
    /** What the caller may not decide, said before they try. */
    own: { result: enteredById === tx.who.actorId, plan: plannedById === tx.who.actorId },
    may: await mayOf(tx),
  };
}
