import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { Type } from "typebox";
import {
  constraintProblem,
  defineMail,
  defineRoute,
  doorProblem,
  guestRole,
  invite,
  Post,
  spoken,
  workspaceName,
  type Kernel,
  type Route,
  type Tx,
} from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { certificateProblem as problem } from "../certificate-error.ts";
import { query } from "../query.ts";
import { revokeDelivery } from "./delivery.ts";

const change = "lab.customer.change";
/** Letting somebody in is people's business, whichever app asks. */
const people = "kernel.people.change";
const uuid = Type.String({ format: "uuid" });
const idParams = Type.Object({ id: uuid });
const closed = { additionalProperties: false };

export const portalMail = defineMail(
  "lab.portal_invitation",
  (values: { laboratory: string; customer: string; name: string; url: string }) => ({
    subject: `Your results from ${spoken(values.laboratory)}`,
    parts: [
      `${spoken(values.name)}, ${spoken(values.laboratory)} invites you to see the published results and certificates of the samples of ${spoken(values.customer)}.`,
      { label: "Open an account", url: values.url },
      "The link works once and for 7 days. You see what is published for your company and nothing else of the laboratory. If you don't know the laboratory, do nothing.",
    ],
  }),
);

/** Contacts of customers, and their invitation to the portal. */
export function contactRoutes(kernel: Kernel, origin: string): Route[] {
  const post = new Post(kernel.rootKey.key);
  return [
    defineRoute({
      method: "POST",
      path: "/api/lab/customers/{id}/contacts",
      summary: "A new contact of a customer",
      tag: "lab",
      permission: change,
      params: idParams,
      body: Type.Object(
        {
          name: Type.String({ minLength: 1, maxLength: 120, pattern: "\\S" }),
          email: Type.String({ minLength: 3, maxLength: 254, pattern: "^[^\\s@\\p{Cc}]+@[^\\s@\\p{Cc}]+$" }),
        },
        closed,
      ),
      answers: { 201: Type.Object({ id: Type.String() }) },
      handle: async (request) => {
        const id = uuidv7();
        await kernel.door.work(request.credential, change, (tx) =>
          addContact(tx, id, request.params.id, request.body.name.trim(), request.body.email.toLowerCase()),
        );
        return { status: 201, body: { id } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/contacts/{id}/invite",
      summary: "Invite a contact to see what is their customer's: published results and certificates",
      tag: "lab",
      permission: people,
      params: idParams,
      answers: { 201: Type.Object({ link: Type.String(), expiresAt: Type.String() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, people, async (tx) => {
          const contact = await requireContact(tx, request.params.id);
          const made = await invite(tx, { email: contact.email, role: guestRole, mailed: false });
          await updateAll(tx, "lab.contact", "lab.contact.invite", [
            {
              row: { id: contact.id, version: contact.version, invitation_id: made.id },
              fields: { invitationId: made.id },
            },
          ]);
          const url = `${origin}/invite/${made.token}`;
          const laboratory = await workspaceName(tx);
          const mail = portalMail.compose({ laboratory, customer: contact.customer, name: contact.name, url });
          await post.queueIn(tx, mail, { address: contact.email, userId: null });
          return { link: url, expiresAt: made.expiresAt.toISOString() };
        });
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/contacts/{id}/end",
      summary: "Take a contact off a customer: they see nothing of it, and links sent to them open nothing",
      tag: "lab",
      permission: change,
      params: idParams,
      answers: { 200: Type.Object({ links: Type.Integer() }) },
      handle: async (request) => {
        const links = await kernel.door.work(request.credential, change, (tx) => endContact(tx, request.params.id));
        return { body: { links } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/contacts/{id}/return",
      summary: "Put a contact back who was taken off: they see what is their customer's again; ended links stay ended",
      tag: "lab",
      // It may let somebody in again.
      permission: people,
      params: idParams,
      answers: { 200: Type.Object({ id: Type.String(), version: Type.Integer() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, people, (tx) => returnContact(tx, request.params.id));
        return { body };
      },
    }),
  ];
}

/**
 * A contact who goes takes along what was opened to them: the portal shows their customer's rows to contacts alone, and each
 * link to a certificate that was sent to them is revoked.
 */
async function endContact(tx: Tx, contactId: string): Promise<number> {
  const { id, version } = await requireContact(tx, contactId);
  const open = await tx.all(openLinksTo(id).forUpdate());
  for (const link of open) {
    // oxlint-disable-next-line no-await-in-loop -- a link is ended with its leaf, one after the other
    await revokeDelivery(tx, link.id);
  }
  await updateAll(tx, "lab.contact", "lab.contact.end", [
    { row: { id, version, deleted_at: new Date().toISOString() }, fields: { links: open.length } },
  ]);
  return open.length;
}

/** Whoever was erased doesn't come back, nor a second time whoever was entered anew meanwhile. */
async function returnContact(tx: Tx, contactId: string): Promise<{ id: string; version: number }> {
  const row = await tx.first(
    query
      .selectFrom("lab.contact as c")
      .innerJoin("lab.customer as u", "u.id", "c.customer_id")
      .select(["c.id", "c.version", "c.email", "c.customer_id as customerId"])
      .where("c.id", "=", contactId)
      .where("c.deleted_at", "is not", null)
      .where("u.deleted_at", "is", null)
      .where("c.email", "not like", erased)
      .forUpdate("c"),
  );
  if (row === undefined) throw doorProblem.not_found();
  await refuseKnown(tx, row.customerId, row.email);
  await updateAll(tx, "lab.contact", "lab.contact.return", [
    { row: { id: row.id, version: row.version, deleted_at: null }, fields: {} },
  ]).catch((error: unknown) => {
    throw constraintProblem(error);
  });
  return { id: row.id, version: row.version + 1 };
}

/** The address of somebody who was forgotten (kernel/retention). */
const erased = "%@erased.invalid";

/** Links to certificates that were sent to this contact and still open them. */
function openLinksTo(contactId: string) {
  return query
    .selectFrom("lab.delivery")
    .select("id")
    .where("contact_id", "=", contactId)
    .where("revoked_at", "is", null)
    .where("expires_at", ">", new Date());
}

/** Contacts who were taken off, the last first: each can be put back. */
export async function endedContactsOf(tx: Tx, customerId: string) {
  return tx.all(
    query
      .selectFrom("lab.contact as c")
      .leftJoin("kernel.membership as m", "m.id", "c.updated_by")
      .select(["c.id", "c.name", "c.email", "c.deleted_at as endedAt", "m.name as endedBy"])
      .where("c.customer_id", "=", customerId)
      .where("c.deleted_at", "is not", null)
      .where("c.email", "not like", erased)
      .orderBy("c.deleted_at", "desc")
      .limit(50),
  );
}

/** Contacts of a customer, and how far each is with the portal. */
export async function contactsOf(tx: Tx, customerId: string) {
  const rows = await tx.all(
    query
      .selectFrom("lab.contact as c")
      .leftJoin("kernel.invitation as i", "i.id", "c.invitation_id")
      .leftJoin("kernel.membership as m", "m.id", "i.membership_id")
      .select([
        "c.id",
        "c.version",
        "c.name",
        "c.email",
        "i.accepted_at as acceptedAt",
        "i.expires_at as inviteEnds",
        "i.deleted_at as withdrawnAt",
        "m.status as memberStatus",
        "m.role as memberRole",
        (from) =>
          from
            .selectFrom("lab.delivery as d")
            .select((inner) => inner.cast<number>(inner.fn.countAll(), "integer").as("n"))
            .whereRef("d.contact_id", "=", "c.id")
            .where("d.revoked_at", "is", null)
            .where("d.expires_at", ">", new Date())
            .as("links"),
      ])
      .where("c.customer_id", "=", customerId)
      .where("c.deleted_at", "is", null)
      .orderBy("c.name"),
  );
  return rows.map(({ acceptedAt, inviteEnds, withdrawnAt, memberStatus, memberRole, ...row }) => ({
    ...row,
    portal:
      acceptedAt !== null
        ? memberStatus === "active" && memberRole === guestRole
          ? "open"
          : "ended"
        : inviteEnds === null
          ? "none"
          : withdrawnAt !== null || inviteEnds < new Date()
            ? "lapsed"
            : "invited",
    since: acceptedAt,
  }));
}

async function addContact(tx: Tx, id: string, customerId: string, name: string, email: string): Promise<void> {
  const customer = await tx.first(
    query.selectFrom("lab.customer").select("id").where("id", "=", customerId).where("deleted_at", "is", null),
  );
  if (customer === undefined) throw doorProblem.not_found();
  await refuseKnown(tx, customerId, email);
  await insertAll(tx, "lab.contact", "lab.contact.create", [
    { row: { id, customer_id: customerId, name, email }, fields: { customerId, name, email } },
  ]).catch((error: unknown) => {
    // Two who add it at once are told apart by the table alone.
    throw constraintProblem(error);
  });
}

async function refuseKnown(tx: Tx, customerId: string, email: string): Promise<void> {
  const known = await tx.first(
    query
      .selectFrom("lab.contact")
      .select("id")
      .where("customer_id", "=", customerId)
      .where("email", "=", email)
      .where("deleted_at", "is", null),
  );
  if (known !== undefined) throw problem.contact_known({ values: { email } });
}

async function requireContact(tx: Tx, id: string) {
  const row = await tx.first(
    query
      .selectFrom("lab.contact as c")
      .innerJoin("lab.customer as u", "u.id", "c.customer_id")
      .select(["c.id", "c.version", "c.name", "c.email", "u.name as customer"])
      .where("c.id", "=", id)
      .where("c.deleted_at", "is", null)
      .forUpdate("c"),
  );
  if (row === undefined) throw doorProblem.not_found();
  return row;
}
