import type { Tx } from "../../work/door.ts";
import { systemActorId } from "../../work/credential.ts";
import { query } from "../../work/query.ts";
import { memberNames } from "../../tenancy/lookup.ts";

/** One event of the ledger on its way out: to a stream, or into an export. */
export type OutgoingEvent = {
  readonly tenantId: string;
  /** The log's name, `<host>/logs/<tenant>`. */
  readonly origin: string;
  /** Counts from 0 without gaps: a receiver sees what it lacks. */
  readonly seq: number;
  /** SHA-256(0x00 ‖ leaf), in hex (RFC 6962): the id by which a receiver drops what it has already. */
  readonly leafHash: string;
  /** The stored bytes, whole: anybody can make the hash again. */
  readonly leaf: string;
  readonly at: string;
  readonly actorId: string;
  /** Null where names do not travel, or it is unknown. */
  readonly actorName: string | null;
  readonly action: string;
  readonly record: string | null;
  readonly rowId: string | null;
  readonly version: number | null;
  readonly outcome: string;
  readonly request: string;
  /** The caller's address; null where it does not travel, was not kept or has been forgotten. */
  readonly source: string | null;
};

export type EventRange = { readonly from: number; readonly count: number };

/** The name the bound tenant's log is signed under: the one it was first published by stays. */
export async function logOrigin(tx: Tx, host: string): Promise<string> {
  const row = await tx.first(
    query.selectFrom("kernel.ledger_log").select("origin").where("tenant_id", "=", tx.who.tenantId),
  );
  return row?.origin ?? `${host}/logs/${tx.who.tenantId}`;
}

/** Events of the bound tenant in the order of its log, at most `count` from place `from` on. */
export async function outgoingEvents(
  tx: Tx,
  range: EventRange,
  options: { readonly origin: string; readonly personal: boolean },
): Promise<OutgoingEvent[]> {
  const rows = await tx.all(
    query
      .selectFrom("kernel.ledger_event as e")
      .leftJoin("kernel.ledger_opening as o", (join) =>
        join.onRef("o.tenant_id", "=", "e.tenant_id").onRef("o.leaf_id", "=", "e.leaf_id"),
      )
      .select(["e.seq", "e.leaf", "e.leaf_hash", "e.actor_id", "e.action", "e.record", "e.row_id", "e.version"])
      .select(["e.outcome", "e.at", "o.openings"])
      .where("e.tenant_id", "=", tx.who.tenantId)
      .where("e.seq", ">=", String(range.from))
      .where("e.seq", "<", String(range.from + range.count))
      .orderBy("e.seq"),
  );
  const names = options.personal ? await memberNames(tx) : undefined;
  return rows.map((row) => ({
    tenantId: tx.who.tenantId,
    origin: options.origin,
    seq: Number(row.seq),
    leafHash: row.leaf_hash.toString("hex"),
    leaf: row.leaf.toString("utf8"),
    at: row.at.toISOString(),
    actorId: row.actor_id,
    actorName: row.actor_id === systemActorId ? "Probity" : (names?.get(row.actor_id) ?? null),
    action: row.action,
    record: row.record,
    rowId: row.row_id,
    version: row.version,
    outcome: row.outcome,
    request: requestOf(row.leaf),
    source: options.personal ? sourceOf(row.openings) : null,
  }));
}

function requestOf(leaf: Buffer): string {
  const body: unknown = JSON.parse(leaf.toString("utf8"));
  const request: unknown = typeof body === "object" && body !== null ? Reflect.get(body, "request") : undefined;
  return typeof request === "string" ? request : "";
}

function sourceOf(openings: unknown): string | null {
  if (typeof openings !== "object" || openings === null) return null;
  const source: unknown = Reflect.get(openings, "source");
  const value: unknown = typeof source === "object" && source !== null ? Reflect.get(source, "value") : undefined;
  return typeof value === "string" ? value : null;
}

/** An event as the stream's own JSON: the leaf, and beside it what is in it, so that no receiver has to parse text in text. */
export function jsonOf(event: OutgoingEvent): Readonly<Record<string, unknown>> {
  return {
    id: event.leafHash,
    seq: event.seq,
    log: event.origin,
    at: event.at,
    action: event.action,
    outcome: event.outcome,
    actor: { id: event.actorId, ...(event.actorName === null ? {} : { name: event.actorName }) },
    ...(event.record === null ? {} : { record: event.record }),
    ...(event.rowId === null ? {} : { row: event.rowId }),
    ...(event.version === null ? {} : { version: event.version }),
    ...(event.source === null ? {} : { source: event.source }),
    request: event.request,
    leaf: event.leaf,
  };
}
