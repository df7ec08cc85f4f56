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
      summary: "Take a contact off a customer: from now on they see nothing of it",
      tag: "lab",
      permission: change,
      params: idParams,
      answers: { 204: "" },
      handle: async (request) => {
        await kernel.door.work(request.credential, change, async (tx) => {
          const { id, version } = await requireContact(tx, request.params.id);
          await updateAll(tx, "lab.contact", "lab.contact.end", [
            { row: { id, version, deleted_at: new Date().toISOString() }, fields: {} },
          ]);
        });
        return { status: 204 };
      },
    }),
  ];
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
  const known = await tx.first(
    query
      .selectFrom("lab.contact")
      .select("id")
      .where("customer_id", "=", customerId)
      .where("email", "=", email)
      .where("deleted_at", "is", null),
  );
  if (known !== undefined) throw problem.contact_known({ values: { email } });
  await insertAll(tx, "lab.contact", "lab.contact.create", [
    { row: { id, customer_id: customerId, name, email }, fields: { customerId, name, email } },
  ]).catch((error: unknown) => {
    // Two who add it at once are told apart by the table alone.
    throw constraintProblem(error);
  });
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
