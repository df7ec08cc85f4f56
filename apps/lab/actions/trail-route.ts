import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { Type } from "typebox";
import { sql } from "kysely";
import {
  csvOf,
  defineRoute,
  doorProblem,
  exportRows,
  manifestationOf,
  policyValue,
  type Kernel,
  type Route,
  type Tx,
} from "@probity/kernel";
import { insertAll } from "../bulk.ts";
import { query } from "../query.ts";
import { csvAnswer } from "./gate-route.ts";
import { hasWords, listed as listWords } from "./list-word.ts";
import { nameOfActor } from "./save-result.ts";
import { mayOf } from "./sample-view.ts";
import { itemsOf, mostItems, readReview, reviews } from "./trail-item.ts";
import { trailProblem } from "./trail-error.ts";

const read = "lab.sample.read";
const change = "lab.review.change";
const uuid = Type.String({ format: "uuid" });
const day = Type.String({ format: "date", pattern: "^(19|20)[0-9]{2}-" });
const idParams = Type.Object({ id: uuid });
const closed = { additionalProperties: false };
const longestDays = 92;
const dayMs = 86_400_000;

/** Review of the audit trail as a task: opened for a period or worksheet, item by item, concluded by signature. */
export function trailRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/lab/trail-reviews",
      summary: "Reviews of the audit trail, newest first, and whether one is due; as JSON or CSV",
      tag: "lab",
      permission: read,
      query: Type.Object({
        state: Type.Optional(Type.Union([Type.Literal("open"), Type.Literal("late"), Type.Literal("concluded")])),
        ...listWords,
      }),
      answers: {
        200: Type.Object({ items: Type.Array(Type.Unknown()), total: Type.Integer(), due: Type.Unknown() }),
      },
      handle: async (request) => {
        const { format, ...filters } = request.query;
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          if (format === "csv")
            await tx.record({ action: "lab.trail_review.export", record: "lab.trail_review", fields: { filters } });
          else kernel.access.read(tx.who, read, request.source, "lab.trail_review");
          const all = await tx.all(
            listed()
              .orderBy("t.id", "desc")
              .limit(exportRows + 1),
          );
          const items = all.filter(
            (each) =>
              (filters.state === undefined || filters.state === standingOf(each)) &&
              hasWords(filters.q, each.title, each.worksheet, each.openedBy, each.concludedBy),
          );
          return { items, total: all.length, due: await dueOf(tx), may: await mayOf(tx) };
        });
        if (format !== "csv") return { body };
        const rows = body.items.map((each) => ({ ...each, standing: standingOf(each) }));
        return csvAnswer("audit-trail-reviews", reviewColumns, rows);
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/trail-reviews",
      summary: "Open a review of a period that is over, or of a worksheet so far",
      tag: "lab",
      permission: change,
      body: Type.Union([Type.Object({ from: day, to: day }, closed), Type.Object({ worksheetId: uuid }, closed)]),
      answers: { 201: Type.Object({ id: Type.String(), items: Type.Integer() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, change, (tx) => openReview(tx, request.body));
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/trail-reviews/{id}",
      summary: "A review with everything it looks at, who saw it and what they noted",
      tag: "lab",
      permission: read,
      params: idParams,
      query: Type.Object({ format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")])) }),
      answers: { 200: Type.Object({ id: Type.String(), version: Type.Integer(), items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const asCsv = request.query.format === "csv";
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          const review = await readReview(tx, request.params.id);
          kernel.access.read(tx.who, read, request.source, "lab.trail_review", review.id);
          if (asCsv)
            await tx.record({ action: "lab.trail_review.export", record: "lab.trail_review", rowId: review.id });
          const signatures = review.locked
            ? await manifestationOf(tx, "lab.trail_review", review.id, review.version)
            : [];
          return {
            ...review,
            items: await itemsOf(tx, review),
            signatures,
            you: tx.who.actorId,
            may: await mayOf(tx),
          };
        });
        if (!asCsv) return { body, headers: { etag: `"${body.version}"` } };
        const columns = ["leaf", "at", "by", "kinds", "what", "before", "after", "reason", "seenBy", "seenAt", "note"];
        const rows = body.items.map((item) => ({
          ...item,
          kinds: item.kinds.join(" "),
          seenBy: item.mark?.by ?? null,
          seenAt: item.mark?.at ?? null,
          note: item.mark?.note ?? null,
        }));
        return {
          body: csvOf(columns, rows),
          type: "text/csv; charset=utf-8",
          headers: { "content-disposition": 'attachment; filename="audit-trail-review.csv"' },
        };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/trail-reviews/{id}/seen",
      summary: "Mark items as seen, with a note where there is something to say",
      tag: "lab",
      permission: change,
      params: idParams,
      body: Type.Object(
        {
          items: Type.Array(Type.Object({ rowId: uuid, rowVersion: Type.Integer({ minimum: 1 }) }, closed), {
            minItems: 1,
            maxItems: 500,
          }),
          note: Type.Optional(Type.Union([Type.String({ maxLength: 1000 }), Type.Null()])),
        },
        closed,
      ),
      answers: { 200: Type.Object({ seen: Type.Integer() }) },
      handle: async (request) => {
        const seen = await kernel.door.work(request.credential, change, (tx) =>
          markSeen(tx, request.params.id, request.body.items, request.body.note ?? null),
        );
        return { body: { seen } };
      },
    }),
  ];
}

/** Opens a review of a period or worksheet, in the transaction of whoever opens it. */
export async function openReview(
  tx: Tx,
  of: { from: string; to: string } | { worksheetId: string },
): Promise<{ id: string; items: number }> {
  const now = Date.now();
  const id = uuidv7();
  const hours = await policyValue(tx, "lab.workingHours");
  const dueOn = new Date(now + (await policyValue(tx, "lab.trailReviewDays")) * dayMs).toISOString().slice(0, 10);
  let period: { title: string; fromAt: Date; toAt: Date; worksheetId: string | null };
  if ("worksheetId" in of) {
    const sheet = await tx.first(
      query.selectFrom("lab.worksheet").select(["number", "created_at"]).where("id", "=", of.worksheetId),
    );
    if (sheet === undefined) throw doorProblem.not_found();
    period = { title: sheet.number, fromAt: sheet.created_at, toAt: new Date(now), worksheetId: of.worksheetId };
  } else {
    const [from, to] = [Date.parse(`${of.from}T00:00:00Z`), Date.parse(`${of.to}T00:00:00Z`) + dayMs];
    if (to <= from || to - from > longestDays * dayMs || to - dayMs > now)
      throw trailProblem.period_wrong({ values: { days: longestDays } });
    const end = new Date(Math.min(to, now));
    period = { title: `${of.from} to ${of.to}`, fromAt: new Date(from), toAt: end, worksheetId: null };
  }
  const { title, fromAt, toAt, worksheetId } = period;
  const items = await itemsOf(tx, { id, fromAt, toAt, worksheetId, hours });
  if (items.length > mostItems) throw trailProblem.too_many({ values: { most: mostItems } });
  await insertAll(tx, "lab.trail_review", "lab.trail_review.open", [
    {
      row: {
        id,
        title,
        from_at: fromAt.toISOString(),
        to_at: toAt.toISOString(),
        worksheet_id: worksheetId,
        hours,
        due_on: dueOn,
      },
      fields: { title, from: fromAt.toISOString(), to: toAt.toISOString(), items: items.length },
    },
  ]);
  return { id, items: items.length };
}

/** Marks what is an item and was not marked yet; who saw it first is who saw it. */
async function markSeen(
  tx: Tx,
  id: string,
  wanted: readonly { rowId: string; rowVersion: number }[],
  note: string | null,
): Promise<number> {
  const review = await readReview(tx, id);
  if (review.locked) throw trailProblem.concluded();
  const items = new Map((await itemsOf(tx, review)).map((item) => [`${item.rowId} ${item.rowVersion}`, item]));
  const chosen = wanted.map((each) => items.get(`${each.rowId} ${each.rowVersion}`));
  if (chosen.some((each) => each === undefined)) throw trailProblem.item_unknown();
  const marker = (await nameOfActor(tx)) ?? "";
  const fresh = new Set(chosen.flatMap((item) => (item === undefined || item.mark !== null ? [] : [item])));
  await insertAll(
    tx,
    "lab.trail_mark",
    "lab.trail_mark.create",
    [...fresh].map((item) => ({
      row: {
        id: uuidv7(),
        review_id: id,
        record: item.record,
        row_id: item.rowId,
        row_version: item.rowVersion,
        note: note === null || note.trim() === "" ? null : note.trim(),
        marker,
      },
      fields: { review: id, of: item.rowId, version: item.rowVersion, note },
    })),
  );
  return fresh.size;
}

/** Until when the trail was reviewed, how long that may lie back, and whether it lies back longer. */
export async function dueOf(tx: Tx): Promise<{ reviewedTo: string | null; everyDays: number; overdue: boolean }> {
  const last = await tx.first(
    listed()
      .where("t.locked_at", "is not", null)
      .where("t.worksheet_id", "is", null)
      .orderBy("t.to_at", "desc")
      .limit(1),
  );
  const everyDays = await policyValue(tx, "lab.trailReviewEveryDays");
  const began = await tx.first(
    query
      .selectFrom("lab.sample")
      .select(sql<Date | null>`min(created_at)`.as("at"))
      .where("brought_in", "=", false),
  );
  const since = last?.toAt ?? began?.at ?? null;
  const overdue = since !== null && Date.now() - since.getTime() > everyDays * dayMs;
  return { reviewedTo: last?.toAt.toISOString() ?? null, everyDays, overdue };
}

const reviewColumns = [
  "title",
  "worksheet",
  "fromAt",
  "toAt",
  "standing",
  "dueOn",
  "openedAt",
  "openedBy",
  "seen",
  "concludedBy",
  "meaning",
  "concludedAt",
];

function standingOf({ locked, overdue }: { locked: boolean; overdue: boolean }): "concluded" | "late" | "open" {
  return locked ? "concluded" : overdue ? "late" : "open";
}

function listed() {
  return reviews()
    .leftJoin("kernel.signature as g", (join) =>
      join
        .onRef("g.tenant_id", "=", "t.tenant_id")
        .onRef("g.row_id", "=", "t.id")
        .onRef("g.signed_version", "=", "t.version"),
    )
    .select([
      "g.printed_name as concludedBy",
      "g.meaning",
      "g.signed_at as concludedAt",
      sql<number>`(select count(*)::integer from lab.trail_mark k where k.tenant_id = t.tenant_id and k.review_id = t.id)`.as(
        "seen",
      ),
      sql<boolean>`t.locked_at is null and t.due_on < current_date`.as("overdue"),
    ]);
}
