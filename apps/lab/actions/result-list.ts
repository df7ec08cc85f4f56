import { Type } from "typebox";
import {
  csvOf,
  defineRoute,
  exportRows,
  wholeExport,
  type Kernel,
  type LedgerEvent,
  type Route,
} from "@probity/kernel";
import { query } from "../query.ts";

const read = "lab.sample.read";
const uuid = Type.String({ format: "uuid" });
const day = Type.String({ format: "date", pattern: "^(19|20)[0-9]{2}-" });
const one = <const T extends readonly string[]>(...words: T) => Type.Union(words.map((word) => Type.Literal(word)));
const listQuery = Type.Object({
  state: Type.Optional(one("open", "entered", "verified", "retested", "cancelled")),
  verdict: Type.Optional(one("in", "warn", "conditional", "out", "unclear", "none")),
  product: Type.Optional(uuid),
  method: Type.Optional(uuid),
  enteredFrom: Type.Optional(day),
  enteredTo: Type.Optional(day),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  cursor: Type.Optional(uuid),
  format: Type.Optional(one("json", "csv")),
});

/** Results across samples, newest first: for a question that is about values, not about samples. */
export function resultListRoute(kernel: Kernel): Route {
  return defineRoute({
    method: "GET",
    path: "/api/lab/results",
    summary: "List results, newest first, as JSON or CSV",
    tag: "lab",
    permission: read,
    query: listQuery,
    answers: {
      200: Type.Object({ items: Type.Array(Type.Unknown()), next: Type.Union([Type.String(), Type.Null()]) }),
    },
    handle: async (request) => {
      const { state, verdict, product, method, enteredFrom, enteredTo, cursor, format } = request.query;
      const asCsv = format === "csv";
      const limit = asCsv ? exportRows : (request.query.limit ?? 50);
      const { format: _, ...filters } = request.query;
      const events: LedgerEvent[] = asCsv
        ? [{ action: "lab.result.export", record: "lab.result", fields: { filters } }]
        : [];
      const { who, rows } = await kernel.door.once(request.credential, read, () => {
        let list = results().limit(limit + 1);
        if (state !== undefined) list = list.where("r.state", "=", state);
        if (verdict !== undefined) list = list.where("r.verdict", "=", verdict);
        if (product !== undefined) list = list.where("s.product_id", "=", product);
        if (method !== undefined) list = list.where("v.method_id", "=", method);
        if (enteredFrom !== undefined) list = list.where("r.entered_at", ">=", new Date(`${enteredFrom}T00:00:00Z`));
        if (enteredTo !== undefined)
          list = list.where("r.entered_at", "<", new Date(Date.parse(`${enteredTo}T00:00:00Z`) + 86_400_000));
        if (cursor !== undefined) list = list.where("r.id", "<", cursor);
        return { events, statements: [list] };
      });
      const found = rows[0] ?? [];
      if (asCsv)
        return {
          body: csvOf(columns, wholeExport(found)),
          type: "text/csv; charset=utf-8",
          headers: { "content-disposition": 'attachment; filename="results.csv"' },
        };
      kernel.access.read(who, read, request.source, "lab.result");
      const items = found.slice(0, limit);
      return { body: { items, next: found.length > limit ? String(items.at(-1)?.["id"]) : null } };
    },
  });
}

const columns = [
  "sample",
  "product",
  "name",
  "text",
  "unit",
  "verdict",
  "state",
  "attempt",
  "method",
  "worksheet",
  "enteredAt",
  "enteredBy",
  "verifiedAt",
  "verifiedBy",
  "reason",
];

function results() {
  return query
    .selectFrom("lab.result as r")
    .innerJoin("lab.sample as s", "s.id", "r.sample_id")
    .innerJoin("lab.product as p", "p.id", "s.product_id")
    .innerJoin("lab.method_version as v", "v.id", "r.method_version_id")
    .innerJoin("lab.method as m", "m.id", "v.method_id")
    .leftJoin("lab.worksheet as w", "w.id", "r.worksheet_id")
    .select([
      "r.id",
      "r.version",
      "r.name",
      "r.text",
      "r.unit",
      "r.verdict",
      "r.state",
      "r.attempt",
      "r.reason",
      "r.entered_at as enteredAt",
      "r.entered_name as enteredBy",
      "r.verified_at as verifiedAt",
      "r.verified_name as verifiedBy",
      "s.id as sampleId",
      "s.number as sample",
      "p.name as product",
      "m.code as method",
      "w.number as worksheet",
    ])
    .where("r.deleted_at", "is", null)
    .orderBy("r.id", "desc");
}
