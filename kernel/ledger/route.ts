import { Type, type Static } from "typebox";
import { defineRoute, type Route } from "../http/route.ts";
import type { Kernel } from "../kernel.ts";
import { erasureRoutes } from "../retention/erasure-route.ts";
import { retentionRoutes } from "../retention/route.ts";
import { memberNames } from "../tenancy/lookup.ts";
import { systemActorId } from "../work/credential.ts";
import { query } from "../work/query.ts";
import { openingsOf } from "./bundle-open.ts";
import { instant, ledgerFilter } from "./export-page.ts";
import { exportRoutes } from "./export-route.ts";

const read = "kernel.ledger.read";
const listQuery = Type.Object({
  ...ledgerFilter,
  cursor: Type.Optional(Type.String({ pattern: "^[0-9]{1,18}$" })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
});

/** The workspace's audit trail: newest first, filtered; and taken away. */
export function ledgerRoutes(kernel: Kernel): Route[] {
  return [
    ...exportRoutes(kernel),
    ...erasureRoutes(kernel),
    ...retentionRoutes(kernel),
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
        const limit = request.query.limit ?? 50;
        const { items, more } = await kernel.door.work(request.credential, read, async (tx) => {
          const rows = await tx.all(page(request.query, limit));
          const names = await memberNames(tx);
          kernel.access.read(tx.who, read, request.source, "kernel.ledger_event");
          const shown = rows.slice(0, limit).map(({ actor_id, leaf_hash, openings, seq, row_id, ...row }) => ({
            seq: Number(seq),
            ...row,
            recordId: row_id,
            actor: { id: actor_id, name: actor_id === systemActorId ? "Probity" : (names.get(actor_id) ?? null) },
            ...saidIn(openings),
            leafHash: leaf_hash.toString("hex"),
          }));
          return { items: shown, more: rows.length > limit };
        });
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
  if (filter.row !== undefined) statement = statement.where("e.row_id", "=", filter.row);
  if (filter.outcome !== undefined) statement = statement.where("e.outcome", "=", filter.outcome);
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

/** The caller's address and what else the event says; what was forgotten says so. */
function saidIn(stored: unknown): { source: string | null; details: Record<string, unknown> } {
  const details: Record<string, unknown> = {};
  let source: string | null = null;
  for (const [name, each] of Object.entries(openingsOf(stored))) {
    const value: unknown = "value" in each ? each.value : null;
    if (name === "source") source = typeof value === "string" ? value : null;
    else if (typeof value === "string") details[name] = JSON.parse(value);
    else if ("commitment" in each) details[name] = "(erased)";
  }
  return { source, details };
}
