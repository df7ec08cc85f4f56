import { Type, type Static } from "typebox";
import { sql } from "kysely";
import { recordProblem } from "../record/error.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";

/** What an audit trail is narrowed to. Times bound a range of the log; the rest makes it a selection. */
export const ledgerFilter = {
  action: Type.Optional(Type.String({ maxLength: 120 })),
  actor: Type.Optional(Type.String({ format: "uuid" })),
  record: Type.Optional(Type.String({ maxLength: 120 })),
  row: Type.Optional(Type.String({ format: "uuid" })),
  outcome: Type.Optional(Type.Union([Type.Literal("done"), Type.Literal("refused"), Type.Literal("failed")])),
  from: Type.Optional(Type.String({ maxLength: 40 })),
  to: Type.Optional(Type.String({ maxLength: 40 })),
  q: Type.Optional(Type.String({ maxLength: 120 })),
};
const filterSchema = Type.Object(ledgerFilter);
export type LedgerFilter = Static<typeof filterSchema>;

const selecting = ["action", "actor", "record", "row", "outcome", "q"] as const;

/** The part of a filter that leaves events out: with none of it, a range of the log is whole. */
export function selectionOf(filter: LedgerFilter): Readonly<Record<string, string>> | null {
  const given = selecting.flatMap((name) => {
    const value = filter[name];
    return value === undefined || value === "" ? [] : [[name, value] as const];
  });
  return given.length === 0 ? null : Object.fromEntries(given);
}

/** Leaves [from, to). */
export type LeafRange = { readonly from: number; readonly to: number };

/** The contiguous range of the first `size` leaves that holds every event between two instants; all of them without. */
export async function rangeOf(tx: Tx, filter: LedgerFilter, size: number): Promise<LeafRange> {
  if (!filter.from && !filter.to) return { from: await minimumOf(tx), to: size };
  let statement = query
    .selectFrom("kernel.ledger_event as e")
    .select(({ fn }) => [fn.min("e.seq").as("first"), fn.max("e.seq").as("last")])
    .where("e.tenant_id", "=", tx.who.tenantId)
    .where("e.seq", "<", String(size));
  if (filter.from) statement = statement.where("e.at", ">=", instant(filter.from));
  if (filter.to) statement = statement.where("e.at", "<", instant(filter.to));
  const row = await tx.first(statement);
  if (row === undefined || row.first === null || row.last === null) return { from: size, to: size };
  return { from: Number(row.first), to: Number(row.last) + 1 };
}

/** The first leaf that a pruned log still holds. */
async function minimumOf(tx: Tx): Promise<number> {
  const row = await tx.first(query.selectFrom("kernel.ledger_minimum").select("minimum"));
  return Number(row?.minimum ?? 0);
}

export type ExportRow = {
  readonly seq: number;
  readonly leaf: Buffer;
  readonly leafHash: Buffer;
  readonly at: Date;
  readonly actorId: string;
  readonly action: string;
  readonly record: string | null;
  readonly rowId: string | null;
  readonly version: number | null;
  readonly outcome: string;
  readonly openings: unknown;
};

/** The next rows of a range from place `next` on, in the order of the log. */
export async function exportPage(
  tx: Tx,
  range: LeafRange,
  filter: LedgerFilter,
  next: number,
  limit: number,
): Promise<ExportRow[]> {
  const rows = await tx.all(
    narrowed(tx, range, filter)
      .leftJoin("kernel.ledger_opening as o", (join) =>
        join.onRef("o.tenant_id", "=", "e.tenant_id").onRef("o.leaf_id", "=", "e.leaf_id"),
      )
      .select(["e.seq", "e.leaf", "e.leaf_hash", "e.at", "e.actor_id", "e.action", "e.record", "e.row_id"])
      .select(["e.version", "e.outcome", "o.openings"])
      .where("e.seq", ">=", String(next))
      .orderBy("e.seq")
      .limit(limit),
  );
  return rows.map(({ seq, leaf_hash, actor_id, row_id, ...row }) => ({
    ...row,
    seq: Number(seq),
    leafHash: leaf_hash,
    actorId: actor_id,
    rowId: row_id,
  }));
}

/** How many events of a range a filter leaves. */
export async function countSelected(tx: Tx, range: LeafRange, filter: LedgerFilter): Promise<number> {
  if (selectionOf(filter) === null) return range.to - range.from;
  const row = await tx.first(narrowed(tx, range, filter).select(sql<string>`count(*)`.as("count")));
  return Number(row?.count ?? 0);
}

function narrowed(tx: Tx, range: LeafRange, filter: LedgerFilter) {
  let statement = query
    .selectFrom("kernel.ledger_event as e")
    .where("e.tenant_id", "=", tx.who.tenantId)
    .where("e.seq", ">=", String(range.from))
    .where("e.seq", "<", String(range.to));
  if (filter.action) statement = statement.where("e.action", "=", filter.action);
  if (filter.actor) statement = statement.where("e.actor_id", "=", filter.actor);
  if (filter.record) statement = statement.where("e.record", "=", filter.record);
  if (filter.row) statement = statement.where("e.row_id", "=", filter.row);
  if (filter.outcome) statement = statement.where("e.outcome", "=", filter.outcome);
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
  return statement;
}

/** An instant as a person or a program writes one. */
export function instant(text: string): Date {
  const date = new Date(text);
  // PostgreSQL's years begin later than JavaScript's.
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() < 0)
    throw recordProblem.date_unreadable({ values: { text: text.slice(0, 40) } });
  return date;
}
