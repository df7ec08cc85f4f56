import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { readSealed, writeSealed } from "../../vault/sealed-field.ts";
import type { TenantKeyring } from "../../vault/tenant-key.ts";
import type { Tx } from "../../work/door.ts";
import { query } from "../../work/query.ts";
import {
  certificatesOf,
  checkedClient,
  shownCertificate,
  type ClientCertificate,
  type ShownCertificate,
} from "./client-certificate.ts";
import { incompleteStream as incomplete, streamProblem } from "./error.ts";
import type { Outside, Receiver } from "./receiver.ts";
import { hostPortOf } from "./tls-outside.ts";
import { newSecret } from "./webhook.ts";

export type StreamFormat = "json" | "ocsf";
export type StreamInput = {
  readonly name: string;
  readonly kind: "webhook" | "syslog";
  readonly address: string;
  readonly authority?: string;
  /** What a syslog receiver is shown that asks who calls. */
  readonly client?: ClientCertificate;
  readonly format: StreamFormat;
  readonly personal: boolean;
  /** Where it begins: with what happens from now on, or with the first event there is. */
  readonly from: "now" | "beginning";
};

/** A stream as an admin sees it: no secret. */
export type StreamView = {
  readonly id: string;
  readonly name: string;
  readonly kind: "webhook" | "syslog";
  readonly address: string;
  readonly pinned: boolean;
  /** What a syslog receiver is shown; never the key. */
  readonly certificate: ShownCertificate | null;
  /** Until when the secret before signs too. */
  readonly previousUntil: Date | null;
  readonly format: StreamFormat;
  readonly personal: boolean;
  readonly state: "running" | "paused" | "retrying" | "stopped";
  /** The first place that has not arrived. */
  readonly next: number;
  /** How many placed events wait to be sent. */
  readonly behind: number;
  readonly sent: number;
  readonly lastSentAt: Date | null;
  readonly failingSince: Date | null;
  readonly nextTryAt: Date | null;
  readonly problem: string | null;
  /** Events the receiver refused and that wait to be sent again. */
  readonly letters: number;
  readonly addedAt: Date;
};

/** What the sender needs: the receiver with its secret opened. */
export type OpenStream = Receiver & { readonly format: StreamFormat; readonly personal: boolean };

export const streamRecord = "kernel.stream";
const record = streamRecord;
const mostStreams = 10;

const here = () => query.selectFrom(record).where("deleted_at", "is", null);

export async function logSize(tx: Tx): Promise<number> {
  const row = await tx.first(query.selectNoFrom(sql<string>`kernel.log_size()`.as("size")));
  return Number(row?.size ?? 0);
}

/** Every stream of the bound workspace with how far it has come. */
export async function listStreams(tx: Tx): Promise<StreamView[]> {
  const size = await logSize(tx);
  const letters = await tx.all(
    query
      .selectFrom("kernel.stream_letter")
      .select(({ fn }) => ["stream_id", fn.countAll<string>().as("count")])
      .where("settled_at", "is", null)
      .groupBy("stream_id"),
  );
  const waiting = new Map(letters.map((row) => [row.stream_id, Number(row.count)]));
  const rows = await tx.all(
    query
      .selectFrom("kernel.stream as s")
      .innerJoin("kernel.stream_state as p", (join) =>
        join.onRef("p.tenant_id", "=", "s.tenant_id").onRef("p.id", "=", "s.id"),
      )
      .selectAll("s")
      .select(["p.next_seq", "p.sent", "p.last_sent_at", "p.failing_since", "p.next_at", "p.problem", "p.stopped_at"])
      .where("s.deleted_at", "is", null)
      .orderBy("s.created_at"),
  );
  return rows.map((row) => {
    const state = row.stopped_at ? "stopped" : row.paused ? "paused" : row.failing_since ? "retrying" : "running";
    return {
      id: row.id,
      name: row.name,
      kind: row.kind === "syslog" ? "syslog" : "webhook",
      address: row.address,
      pinned: row.authority !== null,
      certificate: shownCertificate(row.certificate),
      previousUntil: row.previous_until !== null && row.previous_until > new Date() ? row.previous_until : null,
      format: row.format === "ocsf" ? "ocsf" : "json",
      personal: row.personal,
      state,
      next: Number(row.next_seq),
      behind: Math.max(0, size - Number(row.next_seq)),
      sent: Number(row.sent),
      lastSentAt: row.last_sent_at,
      failingSince: row.failing_since,
      nextTryAt: state === "retrying" ? row.next_at : null,
      problem: row.problem,
      letters: waiting.get(row.id) ?? 0,
      addedAt: row.created_at,
    };
  });
}

