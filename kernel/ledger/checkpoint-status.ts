import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
import { DatabaseError, type ClientConfig } from "pg";
import { openClient } from "../database/pool.ts";

const Halted = Type.Object({
  logId: Type.String(),
  origin: Type.String(),
  reason: Type.String(),
  from: Type.Integer(),
  to: Type.Integer(),
});
const Detail = Type.Object({
  halted: Type.Optional(Type.Array(Halted)),
  keyBesideData: Type.Optional(Type.Boolean()),
  reason: Type.Optional(Type.String()),
});

/** How the log stands, for who runs the server. */
export type LedgerStatus = {
  readonly condition: string;
  readonly since: Date;
  /** Why the signer could not be reached, where it could not. */
  readonly reason: string | undefined;
  readonly keyBesideData: boolean | undefined;
  readonly halted: readonly Static<typeof Halted>[];
  /** Milliseconds since a publisher was last at work; undefined where none ever was. */
  readonly beatMs: number | undefined;
  readonly waiting: number;
  readonly oldestMs: number;
  readonly behindLogs: number;
  readonly behindMs: number;
};
export type Declaration = {
  readonly id: string;
  readonly halted: readonly Static<typeof Halted>[];
  readonly owners: number;
};

/** Reads how the log stands, beside a running server or without one. */
export async function ledgerStatus(admin: ClientConfig): Promise<LedgerStatus> {
  const [row] = await asWorker(admin, "select * from kernel.ledger_condition()");
  const detail = Value.Parse(Detail, row?.["detail"] ?? {});
  const beat = row?.["beat_ms"];
  return {
    condition: String(row?.["condition"] ?? "never"),
    since: row?.["changed_at"] instanceof Date ? row["changed_at"] : new Date(0),
    reason: detail.reason,
    keyBesideData: detail.keyBesideData,
    halted: detail.halted ?? [],
    beatMs: typeof beat === "number" ? beat : undefined,
    waiting: Number(row?.["waiting"] ?? 0),
    oldestMs: Number(row?.["oldest_ms"] ?? 0),
    behindLogs: Number(row?.["behind_logs"] ?? 0),
    behindMs: Number(row?.["behind_ms"] ?? 0),
  };
}

/** Opens the declaration of a restore, or gives the one that is open; undefined where nothing is halted. */
export async function openDeclaration(admin: ClientConfig): Promise<Declaration | undefined> {
  if ((await ledgerStatus(admin)).condition !== "rolled_back") return undefined;
  const [row] = await asWorker(admin, "select * from kernel.ledger_resume_open()");
  return {
    id: String(row?.["id"]),
    halted: Value.Parse(Type.Array(Halted), row?.["halted"]),
    owners: Number(row?.["owners"]),
  };
}

async function asWorker(admin: ClientConfig, text: string): Promise<Record<string, unknown>[]> {
  const client = await openClient(admin);
  try {
    await client.query("set role probity_worker");
    return (await client.query<Record<string, unknown>>(text)).rows;
  } catch (error) {
    // A database that is older than this release has no such log yet.
    if (error instanceof DatabaseError && (error.code === "42883" || error.code === "22023")) return [];
    throw error;
  } finally {
    await client.end();
  }
}
