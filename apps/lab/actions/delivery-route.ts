import { Type } from "typebox";
import {
  defineMail,
  defineRoute,
  Post,
  spoken,
  workspaceName,
  type Kernel,
  type Route,
  type RouteRequest,
  type Tx,
} from "@probity/kernel";
import { toldOf } from "../certificate/tell.ts";
import { openFile, sendFile, type Format } from "./certificate-file.ts";
import { readCertificate } from "./certificate-view.ts";
import { deliver, deliverPermission, deliveryOf, revokeDelivery } from "./delivery.ts";

const send = "lab.certificate.send";
const uuid = Type.String({ format: "uuid" });
const idParams = Type.Object({ id: uuid });
const closed = { additionalProperties: false };
/** Whatever a mail program made of a link is answered like a link that ended: its reader is no programmer. */
const tokenParams = Type.Object({ token: Type.String({ minLength: 1, maxLength: 100 }) });
const address = Type.String({ minLength: 3, maxLength: 254, pattern: "^[^\\s@\\p{Cc}]+@[^\\s@\\p{Cc}]+$" });

export const certificateMail = defineMail(
  "lab.certificate",
  (values: { laboratory: string; number: string; sample: string; recipient: string; url: string; until: string }) => ({
    subject: `Certificate ${values.number} for sample ${spoken(values.sample)}`,
    parts: [
      `${spoken(values.recipient)}, ${spoken(values.laboratory)} made the certificate of analysis ${values.number} for sample ${spoken(values.sample)} available to you.`,
      { label: "Open the certificate", url: values.url },
      `The link is yours and works until ${values.until}. Each opening of it is recorded. Don't pass it on: who has it can open the certificate.`,
    ],
  }),
);

/** Certificates handed to people without an account. */
export function deliveryRoutes(kernel: Kernel, origin: string): Route[] {
  const post = new Post(kernel.rootKey.key);
  return [
    defineRoute({
      method: "POST",
      path: "/api/lab/certificates/{id}/deliveries",
      summary: "Send a certificate by a link that ends; the link goes by mail and is shown once",
      tag: "lab",
      permission: send,
      params: idParams,
      body: Type.Object(
        {
          recipient: Type.String({ minLength: 1, maxLength: 120, pattern: "\\S" }),
          email: address,
          contactId: Type.Optional(uuid),
          days: Type.Integer({ minimum: 1, maximum: 3650 }),
        },
        closed,
      ),
      answers: { 201: Type.Object({ id: Type.String(), url: Type.String(), expiresAt: Type.String() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, send, async (tx) => {
          const { recipient, email, contactId, days } = request.body;
          const made = await deliver(tx, request.params.id, {
            recipient: recipient.trim(),
            email,
            days,
            ...(contactId === undefined ? {} : { contactId }),
          });
          const url = `${origin}/certificate/${made.token}`;
          const mail = certificateMail.compose({
            laboratory: await workspaceName(tx),
            number: made.number,
            sample: made.sample,
            recipient,
            url,
            until: `${made.expiresAt.toISOString().slice(0, 16).replace("T", " ")} UTC`,
          });
          await post.queueIn(tx, mail, { address: email, userId: null });
          return { id: made.id, url, expiresAt: made.expiresAt.toISOString() };
        });
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/deliveries/{id}/revoke",
      summary: "Take a link to a certificate back",
      tag: "lab",
      permission: send,
      params: idParams,
      answers: { 204: "" },
      handle: async (request) => {
        await kernel.door.work(request.credential, send, (tx) => revokeDelivery(tx, request.params.id));
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/delivered/{token}",
      summary: "What a link to a certificate opens, and how the certificate stands now",
      tag: "lab",
      permission: deliverPermission,
      params: tokenParams,
      answers: {
        200: Type.Object({ number: Type.String(), standing: Type.String(), expiresAt: Type.String() }),
      },
      handle: async (request) => {
        const body = await kernel.door.work(linkOf(request), deliverPermission, async (tx) => {
          const delivery = await deliveryOf(tx);
          const found = await readCertificate(tx, delivery.certificate_id);
          await opened(tx, delivery.id, "page");
          const { content } = found;
          return {
            number: found.number,
            standing: found.standing,
            issuedAt: found.issuedAt,
            /** Who signed it where it was issued; null of what was signed here. */
            stated: content.stated ?? null,
            supersedes: found.supersedes,
            supersededBy: found.supersededBy,
            supersededAt: found.supersededAt,
            supersededWhy: found.supersededWhy,
            laboratory: content.template.laboratory,
            title: content.template.title,
            sample: content.sample,
            ...toldOf(content),
            recipient: delivery.recipient,
            expiresAt: delivery.expires_at.toISOString(),
            files: found.files.map(({ format, sha256, seal }) => ({ format, sha256, seal })),
          };
        });
        return { body, headers: { "cache-control": "no-store" } };
      },
    }),
    ...(["pdf", "json"] as const).map((format) =>
      defineRoute({
        method: "GET",
        path: `/api/lab/delivered/{token}/${format}`,
        summary: `Download the certificate a link opens, as ${format.toUpperCase()}`,
        tag: "lab",
        permission: deliverPermission,
        params: tokenParams,
        answers: { 200: format === "pdf" ? "application/pdf" : "application/json" },
        handle: async (request) => sendFile(kernel, await byLink(kernel, request, format)),
      }),
    ),
  ];
}

/** The link names one delivery, and that one certificate: nothing the caller sends chooses another. */
function byLink(kernel: Kernel, request: RouteRequest<{ token: string }>, format: Format) {
  return kernel.door.work(linkOf(request), deliverPermission, async (tx) => {
    const delivery = await deliveryOf(tx);
    const open = await openFile(kernel, tx, delivery.certificate_id, format);
    await opened(tx, delivery.id, format);
    return open;
  });
}

function linkOf(request: RouteRequest<{ token: string }>) {
  return { kind: "link", token: request.params.token, source: request.source } as const;
}

async function opened(tx: Tx, id: string, what: string): Promise<void> {
  await tx.record({ action: "lab.delivery.open", record: "lab.delivery", rowId: id, fields: { what } });
}
