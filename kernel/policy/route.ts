import { Type } from "typebox";
import { defineRoute, type Route } from "../http/route.ts";
import { holdsAddress, isNetwork } from "../http/network.ts";
import type { Kernel } from "../kernel.ts";
import { memberNames } from "../tenancy/lookup.ts";
import { checkOwnFactor } from "../identity/own-factor.ts";
import { spendStepUp } from "../identity/step-up.ts";
import { policyProblem } from "./error.ts";
import { instancePolicies } from "./instance.ts";
import { fitsPolicy, isPolicyName } from "./policy.ts";
import { changePolicy, policiesInForce, policyHistory } from "./store.ts";

const read = "kernel.policy.read";
const change = "kernel.policy.change";

/** The numbers in force, and their change: with the version seen, a value within bounds and a reason. */
export function policyRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/policy",
      summary: "Every policy of the workspace with its value in force",
      tag: "policy",
      permission: read,
      answers: {
        200: Type.Object({
          items: Type.Array(Type.Unknown()),
          /** What the operator set for every workspace here. */
          instance: Type.Array(Type.Unknown()),
          from: Type.Union([Type.String(), Type.Null()]),
        }),
      },
      handle: async (request) => {
        const items = await kernel.door.work(request.credential, read, async (tx) => {
          const names = await memberNames(tx);
          kernel.access.read(tx.who, read, request.source, "kernel.policy_value");
          return (await policiesInForce(tx)).map((each) => ({
            ...each,
            changedBy: each.changedBy === null ? null : { id: each.changedBy, name: names.get(each.changedBy) ?? null },
          }));
        });
        return { body: { items, instance: instanceLimits(kernel), from: request.source.address } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/policy/{name}/history",
      summary: "Every version of one policy: what it was, what it became, who changed it and why",
      tag: "policy",
      permission: read,
      params: Type.Object({ name: Type.String({ maxLength: 60 }) }),
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const { name } = request.params;
        const items = await kernel.door.work(request.credential, read, async (tx) => {
          if (!isPolicyName(name)) throw policyProblem.unknown();
          const names = await memberNames(tx);
          kernel.access.read(tx.who, read, request.source, "kernel.policy_value");
          return (await policyHistory(tx, name)).map((each) => ({
            ...each,
            by: { id: each.by, name: names.get(each.by) ?? null },
          }));
        });
        return { body: { items } };
      },
    }),
    defineRoute({
      method: "PUT",
      path: "/api/policy/{name}",
      summary: "Change one policy",
      tag: "policy",
      permission: change,
      params: Type.Object({ name: Type.String({ maxLength: 60 }) }),
      body: Type.Object(
        {
          value: Type.Unknown(),
          reason: Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" }),
          /** Said by who wants a list of networks that does not hold their own address. */
          lockMyselfOut: Type.Optional(Type.Boolean()),
        },
        { additionalProperties: false },
      ),
      answers: { 200: Type.Object({ name: Type.String(), version: Type.Integer() }) },
      handle: async (request) => {
        const { name } = request.params;
        const { value, reason } = request.body;
        if (!isPolicyName(name)) throw policyProblem.unknown();
        if (name === "access.allowedNetworks" && fitsPolicy(name, value)) {
          const wrong = value.find((network) => !isNetwork(network));
          if (wrong !== undefined) throw policyProblem.value_outside({ values: { name: wrong } });
          const { address } = request.source;
          const locksOut = value.length > 0 && (address === null || !holdsAddress(value, address));
          if (locksOut && request.body.lockMyselfOut !== true) throw policyProblem.locks_you_out();
        }
        // Read before the door is entered: a call without it is refused before its proof is used up.
        const seen = request.version;
        const version = await kernel.door.work(request.credential, change, async (tx) => {
          if (name === "identity.mfaRequired" && value === true) await checkOwnFactor(tx);
          await spendStepUp(tx, request.raw, { action: change, subject: name });
          return changePolicy(tx, name, value, seen, reason);
        });
        return { body: { name, version }, headers: { etag: `"${version}"` } };
      },
    }),
  ];
}

/** Limits of who is nobody yet: they are the instance's, and shown beside the workspace's own with who set them, and why. */
function instanceLimits({ accountLimits }: Pick<Kernel, "accountLimits">) {
  return accountLimits.policies().map(({ name, value, ceiling, ...changed }) => ({
    name,
    ...instancePolicies[name],
    value: `${value.attempts} in ${value.windowMinutes} minutes`,
    configured: `${ceiling.attempts} in ${ceiling.windowMinutes} minutes`,
    ...changed,
  }));
}
