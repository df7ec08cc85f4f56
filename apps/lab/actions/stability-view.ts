import { sql } from "kysely";
import { exportRows, type Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { dayIn } from "../schedule/rhythm.ts";
import { hasWords } from "./list-word.ts";
import { databaseTime } from "./schedule-read.ts";
import { mayOf } from "./sample-view.ts";
import { readProtocol } from "./stability-change.ts";
import { limitsOfProtocol, pullRows, studyHead, studyProtocols, studyResults } from "./stability-data.ts";

/** Studies with how far they are: what was pulled, what comes next, what is overdue. */
export async function listStudies(
  tx: Tx,
  { q, state }: { q?: string | undefined; state?: StudyState | undefined } = {},
) {
  const rows = await tx.all(
    query
      .selectFrom("lab.study as s")
      .innerJoin("lab.product as p", "p.id", "s.product_id")
      .select((q) => [
        "s.id",
        "s.number",
        "s.title",
        "p.name as product",
        "p.code as productCode",
        q
          .selectFrom("lab.study_protocol as c")
          .whereRef("c.study_id", "=", "s.id")
          .select(
            sql<{
              number: number;
              state: string;
              content: unknown;
            }>`json_build_object('number', c.number, 'state', c.state, 'content', c.content)`.as("c"),
          )
          .orderBy("c.number", "desc")
          .limit(1)
          .as("protocol"),
      ])
      .where("s.deleted_at", "is", null)
      .orderBy("s.number", "desc")
      .limit(exportRows + 1),
  );
  const now = await databaseTime(tx);
  const counts = await tx.all(
    query
      .selectFrom("lab.study_pull as p")
      .innerJoin("lab.study_storage as t", "t.id", "p.storage_id")
      .innerJoin("lab.study_batch as b", "b.id", "t.batch_id")
      .select([
        "b.study_id as studyId",
        sql<number>`count(distinct b.id)::integer`.as("batches"),
        sql<number>`count(*)::integer`.as("pulls"),
        sql<number>`(count(*) filter (where p.state <> 'planned'))::integer`.as("done"),
        sql<number>`(count(*) filter (where p.deviation is not null))::integer`.as("deviations"),
        sql<number>`(count(*) filter (where p.state = 'planned' and p.closes_on < ${dayIn("UTC", now)}::date))::integer`.as(
          "overdue",
        ),
        sql<string | null>`(min(p.due_on) filter (where p.state = 'planned'))::text`.as("nextOn"),
        sql<string>`max(p.due_on)::text`.as("endsOn"),
      ])
      .groupBy("b.study_id"),
  );
  const all = rows.map(({ protocol, ...row }) => {
    const own = counts.find(({ studyId }) => studyId === row.id);
    const content = protocol === null ? null : readProtocol(protocol.content);
    return {
      ...row,
      protocolNumber: protocol?.number ?? null,
      protocolState: protocol?.state ?? null,
      conditions: (content?.conditions ?? []).filter(({ kind }) => kind !== "initial").map(({ title }) => title),
      planned: content?.batches.length ?? 0,
      batches: own?.batches ?? 0,
      pulls: own?.pulls ?? 0,
      done: own?.done ?? 0,
      deviations: own?.deviations ?? 0,
      overdue: own?.overdue ?? 0,
      nextOn: own?.nextOn ?? null,
      endsOn: own?.endsOn ?? null,
    };
  });
  const lines = all.map((row) => ({ ...row, state: stateOf(row) }));
  return {
    total: lines.length,
    items: lines.filter(
      (row) =>
        (state === undefined || row.state === state) &&
        hasWords(q, row.number, row.title, row.product, row.productCode, ...row.conditions),
    ),
  };
}

export const studyStates = ["overdue", "draft", "to-start", "running", "pulled"] as const;
export type StudyState = (typeof studyStates)[number];

/** How a study stands, the first that holds. */
function stateOf(row: { overdue: number; protocolState: string | null; pulls: number; done: number }): StudyState {
  if (row.overdue > 0) return "overdue";
  if (row.protocolState === "draft") return "draft";
  if (row.pulls === 0) return "to-start";
  return row.done === row.pulls ? "pulled" : "running";
}

/** One study: protocol in force and before, batches with their units, pulls, results, evaluations. */
export async function readStudy(tx: Tx, id: string) {
  const head = await studyHead(tx, id);
  const protocols = await studyProtocols(tx, id);
  const [newest] = protocols;
  const specification = newest === undefined ? null : await limitsOfProtocol(tx, newest);
  const storages = await tx.all(
    query
      .selectFrom("lab.study_storage as s")
      .innerJoin("lab.study_batch as b", "b.id", "s.batch_id")
      .innerJoin("lab.study_protocol as p", "p.id", "b.protocol_id")
      .select((q) => [
        "s.id",
        "s.condition",
        "s.place",
        "s.units",
        q
          .selectFrom("lab.study_pull as u")
          .whereRef("u.storage_id", "=", "s.id")
          .where("u.state", "=", "pulled")
          .select(sql<number>`coalesce(sum(u.units), 0)::integer`.as("n"))
          .as("taken"),
        "b.lot as batch",
        "b.started_name as startedBy",
        sql<string>`b.started_on::text`.as("startedOn"),
        "p.number as protocol",
      ])
      .where("b.study_id", "=", id)
      .orderBy("b.lot")
      .orderBy("s.id"),
  );
  const order = newest?.content.conditions.map(({ key }) => key) ?? [];
  const inOrder = (a: { condition: string }, b: { condition: string }) =>
    order.indexOf(a.condition) - order.indexOf(b.condition);
  const tests = specification?.limits.map(({ analyte }) => analyte) ?? [];
  const results = (await studyResults(tx, id)).toSorted((a, b) => tests.indexOf(a.analyte) - tests.indexOf(b.analyte));
  return {
    ...head,
    protocols,
    specification:
      specification === null
        ? null
        : {
            id: specification.specificationId,
            code: specification.code,
            title: specification.title,
            number: specification.number,
          },
    today: dayIn(newest?.content.zone ?? "UTC", await databaseTime(tx)),
    batches: [...Map.groupBy(storages, ({ batch }) => batch)].map(([lot, own]) => ({
      lot,
      startedOn: own[0]?.startedOn ?? "",
      startedBy: own[0]?.startedBy ?? null,
      protocol: own[0]?.protocol ?? 0,
      storages: own.toSorted(inOrder).map(({ condition, place, units, taken }) => ({
        condition,
        place,
        units,
        left: units - (taken ?? 0),
      })),
    })),
    pulls: await pullRows(tx, id),
    results: results.map((each) => ({
      id: each.id,
      batch: each.batch,
      condition: each.condition,
      months: each.months,
      analyte: each.analyte,
      name: each.name,
      unit: each.unit,
      text: each.text,
      reported: each.reported,
      limit: each.limit,
      verdict: each.verdict,
      state: each.state,
      numeric: each.number !== null,
      sampleId: each.sampleId,
    })),
    evaluations: await tx.all(
      query
        .selectFrom("lab.study_evaluation")
        .select([
          "id",
          "number",
          "analyte",
          "condition",
          "through_months as throughMonths",
          "months",
          "sha256",
          "made_name as madeBy",
          "created_at as madeAt",
        ])
        .where("study_id", "=", id)
        .orderBy("number", "desc"),
    ),
    you: tx.who.actorId,
    may: await mayOf(tx),
  };
}
