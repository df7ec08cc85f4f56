import { sql } from "kysely";
import { doorProblem, memberNames, systemActorId, type Tx } from "@probity/kernel";
import { query } from "../query.ts";

export const mostItems = 5000;

export type TrailReview = {
  id: string;
  version: number;
  title: string;
  fromAt: Date;
  toAt: Date;
  worksheetId: string | null;
  worksheet: string | null;
  hours: string;
  dueOn: string;
  openedAt: Date;
  openedBy: string | null;
  locked: boolean;
};
export type TrailMark = { rowId: string; rowVersion: number; note: string | null; by: string; at: Date; byId: string };
/** One version of one row that deserves a look, with every reason why. */
export type TrailItem = {
  kinds: string[];
  action: string;
  record: string;
  rowId: string;
  rowVersion: number;
  at: Date;
  by: string;
  byId: string;
  leaf: number;
  /** What it is of, in words: a sample's number and determination. */
  what: string;
  sampleId: string | null;
  before: string | null;
  after: string | null;
  reason: string | null;
  mark: TrailMark | null;
};

/** A review as it was opened; 404 where there is none. */
export async function readReview(tx: Tx, id: string): Promise<TrailReview> {
  const row = await tx.first(reviews().where("t.id", "=", id));
  if (row === undefined) throw doorProblem.not_found();
  return { ...row, locked: row.locked === true };
}

export function reviews() {
  return query
    .selectFrom("lab.trail_review as t")
    .leftJoin("lab.worksheet as w", "w.id", "t.worksheet_id")
    .leftJoin("kernel.membership as m", "m.id", "t.created_by")
    .select([
      "t.id",
      "t.version",
      "t.title",
      "t.from_at as fromAt",
      "t.to_at as toAt",
      "t.worksheet_id as worksheetId",
      "w.number as worksheet",
      "t.hours",
      "t.due_on as dueOn",
      "t.created_at as openedAt",
      sql<string | null>`case when t.created_by = ${systemActorId} then 'Probity' else m.name end`.as("openedBy"),
      sql<boolean>`t.locked_at is not null`.as("locked"),
    ])
    .where("t.deleted_at", "is", null);
}

/** Who saw what of a review, and when: each mark is written once. */
export async function marksOf(tx: Tx, reviewId: string): Promise<TrailMark[]> {
  return tx.all(
    query
      .selectFrom("lab.trail_mark")
      .select([
        "row_id as rowId",
        "row_version as rowVersion",
        "note",
        "marker as by",
        "created_at as at",
        "created_by as byId",
      ])
      .where("review_id", "=", reviewId)
      .orderBy("row_id")
      .orderBy("row_version"),
  );
}

type Raw = {
  kind: string;
  action: string;
  record: string;
  rowId: string;
  rowVersion: number;
  at: Date;
  actorId: string;
  seq: string;
  before: unknown;
  after: unknown;
  sample: string | null;
  sampleId: string | null;
  name: string | null;
};

