import { Type } from "typebox";
import { defineRoute, type Route } from "../http/route.ts";
import { isNetwork } from "../http/network.ts";
import type { Kernel } from "../kernel.ts";
import { policyValue } from "../policy/store.ts";
import { limitable, listKeys, makeOwnKey, permissionsOf, revokeKey } from "./api-key.ts";
import { identityProblem } from "./error.ts";
import { spendStepUp } from "./step-up.ts";

const own = "kernel.key.change";
const all = "kernel.key.manage";
const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });
const keyList = Type.Object({ items: Type.Array(Type.Unknown()) });

/** API keys: one's own, made and shown once, and everybody's for those who look after them (IDN-09). */
export function keyRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/keys",
      summary: "One's own API keys, ended ones too, and what a new one may do",
      tag: "keys",
      permission: own,
      answers: {
        200: Type.Object({
          items: Type.Array(Type.Unknown()),
          permissions: Type.Array(Type.String()),
          maxDays: Type.Integer(),
          limits: Type.Object({ apps: Type.Array(Type.String()), records: Type.Array(Type.Unknown()) }),
        }),
      },
      handle: async (request) => ({
        body: await kernel.door.work(request.credential, own, async (tx) => {
          kernel.access.read(tx.who, own, request.source, "kernel.api_key");
          return {
            items: await listKeys(tx, "own"),
            permissions: (await permissionsOf(tx, tx.who.actorId)).toSorted(),
            maxDays: await policyValue(tx, "key.maxDays"),
            limits: await limitable(tx),
          };
        }),
      }),
    }),
    defineRoute({
      method: "POST",
      path: "/api/keys",
      summary: "Make an API key of one's own; its secret is in this answer and nowhere else",
      tag: "keys",
      permission: own,
      body: Type.Object(
        {
          name: Type.String({ minLength: 1, maxLength: 100 }),
          permissions: Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { minItems: 1, maxItems: 300 }),
          days: Type.Integer({ minimum: 1, maximum: 365 }),
          networks: Type.Optional(Type.Array(Type.String({ maxLength: 43 }), { maxItems: 50 })),
          limit: Type.Optional(
            Type.Object(
              {
                members: Type.Array(Type.String({ format: "uuid" }), { maxItems: 100 }),
                records: Type.Array(Type.String({ format: "uuid" }), { maxItems: 500 }),
              },
              { additionalProperties: false },
            ),
          ),
        },
        { additionalProperties: false },
      ),
      answers: { 201: Type.Object({ id: Type.String(), token: Type.String(), expiresAt: Type.String() }) },
      handle: async (request) => {
        const { name, permissions, days, networks = [], limit } = request.body;
        const wrong = networks.find((network) => !isNetwork(network));
        if (wrong !== undefined) throw identityProblem.network_unreadable({ values: { network: wrong } });
        const made = await kernel.door.work(request.credential, own, async (tx) => {
          const maxDays = await policyValue(tx, "key.maxDays");
          const key = await makeOwnKey(tx, { name, permissions, days, networks, maxDays, limit });
          await spendStepUp(tx, request.raw, { action: "kernel.api_key.create", subject: name });
          return key;
        });
        return { status: 201, body: made };
      },
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/keys/{id}",
      summary: "Revoke one of one's own API keys; tokens made from it end with it",
      tag: "keys",
      permission: own,
      params: idParams,
      answers: { 204: "" },
      handle: async (request) => {
        await kernel.door.work(request.credential, own, (tx) => revokeKey(tx, request.params.id, "own"));
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/keys/all",
      summary: "Everybody's API keys, ended ones too",
      tag: "keys",
      permission: all,
      answers: { 200: keyList },
      handle: async (request) => ({
        body: await kernel.door.work(request.credential, all, async (tx) => {
          kernel.access.read(tx.who, all, request.source, "kernel.api_key");
          return { items: await listKeys(tx, "all") };
        }),
      }),
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/keys/all/{id}",
      summary: "Revoke anybody's API key; tokens made from it end with it",
      tag: "keys",
      permission: all,
      params: idParams,
      answers: { 204: "" },
      handle: async (request) => {
        await kernel.door.work(request.credential, all, (tx) => revokeKey(tx, request.params.id, "all"));
        return { status: 204 };
      },
    }),
  ];
}