/** Adds a stream. A webhook's secret is made here, shown this once and sealed (ENC-03). */
export async function addStream(
  tx: Tx,
  keyring: TenantKeyring,
  input: StreamInput,
  outside: Outside,
): Promise<{ id: string; secret: string | null }> {
  const { key, ...values } = checkedStream(input, outside);
  if ((await tx.all(here().select("id"))).length >= mostStreams) throw streamProblem.too_many();
  const id = uuidv7();
  const secret = input.kind === "webhook" ? newSecret() : null;
  await tx.record({
    action: "kernel.stream.create",
    record,
    rowId: id,
    version: 1,
    fields: { ...values, from: input.from },
  });
  await tx.all(query.insertInto(record).values({ id, ...values }));
  const sealed = { ...(secret === null ? {} : { secret }), ...(key === null ? {} : { key }) };
  await writeSealed(tx, keyring, { record, rowId: id, version: 1 }, sealed);
  await begin(tx, id, input.from === "now" ? await logSize(tx) : 0);
  return { id, secret };
}

/** Stops sending, or goes on where it stopped: what happened meanwhile is sent then. */
export async function pauseStream(tx: Tx, id: string, paused: boolean): Promise<void> {
  const row = await lockStream(tx, id);
  if (row.paused !== paused) {
    const action = paused ? "kernel.stream.pause" : "kernel.stream.resume";
    await tx.record({ action, record, rowId: id, version: row.version + 1 });
    await tx.all(query.updateTable(record).set({ paused }).where("id", "=", id));
  } else if (!paused) await tx.record({ action: "kernel.stream.retry", fields: { stream: id } });
  if (!paused) await tx.all(query.selectNoFrom(sql`kernel.wake_stream(${id})`.as("woken")));
}

/** Sends again from the beginning or from a day on; the receiver drops what it has by the leaf hash. */
export async function backFillStream(tx: Tx, id: string, from: string): Promise<number> {
  await lockStream(tx, id);
  const place = from === "beginning" ? 0 : await firstPlaceSince(tx, from);
  await tx.record({ action: "kernel.stream.back_fill", fields: { stream: id, from, place } });
  await begin(tx, id, place);
  return place;
}

export async function removeStream(tx: Tx, id: string): Promise<void> {
  const row = await lockStream(tx, id);
  await tx.record({ action: "kernel.stream.delete", record, rowId: id, version: row.version + 1 });
  await tx.all(query.updateTable(record).set({ paused: true, deleted_at: new Date() }).where("id", "=", id));
}

/** A stream with what it proves itself by, for the one call that is about to be made. */
export async function openStream(tx: Tx, keyring: TenantKeyring, id: string, now = new Date()): Promise<OpenStream> {
  const row = await tx.first(here().selectAll().where("id", "=", id));
  if (row === undefined) throw streamProblem.unknown();
  const sealed = (await readSealed(tx, keyring, record, [id])).get(id) ?? {};
  const overlaps = row.previous_until !== null && row.previous_until > now;
  const secrets = [sealed["secret"], ...(overlaps ? [sealed["previous"]] : [])];
  const { key } = sealed;
  return {
    kind: row.kind === "syslog" ? "syslog" : "webhook",
    address: row.address,
    authority: row.authority,
    secrets: secrets.filter((secret) => typeof secret === "string"),
    client: row.certificate !== null && typeof key === "string" ? { certificate: row.certificate, key } : null,
    format: row.format === "ocsf" ? "ocsf" : "json",
    personal: row.personal,
  };
}

async function begin(tx: Tx, id: string, place: number): Promise<void> {
  await tx.all(query.selectNoFrom(sql`kernel.begin_stream(${id}, ${place})`.as("begun")));
}

async function firstPlaceSince(tx: Tx, text: string): Promise<number> {
  const at = new Date(text);
  if (Number.isNaN(at.getTime()) || at.getUTCFullYear() < 1)
    throw streamProblem.no_such_time({ values: { text: text.slice(0, 40) } });
  const row = await tx.first(
    query
      .selectFrom("kernel.ledger_event")
      .select(({ fn }) => fn.min("seq").as("seq"))
      .where("tenant_id", "=", tx.who.tenantId)
      .where("at", ">=", at),
  );
  return row === undefined || row.seq === null ? logSize(tx) : Number(row.seq);
}

/** The stream, held until this transaction ends. */
export async function lockStream(tx: Tx, id: string) {
  const row = await tx.first(
    here().select(["id", "version", "paused", "kind", "certificate"]).where("id", "=", id).forUpdate(),
  );
  if (row === undefined) throw streamProblem.unknown();
  return row;
}

function checkedStream(input: StreamInput, outside: Outside) {
  const { kind, format, personal } = input;
  const address = input.address.trim();
  if (kind === "webhook") {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    const trusted = url !== undefined && (outside.trustedOrigins ?? []).includes(url.origin);
    if (url === undefined || (url.protocol !== "https:" && !trusted) || url.username !== "" || url.password !== "")
      throw incomplete("A webhook is an https address without a password in it.");
  } else if (hostPortOf(address) === undefined) {
    throw incomplete("A syslog receiver is written host:port, such as logs.example.com:6514.");
  }
  const authority = input.authority?.trim() ? certificatesOf(input.authority).join("") : null;
  const client = input.client === undefined ? null : checkedClient(input.client);
  if (kind === "webhook" && (authority !== null || client !== null))
    throw incomplete("Certificates are for syslog alone.");
  const { certificate, key } = client ?? { certificate: null, key: null };
  return { name: input.name.trim(), kind, address, authority, certificate, key, format, personal };
}
