import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { doorProblem, makeSignedLink, policyValue, revokeLink, type Tx } from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { certificateProblem as problem } from "../certificate-error.ts";
import { query } from "../query.ts";
import { readCertificate } from "./certificate-view.ts";

export const deliverPermission = "lab.certificate.deliver";
const dayMs = 86_400_000;

export type Recipient = {
  readonly recipient: string;
  readonly email: string;
  readonly contactId?: string | undefined;
  readonly days: number;
};
export type Delivered = {
  readonly id: string;
  readonly token: string;
  readonly number: string;
  readonly sample: string;
  readonly expiresAt: Date;
};

/**
 * Makes a link that opens one certificate and its data for one recipient, until it ends. Only the hash of its token is kept.
 * The link does what its maker may do and no longer than they may: it ends when they leave.
 */
export async function deliver(tx: Tx, certificateId: string, to: Recipient): Promise<Delivered> {
  const most = await policyValue(tx, "certificate.linkDays");
  if (to.days > most) throw problem.delivery_too_long({ values: { days: most } });
  const certificate = await readCertificate(tx, certificateId);
  if (certificate.issuedAt === null) throw problem.certificate_not_signed({ values: { number: certificate.number } });
  if (certificate.files.length === 0) throw problem.certificate_unsealed({ values: { number: certificate.number } });
  if (to.contactId !== undefined) await requireContact(tx, to.contactId, certificate.customerId);
  const id = uuidv7();
  // As the database keeps it: to the millisecond.
  const expiresAt = new Date(Date.now() + to.days * dayMs);
  const link = await makeSignedLink(tx, {
    purpose: `Certificate ${certificate.number}`,
    subjectId: id,
    permission: deliverPermission,
    expiresAt,
  });
  await insertAll(tx, "lab.delivery", "lab.delivery.create", [
    {
      row: {
        id,
        certificate_id: certificateId,
        contact_id: to.contactId ?? null,
        recipient: to.recipient,
        email: to.email,
        link_id: link.id,
        expires_at: expiresAt.toISOString(),
      },
      fields: { certificate: certificate.number, recipient: to.recipient, email: to.email, expiresAt },
    },
  ]);
  return { id, token: link.token, number: certificate.number, sample: certificate.sample, expiresAt };
}

/** Takes a link back: it opens nothing from now on. */
export async function revokeDelivery(tx: Tx, id: string): Promise<void> {
  const row = await tx.first(
    query
      .selectFrom("lab.delivery")
      .select(["version", "link_id", "revoked_at"])
      .where("id", "=", id)
      .where("deleted_at", "is", null)
      .forUpdate(),
  );
  if (row === undefined) throw doorProblem.not_found();
  if (row.revoked_at !== null) return;
  await revokeLink(tx, row.link_id);
  await updateAll(tx, "lab.delivery", "lab.delivery.revoke", [
    { row: { id, version: row.version, revoked_at: new Date().toISOString() }, fields: {} },
  ]);
}

/** Who a certificate was sent to, until when, and how often it was opened. */
export async function deliveriesOf(tx: Tx, certificateId: string) {
  const rows = await tx.all(
    query
      .selectFrom("lab.delivery as d")
      .innerJoin("kernel.link as l", "l.id", "d.link_id")
      .leftJoin("kernel.membership as m", "m.id", "d.created_by")
      .select([
        "d.id",
        "d.recipient",
        "d.email",
        "d.expires_at as expiresAt",
        "l.revoked_at as revokedAt",
        "d.created_at as sentAt",
        "m.name as sentBy",
      ])
      .where("d.certificate_id", "=", certificateId)
      .orderBy("d.id", "desc"),
  );
  if (rows.length === 0) return [];
  const opened = await tx.all(
    query
      .selectFrom("kernel.ledger_event")
      .select((from) => ["row_id", from.fn.countAll<string>().as("count")])
      .where("action", "=", "lab.delivery.open")
      .where(
        "row_id",
        "in",
        rows.map((row) => row.id),
      )
      .groupBy("row_id"),
  );
  const counts = new Map(opened.map((row) => [row.row_id, Number(row.count)]));
  return rows.map((row) => ({ ...row, opened: counts.get(row.id) ?? 0 }));
}

/** The delivery a link was made for. The door has judged the link: ended, revoked and unknown ones never come here. */
export async function deliveryOf(tx: Tx) {
  const row = await tx.first(
    query
      .selectFrom("lab.delivery")
      .select(["id", "certificate_id", "recipient", "expires_at", "revoked_at"])
      .where("id", "=", tx.who.subjectId ?? "")
      .where("deleted_at", "is", null),
  );
  if (row === undefined || row.revoked_at !== null) throw doorProblem.link_ended();
  return row;
}

async function requireContact(tx: Tx, id: string, customerId: string | null): Promise<void> {
  const contact = await tx.first(
    query.selectFrom("lab.contact").select("customer_id").where("id", "=", id).where("deleted_at", "is", null),
  );
  if (contact === undefined || contact.customer_id !== customerId) throw doorProblem.not_found();
}
