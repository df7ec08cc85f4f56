import { Type } from "typebox";
import { sql, type SqlBool } from "kysely";
import {
  csvOf,
  defineRoute,
  exportRows,
  httpProblem,
  wholeExport,
  type Kernel,
  type LedgerEvent,
  type Route,
} from "@probity/kernel";
import { query } from "../query.ts";
import { standing } from "./custody.ts";

const read = "lab.sample.read";
const uuid = Type.String({ format: "uuid" });
const day = Type.String({ format: "date", pattern: "^(19|20)[0-9]{2}-" });
const one = <const T extends readonly string[]>(...words: T) => Type.Union(words.map((word) => Type.Literal(word)));

const listQuery = Type.Object({
  state: Type.Optional(one("registered", "received", "tested", "verified", "published", "cancelled", "open")),
  product: Type.Optional(uuid),
  point: Type.Optional(uuid),
  verdict: Type.Optional(one("in", "warn", "conditional", "out", "unclear", "none")),
  priority: Type.Optional(one("routine", "urgent")),
  due: Type.Optional(one("late", "today", "week")),
  /** Where custody last put it. */
  place: Type.Optional(Type.String({ maxLength: 120 })),
  receivedFrom: Type.Optional(day),
  receivedTo: Type.Optional(day),
  q: Type.Optional(Type.String({ maxLength: 200 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  cursor: Type.Optional(uuid),
  format: Type.Optional(one("json", "csv")),
});
type ListQuery = Readonly<Record<string, unknown>>;

/** The list of samples: filters, text and the count of all that match, in one reading of one index. */
export function sampleListRoute(kernel: Kernel): Route {
  return defineRoute({
    method: "GET",
    path: "/api/lab/samples",
    summary: "List samples, newest first, with how many match",
    tag: "lab",
    permission: read,
    query: listQuery,
    answers: {
      200: Type.Object({
        items: Type.Array(Type.Unknown()),
        total: Type.Integer(),
        next: Type.Union([Type.String(), Type.Null()]),
      }),
    },
    handle: async (request) => {
      const given: ListQuery = request.query;
      const asCsv = given["format"] === "csv";
      const limit = asCsv ? exportRows : typeof given["limit"] === "number" ? given["limit"] : 50;
      if (dayOrder(given))
        throw httpProblem.request_not_understood({ values: { reason: "the days are in the wrong order" } });
      const events: LedgerEvent[] = asCsv
        ? [{ action: "lab.sample.export", record: "lab.sample", fields: { filters: given } }]
        : [];
      const { who, rows } = await kernel.door.once(request.credential, read, () => ({
        events,
        statements: [pageOf(given, limit)],
      }));
      const found = rows[0] ?? [];
      if (asCsv) {
        const columns = [
          "number",
          "product",
          "point",
          "lot",
          "state",
          "verdict",
          "priority",
          "sampledAt",
          "receivedAt",
          "dueOn",
          "place",
          "results",
          "entered",
          "verified",
        ];
        return {
          body: csvOf(columns, wholeExport(found)),
          type: "text/csv; charset=utf-8",
          headers: { "content-disposition": 'attachment; filename="samples.csv"' },
        };
      }
      kernel.access.read(who, read, request.source, "lab.sample");
      const page = found.slice(0, limit);
      const next = found.length > limit ? String(page.at(-1)?.["id"]) : null;
      return { body: { items: page, total: Number(found[0]?.["total"] ?? 0), next } };
    },
  });
}

/**
 * With text, the ids that match are found once, and the count and the page come from them. Without, the count and the page
 * each read the index that suits them: a page needs no more than its own rows. Only the page's rows are read whole.
 */
export function pageOf(given: ListQuery, limit: number) {
  const text = (name: string) => (typeof given[name] === "string" ? given[name] : undefined);
  const words = (text("q") ?? "")
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "")
    .slice(0, 6);
  let hit = query.selectFrom("lab.sample").select("id").where("deleted_at", "is", null);
  const state = text("state");
  if (state === "open") hit = hit.where("state", "in", ["registered", "received", "tested"]);
  else if (state !== undefined) hit = hit.where("state", "=", state);
  const equal = {
    product: "product_id",
    point: "sampling_point_id",
    verdict: "verdict",
    priority: "priority",
  } as const;
  for (const name of ["product", "point", "verdict", "priority"] as const) {
    const value = text(name);
    if (value !== undefined) hit = hit.where(equal[name], "=", value);
  }
  const due = text("due");
  if (due !== undefined) {
    hit = hit.where("state", "in", ["registered", "received", "tested"]);
    const by = {
      late: sql<SqlBool>`due_on < current_date`,
      today: sql<SqlBool>`due_on = current_date`,
      week: sql<SqlBool>`due_on between current_date and current_date + 7`,
    };
    const when = due === "late" || due === "today" ? by[due] : by.week;
    hit = hit.where(when);
  }
  const place = text("place");
  if (place !== undefined)
    hit = hit.where(
      sql<SqlBool>`id in (select k.sample_id from (${standing}) k where k.place = ${place} and k.act <> 'disposed')`,
    );
  const [from, to] = [text("receivedFrom"), text("receivedTo")];
  if (from !== undefined) hit = hit.where("received_at", ">=", new Date(`${from}T00:00:00Z`));
  if (to !== undefined) hit = hit.where("received_at", "<", new Date(Date.parse(`${to}T00:00:00Z`) + 86_400_000));
  for (const word of words) hit = hit.where("find", "like", `%${word.replaceAll(/[\\%_]/g, (sign) => `\\${sign}`)}%`);
  const after = text("cursor");
  const some = after === undefined ? hit : hit.where("id", "<", after);
  return query
    .with(
      (as) => (words.length > 0 ? as("hit").materialized() : as("hit")),
      () => hit,
    )
    .with("page", (build) => {
      if (words.length === 0) return some.orderBy("id", "desc").limit(limit + 1);
      const found = build.selectFrom("hit").select("id");
      return (after === undefined ? found : found.where("id", "<", after)).orderBy("id", "desc").limit(limit + 1);
    })
    .selectFrom("page")
    .innerJoin("lab.sample as s", "s.id", "page.id")
    .innerJoin("lab.product as p", "p.id", "s.product_id")
    .leftJoin("lab.sampling_point as t", "t.id", "s.sampling_point_id")
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
      "s.sampled_at as sampledAt",
      "s.received_at as receivedAt",
      "s.due_on as dueOn",
      "s.brought_in as broughtIn",
      "s.blinded",
      "s.created_at as createdAt",
      "p.name as product",
      "p.code as productCode",
      "t.code as point",
      "t.name as pointName",
      sql<number>`(select count(*)::integer from hit)`.as("total"),
      countOf("open", "entered", "verified").as("results"),
      countOf("entered", "verified").as("entered"),
      countOf("verified").as("verified"),
    ])
    .orderBy("s.id", "desc");
}

function countOf(...states: readonly string[]) {
  return sql<number>`(select count(*)::integer from lab.result r where r.tenant_id = s.tenant_id and r.sample_id = s.id and r.state in (${sql.join(states)}))`;
}

function dayOrder(given: ListQuery): boolean {
  const [from, to] = [given["receivedFrom"], given["receivedTo"]];
  return typeof from === "string" && typeof to === "string" && from > to;
}
