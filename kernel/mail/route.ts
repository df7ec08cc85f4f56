import { Type } from "typebox";
import { defineRoute, type Route } from "../http/route.ts";
import type { Identity } from "../identity/identity.ts";
import { spendStepUp } from "../identity/step-up.ts";
import { listOutbox, openOutbox } from "./outbox.ts";

const read = "kernel.outbox.read";
const open = "kernel.outbox.open";

/** The outbox: what was mailed, and, without a mail server, the links to hand on. */
export function outboxRoutes({ kernel, post, site }: Identity): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/outbox",
      summary: "Mails of the workspace and to its people",
      tag: "outbox",
      permission: read,
      answers: { 200: Type.Object({ sends: Type.Boolean(), items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const items = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "identity.mail");
          return listOutbox(tx, post);
        });
        return { body: { sends: site.sendsMail, items } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/outbox/{id}/open",
      summary: "Open a kept mail with its link",
      tag: "outbox",
      permission: open,
      params: Type.Object({ id: Type.String({ format: "uuid" }) }),
      answers: { 200: Type.Object({ to: Type.String(), subject: Type.String(), text: Type.String() }) },
      handle: async (request) => ({
        body: await kernel.door.work(request.credential, open, async (tx) => {
          const { id } = request.params;
          await spendStepUp(tx, request.raw, { action: open, subject: id });
          return openOutbox(tx, post, id);
        }),
      }),
    }),
  ];
}
