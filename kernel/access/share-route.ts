import { Type } from "typebox";
import { defineRoute, type Route } from "../http/route.ts";
import type { Kernel } from "../kernel.ts";
import { setSharing, sharingOf } from "./share.ts";

const read = "kernel.share.read";
const change = "kernel.share.change";
const params = Type.Object({
  record: Type.String({ pattern: "^[a-z][a-z_]{0,39}\\.[a-z][a-z_]{0,39}$" }),
  id: Type.String({ format: "uuid" }),
});

/** Who sees a record with an owner, and the owner's word on it (TEN-06). */
export function shareRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/shares/{record}/{id}",
      summary: "Who sees a record: its owner and those it is shared with",
      tag: "access",
      permission: read,
      params,
      answers: {
        200: Type.Object({
          owner: Type.Unknown(),
          yours: Type.Boolean(),
          policy: Type.String(),
          members: Type.Array(Type.Unknown()),
        }),
      },
      handle: async (request) => {
        const { record, id } = request.params;
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          const sharing = await sharingOf(tx, record, id);
          kernel.access.read(tx.who, read, request.source, record, id);
          return sharing;
        });
        return { body };
      },
    }),
    defineRoute({
      method: "PUT",
      path: "/api/shares/{record}/{id}",
      summary: "Share a record with exactly these members",
      tag: "access",
      permission: change,
      params,
      body: Type.Object(
        { members: Type.Array(Type.String({ format: "uuid" }), { maxItems: 500 }) },
        { additionalProperties: false },
      ),
      answers: { 204: "" },
      handle: async (request) => {
        const { record, id } = request.params;
        await kernel.door.work(request.credential, change, (tx) => setSharing(tx, record, id, request.body.members));
        return { status: 204 };
      },
    }),
  ];
}
