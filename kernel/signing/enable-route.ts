import { Type } from "typebox";
import { defineRoute, type Route } from "../http/route.ts";
import type { Identity } from "../identity/identity.ts";
import { spendStepUp } from "../identity/step-up.ts";
import { query } from "../work/query.ts";
import {
  acknowledgeSigning,
  acknowledgementText,
  listSigners,
  revokeSigner,
  verificationMethods,
  verifySigner,
} from "./enable.ts";
import { signingProblem } from "./error.ts";
import { signerStanding } from "./standing.ts";

const only = { additionalProperties: false };
const verify = "kernel.signing.verify";
const own = "kernel.signing.own";
const memberParams = Type.Object({ id: Type.String({ format: "uuid" }) });
const reason = Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" });

/** Who may sign: verified by somebody else, acknowledged by the person, taken back, reinstated after wrong tries. */
export function signerRoutes(identity: Identity): Route[] {
  const { kernel } = identity;
  return [
    defineRoute({
      method: "GET",
      path: "/api/signing/me",
      summary: "Whether you may sign, and what you take as binding before you do",
      tag: "signing",
      permission: own,
      answers: { 200: Type.Object({ status: Type.String(), text: Type.String() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, own, async (tx) => {
          const standing = await signerStanding(tx);
          kernel.access.read(tx.who, own, request.source, "kernel.signer");
          return { ...standing, text: acknowledgementText };
        });
        return { body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/signing/acknowledge",
      summary: "Take your electronic signature as binding as the one by hand",
      tag: "signing",
      permission: own,
      answers: { 204: "" },
      handle: async (request) => {
        await kernel.door.work(request.credential, own, (tx) => acknowledgeSigning(tx, request.raw));
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/signing/signers",
      summary: "Every member, and how far they are from signing",
      tag: "signing",
      permission: verify,
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const items = await kernel.door.work(request.credential, verify, async (tx) => {
          kernel.access.read(tx.who, verify, request.source, "kernel.signer");
          return listSigners(identity, tx);
        });
        return { body: { items } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/signing/signers/{id}/verify",
      summary: "Record that you verified who this member is",
      tag: "signing",
      permission: verify,
      params: memberParams,
      body: Type.Object(
        {
          printedName: Type.String({ minLength: 1, maxLength: 120, pattern: "\\S" }),
          method: Type.Union(verificationMethods.map((each) => Type.Literal(each))),
          evidence: Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" }),
        },
        only,
      ),
      answers: { 201: Type.Object({ id: Type.String() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, verify, (tx) =>
          verifySigner(tx, request.raw, { membershipId: request.params.id, ...request.body }),
        );
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/signing/signers/{id}/revoke",
      summary: "Take a member's signing back; earlier signatures stand",
      tag: "signing",
      permission: verify,
      params: memberParams,
      body: Type.Object({ reason }, only),
      answers: { 204: "" },
      handle: async (request) => {
        await kernel.door.work(request.credential, verify, (tx) =>
          revokeSigner(tx, request.raw, request.params.id, request.body.reason),
        );
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/signing/signers/{id}/reinstate",
      summary: "Let a member sign again after wrong tries",
      tag: "signing",
      permission: verify,
      params: memberParams,
      body: Type.Object({ reason }, only),
      answers: { 204: "" },
      handle: async (request) => {
        const { id } = request.params;
        const { userId, tenantId } = await kernel.door.work(request.credential, verify, async (tx) => {
          const member = await tx.first(
            query
              .selectFrom("kernel.membership")
              .select("user_id")
              .where("id", "=", id)
              .where("deleted_at", "is", null),
          );
          if (member === undefined || id === tx.who.actorId) throw signingProblem.signer_unknown();
          await spendStepUp(tx, request.raw, { action: "kernel.signing.reinstate", subject: id });
          await tx.record({
            action: "kernel.signing.reinstate",
            record: "kernel.membership",
            rowId: id,
            fields: { reason: request.body.reason },
          });
          return { userId: member.user_id, tenantId: tx.who.tenantId };
        });
        await kernel.identityPool.query("delete from identity.signing_guard where tenant_id = $1 and user_id = $2", [
          tenantId,
          userId,
        ]);
        return { status: 204 };
      },
    }),
  ];
}
