import { BlockList, isIP } from "node:net";
import { Type } from "typebox";
import { defineRoute, type Route } from "../http/route.ts";
import type { Kernel } from "../kernel.ts";
import { memberNames } from "../tenancy/lookup.ts";
import { policyProblem } from "./error.ts";
import { fitsPolicy, isPolicyName } from "./policy.ts";
import { changePolicy, policiesInForce } from "./store.ts";

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
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const items = await kernel.door.work(request.credential, read, async (tx) => {
          const names = await memberNames(tx);
          kernel.access.read(tx.who, read, request.source, "kernel.policy_value");
          return (await policiesInForce(tx)).map((each) => ({
            ...each,
            changedBy: each.changedBy === null ? null : { id: each.changedBy, name: names.get(each.changedBy) ?? null },
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
        { value: Type.Unknown(), reason: Type.String({ minLength: 1, maxLength: 500 }) },
        { additionalProperties: false },
      ),
      answers: { 200: Type.Object({ name: Type.String(), version: Type.Integer() }) },
      handle: async (request) => {
        const { name } = request.params;
        const { value, reason } = request.body;
        if (!isPolicyName(name)) throw policyProblem.unknown();
        if (
          name === "access.allowedNetworks" &&
          fitsPolicy(name, value) &&
          value.length > 0 &&
          !holds(value, request.source.address)
        ) {
          throw policyProblem.locks_you_out();
        }
        const version = await kernel.door.work(request.credential, change, (tx) =>
          changePolicy(tx, name, value, request.version, reason),
        );
        return { body: { name, version }, headers: { etag: `"${version}"` } };
      },
    }),
  ];
}

function holds(networks: readonly string[], address: string | null): boolean {
  if (address === null) return false;
  const list = new BlockList();
  for (const network of networks) {
    const [start = "", bits = ""] = network.split("/");
    const family = isIP(start);
    if (family === 0 || Number(bits) > (family === 4 ? 32 : 128))
      throw policyProblem.value_outside({ values: { name: network.slice(0, 50) } });
    list.addSubnet(start, Number(bits), family === 4 ? "ipv4" : "ipv6");
  }
  return list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}
