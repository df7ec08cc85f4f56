import { Type, type Static } from "typebox";
import { defineRoute, type Route } from "../http/route.ts";
import type { Kernel } from "../kernel.ts";
import { csvOf } from "../record/csv.ts";
import { recordProblem } from "../record/error.ts";
import { memberNames } from "../tenancy/lookup.ts";
import { systemActorId } from "../work/credential.ts";
import { query } from "../work/query.ts";

const read = "kernel.ledger.read";
const listQuery = Type.Object({
  cursor: Type.Optional(Type.String({ pattern: "^[0-9]{1,18}$" })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  action: Type.Optional(Type.String({ maxLength: 120 })),
  actor: Type.Optional(Type.String({ format: "uuid" })),
  record: Type.Optional(Type.String({ maxLength: 120 })),
  from: Type.Optional(Type.String({ maxLength: 40 })),
  to: Type.Optional(Type.String({ maxLength: 40 })),
  q: Type.Optional(Type.String({ maxLength: 120 })),
  format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")])),
});
const csvLimit = 50_000;

/** The workspace's audit trail: newest first, filtered, exported. An export is an act of its own. */
export function ledgerRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/ledger/events",
      summary: "The audit trail",
      tag: "ledger",
      permission: read,
      query: listQuery,
      answers: {
        200: Type.Object({ items: Type.Array(Type.Unknown()), next: Type.Union([Type.String(), Type.Null()]) }),
      },
      handle: async (request) => {
        const asCsv = request.query.format === "csv";
        const limit = asCsv ? csvLimit : (request.query.limit ?? 50);
        const permission = asCsv ? "kernel.ledger.export" : read;
        const { items, more } = await kernel.door.work(request.credential, permission, async (tx) => {
          const rows = await tx.all(page(request.query, limit));
          const names = await memberNames(tx);
          if (asCsv) await tx.record({ action: "kernel.ledger.export", fields: { filter: { ...request.query } } });
          else kernel.access.read(tx.who, read, request.source, "kernel.ledger_event");
          const shown = rows.slice(0, limit).map(({ actor_id, leaf_hash, openings, seq, row_id, ...row }) => ({
            seq: Number(seq),
            ...row,
            recordId: row_id,
            actor: { id: actor_id, name: actor_id === systemActorId ? "Probity" : (names.get(actor_id) ?? null) },
            source: sourceOf(openings),
            leafHash: leaf_hash.toString("hex"),
          }));
          return { items: shown, more: rows.length > limit };
        });
        if (asCsv) {
          const flat = items.map(({ actor, ...item }) => ({ ...item, actor: actor.name ?? actor.id }));
          const body = csvOf(
            ["seq", "at", "actor", "action", "record", "recordId", "version", "outcome", "source", "leafHash"],
            flat,
          );
          return {
            body,
            type: "text/csv; charset=utf-8",
            headers: { "content-disposition": 'attachment; filename="audit-selection.csv"' },
          };
        }
        return { body: { items, next: more ? String(items.at(-1)?.seq ?? "") : null } };
      },
    }),
  ];
}

function page(filter: Static<typeof listQuery>, limit: number) {
  let statement = query
    .selectFrom("kernel.ledger_event as e")
    .leftJoin("kernel.ledger_opening as o", (join) =>
      join.onRef("o.tenant_id", "=", "e.tenant_id").onRef("o.leaf_id", "=", "e.leaf_id"),
    )
    .select([
      "e.seq",
      "e.at",
      "e.actor_id",
      "e.action",
      "e.record",
      "e.row_id",
      "e.version",
      "e.outcome",
      "e.leaf_hash",
      "o.openings",
    ]);
  if (filter.cursor !== undefined) statement = statement.where("e.seq", "<", filter.cursor);
  if (filter.action !== undefined) statement = statement.where("e.action", "=", filter.action);
  if (filter.actor !== undefined) statement = statement.where("e.actor_id", "=", filter.actor);
  if (filter.record !== undefined) statement = statement.where("e.record", "=", filter.record);
  if (filter.from !== undefined) statement = statement.where("e.at", ">=", instant(filter.from));
  if (filter.to !== undefined) statement = statement.where("e.at", "<", instant(filter.to));
  if (filter.q) {
    const pattern = `%${filter.q.replaceAll(/[\\%_]/g, (character) => `\\${character}`)}%`;
    statement = statement.where((where) =>
      where.or([
        where("e.action", "ilike", pattern),
        where("e.outcome", "ilike", pattern),
        where("e.record", "ilike", pattern),
      ]),
    );
  }
  return statement.orderBy("e.seq", "desc").limit(limit + 1);
}

function instant(text: string): Date {
  const date = new Date(text);
  // PostgreSQL's years begin later than JavaScript's.
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() < 0)
    throw recordProblem.date_unreadable({ values: { text: text.slice(0, 40) } });
  return date;
}

/** The caller's address, where it was kept and has not been forgotten. */
function sourceOf(openings: unknown): string | null {
  if (typeof openings !== "object" || openings === null || !("source" in openings)) return null;
  const { source } = openings;
  return typeof source === "object" && source !== null && "value" in source && typeof source.value === "string"
    ? source.value
    : null;
}
