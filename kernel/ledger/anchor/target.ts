import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { cosignatureType, FormatError, parseVkey } from "@probity/verify";
import { compute } from "@probity/verify/node";
import { readSealed, writeSealed } from "../../vault/sealed-field.ts";
import type { TenantKeyring } from "../../vault/tenant-key.ts";
import type { Tx } from "../../work/door.ts";
import { query } from "../../work/query.ts";
import type { Outside } from "../stream/receiver.ts";
import { newSecret } from "../stream/webhook.ts";
import { renewSecret } from "../stream/webhook-secret.ts";
import { anchorProblem } from "./error.ts";

export type TargetKind = "mail" | "webhook" | "witness";
export type TargetInput = {
  readonly kind: TargetKind;
  readonly name: string;
  readonly address: string;
  readonly vkey?: string;
};

/** Somebody outside who is given checkpoints, and how that stands. */
export type AnchorTarget = {
  readonly id: string;
  readonly kind: TargetKind;
  readonly name: string;
  readonly address: string;
  readonly vkey: string | null;
  readonly lastAt: Date | null;
  /** The size of the log it holds, as far as we know: the platform's for a witness, the workspace's for a copy. */
  readonly size: number;
  readonly failingSince: Date | null;
  readonly problem: string | null;
  readonly nextAt: Date;
  /** Until when a webhook's old secret signs beside the new one. */
  readonly previousUntil: Date | null;
};

const record = "kernel.anchor_target";
const mostTargets = 20;
const here = () => query.selectFrom(record).where("deleted_at", "is", null);

export async function listTargets(tx: Tx): Promise<AnchorTarget[]> {
  const rows = await tx.all(
    query
      .selectFrom("kernel.anchor_target as t")
      .innerJoin("kernel.anchor_state as s", (join) =>
        join.onRef("s.tenant_id", "=", "t.tenant_id").onRef("s.id", "=", "t.id"),
      )
      .select(["t.id", "t.kind", "t.name", "t.address", "t.vkey", "t.previous_until"])
      .select(["s.last_at", "s.known_size", "s.failing_since", "s.problem", "s.next_at"])
      .where("t.deleted_at", "is", null)
      .orderBy("t.created_at"),
  );
  return rows.map((row) => ({
    id: row.id,
    kind: kindOf(row.kind),
    name: row.name,
    address: row.address,
    vkey: row.vkey,
    lastAt: row.last_at,
    size: Number(row.known_size),
    failingSince: row.failing_since,
    problem: row.problem,
    nextAt: row.next_at,
    previousUntil: row.previous_until !== null && row.previous_until > new Date() ? row.previous_until : null,
  }));
}

/** Adds a witness or an address; it is asked at once. A webhook's secret is made here and shown this once. */
export async function addTarget(
  tx: Tx,
  keyring: TenantKeyring,
  input: TargetInput,
  outside: Outside,
): Promise<{ id: string; secret: string | null }> {
  const values = checkedTarget(input, outside);
  if ((await tx.all(here().select("id"))).length >= mostTargets) throw anchorProblem.too_many();
  const id = uuidv7();
  const secret = input.kind === "webhook" ? newSecret() : null;
  await tx.record({ action: "kernel.anchor_target.create", record, rowId: id, version: 1, fields: values });
  await tx.all(query.insertInto(record).values({ id, ...values }));
  if (secret !== null) await writeSealed(tx, keyring, { record, rowId: id, version: 1 }, { secret });
  await tx.all(query.selectNoFrom(sql`kernel.wake_anchor(${id})`.as("woken")));
  return { id, secret };
}

export async function removeTarget(tx: Tx, id: string): Promise<void> {
  const row = await tx.first(here().select("version").where("id", "=", id).forUpdate());
  if (row === undefined) throw anchorProblem.unknown();
  await tx.record({ action: "kernel.anchor_target.delete", record, rowId: id, version: row.version + 1 });
  await tx.all(query.updateTable(record).set({ deleted_at: new Date() }).where("id", "=", id));
}

/** Asks now: one of them, or all. */
export async function wakeTargets(tx: Tx, id?: string): Promise<void> {
  const rows = await tx.all(id === undefined ? here().select("id") : here().select("id").where("id", "=", id));
  if (id !== undefined && rows.length === 0) throw anchorProblem.unknown();
  await tx.record({ action: "kernel.anchor.ask", fields: { targets: rows.map((row) => row.id) } });
  for (const row of rows) await tx.all(query.selectNoFrom(sql`kernel.wake_anchor(${row.id})`.as("woken")));
}

/**
 * Gives a webhook another secret, shown this once and sealed (ENC-03). For the overlap both sign every copy, so that the
 * receiver can change over without losing one (Standard Webhooks); without one the old secret is worth nothing at once.
 */
export async function rotateTargetSecret(
  tx: Tx,
  keyring: TenantKeyring,
  id: string,
  overlapHours: number,
): Promise<{ secret: string; previousUntil: Date | null }> {
  const row = await tx.first(here().select(["version", "kind"]).where("id", "=", id).forUpdate());
  if (row === undefined) throw anchorProblem.unknown();
  if (row.kind !== "webhook") throw anchorProblem.other_kind();
  return renewSecret(
    tx,
    keyring,
    { record, action: "kernel.anchor_target.rotate", id, version: row.version },
    overlapHours,
  );
}

/** What signs a webhook's copies now: its secret, and for an overlap the one before. */
export async function targetSecrets(
  tx: Tx,
  keyring: TenantKeyring,
  id: string,
  now = new Date(),
): Promise<readonly string[]> {
  const row = await tx.first(here().select("previous_until").where("id", "=", id));
  const sealed = (await readSealed(tx, keyring, record, [id])).get(id) ?? {};
  const until = row?.previous_until ?? null;
  const secrets = [sealed["secret"], ...(until !== null && until > now ? [sealed["previous"]] : [])];
  return secrets.filter((secret) => typeof secret === "string");
}

function checkedTarget(input: TargetInput, outside: Outside) {
  const { kind } = input;
  const address = input.address.trim();
  if (kind === "mail") {
    if (!/^[^\s@<>",;]{1,64}@[^\s@<>",;]{1,190}\.[^\s@<>",;]{2,63}$/.test(address))
      throw incomplete("This is no mail address.");
  } else {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    const trusted = url !== undefined && (outside.trustedOrigins ?? []).includes(url.origin);
    if (url === undefined || (url.protocol !== "https:" && !trusted) || url.username !== "" || url.password !== "")
      throw incomplete("The address begins with https and holds no password.");
  }
  const vkey = kind === "witness" ? witnessKey(input.vkey ?? "") : null;
  return { kind, name: input.name.trim(), address, vkey };
}

function witnessKey(text: string): string {
  try {
    if (compute(parseVkey(text.trim())).type === cosignatureType) return text.trim();
  } catch (error) {
    if (error instanceof FormatError) throw incomplete(`${error.message}.`);
    throw error;
  }
  throw incomplete("This is a log's key. A witness gives one that begins with its name and is for cosignatures.");
}

function incomplete(reason: string): Error {
  return anchorProblem.incomplete({ values: { reason } });
}

export function kindOf(text: string): TargetKind {
  return text === "mail" || text === "webhook" ? text : "witness";
}
