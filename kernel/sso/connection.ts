import { X509Certificate, randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import type { TenantKeyring } from "../vault/tenant-key.ts";
import { readSealed, writeSealed } from "../vault/sealed-field.ts";
import type { Tx } from "../work/door.ts";
import { doorProblem } from "../work/error.ts";
import { query } from "../work/query.ts";
import { verifiedDomains } from "./domain.ts";
import { ssoProblem } from "./error.ts";

/** The identity provider of a workspace, as an admin sees it: no secret. */
export type SsoConnection = {
  readonly id: string;
  readonly kind: "oidc" | "saml";
  readonly name: string;
  readonly enabled: boolean;
  readonly issuer: string;
  readonly clientId: string | null;
  readonly signInUrl: string | null;
  /** PEM; SAML only. */
  readonly certificates: readonly string[];
  readonly defaultRole: "admin" | "member";
  readonly admitsNew: boolean;
  readonly trustsMfa: boolean;
  readonly version: number;
};

export type ConnectionInput = {
  readonly kind: "oidc" | "saml";
  readonly name: string;
  readonly issuer: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly signInUrl?: string;
  readonly certificates?: readonly string[];
  readonly defaultRole: "admin" | "member";
  readonly admitsNew: boolean;
  readonly trustsMfa: boolean;
};

const record = "kernel.sso_connection";

export async function listConnections(tx: Tx): Promise<SsoConnection[]> {
  return (await tx.all(openConnections().orderBy("created_at"))).map(shown);
}

/** One connection of the bound workspace; undefined when it is not its. */
export async function connectionOf(tx: Tx, id: string): Promise<SsoConnection | undefined> {
  const row = await tx.first(openConnections().where("id", "=", id));
  return row && shown(row);
}

/** The client secret of a connection, opened: only for the call to its provider. */
export async function clientSecretOf(tx: Tx, keyring: TenantKeyring, id: string): Promise<string> {
  const sealed = (await readSealed(tx, keyring, record, [id])).get(id)?.["client_secret"];
  return typeof sealed === "string" ? sealed : "";
}

/** Stores a new connection, switched off. The client secret is sealed and never shown again (ENC-03). */
export async function addConnection(tx: Tx, keyring: TenantKeyring, input: ConnectionInput): Promise<string> {
  const values = checked(input, true);
  const id = uuidv7();
  await tx.record({
    action: "kernel.sso_connection.create",
    record,
    rowId: id,
    version: 1,
    fields: leafFields(input),
  });
  await tx.all(query.insertInto(record).values({ id, ...values }));
  if (input.clientSecret) {
    await writeSealed(tx, keyring, { record, rowId: id, version: 1 }, { client_secret: input.clientSecret });
  }
  return id;
}

/** Changes a connection; a secret that is not sent stays what it is. Another provider's needs its own secret. */
export async function changeConnection(
  tx: Tx,
  keyring: TenantKeyring,
  change: { id: string; version: number; input: ConnectionInput },
): Promise<void> {
  const { id, input } = change;
  const row = await lockConnection(tx, id);
  if (row.version !== change.version) {
    throw doorProblem.stale({ values: { current: row.version, given: change.version } });
  }
  if (row.kind !== input.kind) throw incomplete("A connection keeps its kind.");
  // Otherwise whoever changes the address would have the secret sent to a server of theirs.
  if (
    input.kind === "oidc" &&
    !input.clientSecret &&
    (row.issuer !== input.issuer || row.client_id !== input.clientId)
  ) {
    throw incomplete("Another issuer or client needs its own secret.");
  }
  const version = row.version + 1;
  await tx.record({
    action: "kernel.sso_connection.change",
    record,
    rowId: id,
    version,
    fields: leafFields(input),
  });
  await tx.all(query.updateTable(record).set(checked(input, false)).where("id", "=", id));
  if (input.clientSecret) {
    await writeSealed(tx, keyring, { record, rowId: id, version }, { client_secret: input.clientSecret });
  }
  const after = checked(input, false);
  const isOther = row.issuer !== after.issuer || row.client_id !== after.client_id;
  const isMoved = row.sign_in_url !== after.sign_in_url || row.certificates.join() !== after.certificates.join();
  // Who was vouched for before signs in again; another issuer's names for people are not the old one's.
  if (isOther || isMoved) await endWays(tx, id, isOther);
}

/** Switches a connection on (and the one in use off), or off. Off is refused while people have to sign in by it. */
export async function enableConnection(tx: Tx, id: string, enabled: boolean): Promise<void> {
  const rows = await tx.all(openConnections().forUpdate());
  const row = rows.find((each) => each.id === id);
  if (row === undefined) throw ssoProblem.connection_unknown();
  if (row.enabled === enabled) return;
  if (enabled && (await verifiedDomains(tx)).length === 0) throw ssoProblem.domain_needed();
  if (!enabled) await refuseWhileForced(tx);
  for (const other of rows.filter((each) => enabled && each.enabled)) await flip(tx, other, false);
  await flip(tx, row, enabled);
}

/** Ends a connection, sessions it vouched for and its names for people; the people and their work stay. */
export async function removeConnection(tx: Tx, id: string): Promise<void> {
  const row = await lockConnection(tx, id);
  if (row.enabled) await refuseWhileForced(tx);
  await tx.record({ action: "kernel.sso_connection.delete", record, rowId: id, version: row.version + 1 });
  await tx.all(query.updateTable(record).set({ enabled: false, deleted_at: new Date() }).where("id", "=", id));
  await endWays(tx, id, true);
}

/** Ends sessions that this workspace's provider vouched for, and where asked the provider's names for people. */
async function endWays(tx: Tx, id: string, links: boolean): Promise<void> {
  await tx.all(query.selectNoFrom(sql<number>`kernel.end_sso_ways(${id}::uuid, ${links})`.as("ended")));
}

async function flip(tx: Tx, row: { id: string; version: number }, enabled: boolean): Promise<void> {
  await tx.record({
    action: enabled ? "kernel.sso_connection.enable" : "kernel.sso_connection.disable",
    record,
    rowId: row.id,
    version: row.version + 1,
  });
  await tx.all(query.updateTable(record).set({ enabled }).where("id", "=", row.id));
  if (!enabled) await endWays(tx, row.id, false);
}

async function refuseWhileForced(tx: Tx): Promise<void> {
  const force = await tx.first(query.selectFrom("kernel.sso_force").select("forced").where("deleted_at", "is", null));
  if (force?.forced === true) throw ssoProblem.domain_forced();
}

function checked(input: ConnectionInput, isNew: boolean) {
  const { kind, name, issuer } = input;
  const certificates = (input.certificates ?? []).map(pemOf);
  if (kind === "oidc") {
    if (!URL.canParse(issuer)) throw incomplete("The issuer is an https address.");
    if (!input.clientId) throw incomplete("The client id is missing.");
    if (isNew && !input.clientSecret) throw incomplete("The client secret is missing.");
  } else {
    if (!input.signInUrl || !URL.canParse(input.signInUrl)) throw incomplete("The sign-in address is missing.");
    if (new URL(input.signInUrl).protocol !== "https:" && !isLoopback(input.signInUrl)) {
      throw incomplete("The sign-in address begins with https.");
    }
    if (certificates.length === 0) throw incomplete("The signing certificate is missing.");
  }
  return {
    kind,
    name: name.trim(),
    issuer: issuer.trim(),
    client_id: kind === "oidc" ? (input.clientId ?? null) : null,
    sign_in_url: kind === "saml" ? (input.signInUrl ?? null) : null,
    certificates: kind === "saml" ? certificates : [],
    default_role: input.defaultRole,
    admits_new: input.admitsNew,
    trusts_mfa: input.trustsMfa,
  };
}

/** The browser is sent there: plain http is for a provider on this very machine. */
function isLoopback(text: string): boolean {
  const { protocol, hostname } = new URL(text);
  return protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(hostname);
}

/** A certificate as PEM, from PEM or the bare base64 of a metadata file. */
function pemOf(text: string): string {
  const bare = text.replaceAll(/-----(BEGIN|END) CERTIFICATE-----|\s/g, "");
  try {
    const certificate = new X509Certificate(Buffer.from(bare, "base64"));
    const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
    const strong = asymmetricKeyType === "rsa" && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
    if (strong) return certificate.toString();
  } catch {
    throw incomplete("A signing certificate can't be read.");
  }
  throw incomplete("A signing certificate needs an RSA key of 2048 bits or more.");
}

function incomplete(reason: string): Error {
  return ssoProblem.connection_incomplete({ values: { reason } });
}

function leafFields(input: ConnectionInput): Record<string, string> {
  return {
    kind: input.kind,
    name: input.name,
    issuer: input.issuer,
    default_role: input.defaultRole,
    admits_new: String(input.admitsNew),
    trusts_mfa: String(input.trustsMfa),
    secret: input.clientSecret ? "new" : "kept",
  };
}

function openConnections() {
  return query
    .selectFrom(record)
    .select([
      "id",
      "kind",
      "name",
      "enabled",
      "issuer",
      "client_id",
      "sign_in_url",
      "certificates",
      "default_role",
      "admits_new",
      "trusts_mfa",
      "version",
    ])
    .where("deleted_at", "is", null);
}

async function lockConnection(tx: Tx, id: string) {
  const row = await tx.first(openConnections().where("id", "=", id).forUpdate());
  if (row === undefined) throw ssoProblem.connection_unknown();
  return row;
}

type Row = Awaited<ReturnType<typeof lockConnection>>;

function shown(row: Row): SsoConnection {
  return {
    id: row.id,
    kind: row.kind === "saml" ? "saml" : "oidc",
    name: row.name,
    enabled: row.enabled,
    issuer: row.issuer,
    clientId: row.client_id,
    signInUrl: row.sign_in_url,
    certificates: row.certificates,
    defaultRole: row.default_role === "admin" ? "admin" : "member",
    admitsNew: row.admits_new,
    trustsMfa: row.trusts_mfa,
    version: row.version,
  };
}
