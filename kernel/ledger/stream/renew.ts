import { writeSealed } from "../../vault/sealed-field.ts";
import type { TenantKeyring } from "../../vault/tenant-key.ts";
import type { Tx } from "../../work/door.ts";
import { query } from "../../work/query.ts";
import { checkedClient, type ClientCertificate } from "./client-certificate.ts";
import { incompleteStream, streamProblem } from "./error.ts";
import { lockStream, streamRecord as record } from "./stream.ts";
import { renewSecret } from "./webhook-secret.ts";

/** Gives a stream's webhook another secret. */
export async function rotateSecret(
  tx: Tx,
  keyring: TenantKeyring,
  id: string,
  overlapHours: number,
): Promise<{ secret: string; previousUntil: Date | null }> {
  const row = await lockStream(tx, id);
  if (row.kind !== "webhook") throw streamProblem.other_kind({ values: { kind: "webhook" } });
  return renewSecret(tx, keyring, { record, action: "kernel.stream.rotate", id, version: row.version }, overlapHours);
}

/** Gives a syslog stream the certificate it shows, with its key; null: it shows none any more. */
export async function setCertificate(
  tx: Tx,
  keyring: TenantKeyring,
  id: string,
  given: ClientCertificate | null,
): Promise<void> {
  const row = await lockStream(tx, id);
  if (row.kind !== "syslog") throw streamProblem.other_kind({ values: { kind: "syslog" } });
  if (given === null && row.certificate === null) throw incompleteStream("This stream shows no certificate.");
  const client = given === null ? null : checkedClient(given);
  const certificate = client?.certificate ?? null;
  const version = row.version + 1;
  await tx.record({ action: "kernel.stream.certificate", record, rowId: id, version, fields: { certificate } });
  await tx.all(query.updateTable(record).set({ certificate }).where("id", "=", id));
  await writeSealed(tx, keyring, { record, rowId: id, version }, { key: client?.key ?? "" });
}