/** Everything a review looks at, oldest first, from the log and the versions that were kept. */
export async function itemsOf(
  tx: Tx,
  review: Pick<TrailReview, "id" | "fromAt" | "toAt" | "worksheetId" | "hours">,
): Promise<TrailItem[]> {
  const read = sql<Raw>`select t.kind, t.action, t.record, t.row_id as "rowId", t.row_version as "rowVersion", t.at,
      t.actor_id as "actorId", t.seq, t.before, t.after,
      coalesce(s.number, u.number, i.number) as sample, coalesce(s.id, u.id, i.id) as "sampleId", coalesce(r.name, m.code || ' ' || m.title, f.code || ' ' || f.title) as name
    from lab.trail_items(${review.fromAt}, ${review.toAt}, ${review.worksheetId}, ${review.hours}) t
    left join lab.result r on r.tenant_id = kernel.tenant()
      and r.id = case t.record when 'lab.result' then t.row_id when 'lab.gate_override' then (t.after ->> 'result_id')::uuid
        when 'lab.attachment' then (t.after ->> 'result_id')::uuid end
    left join lab.sample s on s.tenant_id = r.tenant_id and s.id = r.sample_id
    left join lab.investigation v on t.record = 'lab.attachment' and v.tenant_id = kernel.tenant() and v.id = (t.after ->> 'investigation_id')::uuid
    left join lab.sample u on t.record in ('lab.unlock', 'lab.correction', 'lab.attachment') and u.tenant_id = kernel.tenant()
      and u.id = coalesce((t.after ->> 'sample_id')::uuid, v.sample_id)
    left join lab.sample i on t.record = 'lab.sample' and i.tenant_id = kernel.tenant() and i.id = t.row_id
    left join lab.method m on t.record = 'lab.method_version' and m.tenant_id = kernel.tenant() and m.id = (t.after ->> 'method_id')::uuid
    left join lab.specification f on t.record = 'lab.specification_version' and f.tenant_id = kernel.tenant()
      and f.id = (t.after ->> 'specification_id')::uuid
    order by t.seq, t.kind limit ${mostItems * 2}`;
  const rows = await tx.all({ compile: () => read.compile(query) });
  const names = await memberNames(tx);
  const marks = new Map((await marksOf(tx, review.id)).map((mark) => [`${mark.rowId} ${mark.rowVersion}`, mark]));
  const items = new Map<string, TrailItem>();
  for (const row of rows) {
    const key = `${row.rowId} ${row.rowVersion}`;
    const known = items.get(key);
    if (known !== undefined) {
      known.kinds.push(row.kind);
      continue;
    }
    items.set(key, {
      kinds: [row.kind],
      action: row.action,
      record: row.record,
      rowId: row.rowId,
      rowVersion: row.rowVersion,
      at: row.at,
      by: names.get(row.actorId) ?? "Probity",
      byId: row.actorId,
      leaf: Number(row.seq),
      what: [row.sample, row.name ?? (row.record === "lab.sample" ? null : nameIn(row.after))]
        .concat(row.record === "lab.attachment" && row.name !== null ? [nameIn(row.after)] : [])
        .filter((each) => each !== null)
        .join(", "),
      sampleId: row.sampleId,
      before: row.record === "lab.correction" ? corrected(row.after, "before") : said(row, row.before),
      after: row.record === "lab.correction" ? corrected(row.after, "after") : said(row, row.after),
      reason: word(row.after, row.record === "lab.attachment" ? "struck_reason" : "reason"),
      mark: marks.get(key) ?? null,
    });
  }
  return [...items.values()];
}

/** The part of a row that the reason for looking is about. */
function said({ kind, record }: Raw, body: unknown): string | null {
  if (kind === "clock") return word(body, "sampled_at");
  if (record === "lab.result") return word(body, "text");
  if (record === "lab.attachment")
    return body === null ? null : word(body, "struck_reason") === null ? word(body, "name") : "struck out";
  if (record === "lab.setting" || record.endsWith("_version")) return number(body);
  return word(body, "state");
}
/** Every fact of a correction as it was, or as it is. */
function corrected(body: unknown, side: "before" | "after"): string {
  const changes: unknown = typeof body === "object" && body !== null ? Reflect.get(body, "changes") : null;
  if (!Array.isArray(changes)) return "";
  return changes.map((each: unknown) => `${word(each, "field") ?? ""}: ${word(each, side) ?? "–"}`).join("; ");
}
function word(body: unknown, name: string): string | null {
  const found: unknown = typeof body === "object" && body !== null ? Reflect.get(body, name) : null;
  return typeof found === "string" ? found : null;
}
function number(body: unknown): string | null {
  const found: unknown = typeof body === "object" && body !== null ? Reflect.get(body, "number") : null;
  return typeof found === "number" ? `v${found}` : null;
}
function nameIn(body: unknown): string | null {
  return word(body, "number") ?? word(body, "code") ?? word(body, "name") ?? word(body, "title");
}
