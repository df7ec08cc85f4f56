import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultAccountLimits } from "../limits/account-limit.ts";
import { openIdentity } from "../identity/identity.ts";
import { signIn } from "../identity/sign-in.ts";
import { asDoor } from "../testing/record-suite.ts";
import { openTestServer, type TestServer } from "../testing/server.ts";
import type { TestPerson } from "../testing/kernel.ts";
import { instanceTenantId } from "../work/credential.ts";
import { query } from "../work/query.ts";
import { changeInstancePolicy, InstanceLimits, instancePolicyHistory } from "./instance.ts";

let server: TestServer;
let owner: TestPerson;
beforeAll(async () => {
  server = await openTestServer([]);
  owner = await server.member(await server.kernel.foundWorkspace("acme"), "owner");
});
afterAll(() => server?.close());

const set = (attempts: number, windowMinutes: number, version: number, reason = "More guesses were seen") =>
  changeInstancePolicy(server.kernel, {
    name: "signIn",
    value: { attempts, windowMinutes },
    version,
    reason,
    by: "ana@host",
  });
const shown = async () => {
  const { body } = await server.as(owner)("GET", "/api/policy");
  const items: unknown[] = Array.isArray(body["instance"]) ? body["instance"] : [];
  return items[0];
};
/** How many wrong passwords for one address are looked at before the pause. */
async function lookedAt(email: string): Promise<number> {
  const identity = openIdentity(server.kernel, { url: "http://localhost" });
  const source = { address: `192.0.2.${email.length}`, requestId: "test" };
  const tries = await Promise.allSettled(
    Array.from({ length: 7 }, () => signIn(identity, { email, password: "no such words", source, userAgent: null })),
  );
  return tries.filter((each) => each.status === "rejected" && each.reason.code === "identity.sign_in_refused").length;
}

describe("IDN-05 IDN-06 limits before sign-in are the instance's policy", () => {
  test("what is set is in force, versioned, in the instance's log, and shown with who, when and why", async () => {
    expect(await shown()).toMatchObject({ value: "5 in 15 minutes", version: 0, changedBy: null });
    expect(await lookedAt("one@example.test")).toBe(5);
    expect(await set(3, 20, 0)).toBe(1);
    expect(await lookedAt("eleven@example.test")).toBe(3);
    expect(await shown()).toMatchObject({
      name: "signIn",
      value: "3 in 20 minutes",
      configured: "5 in 15 minutes",
      configuredBy: "PROBITY_SIGN_IN_LIMIT",
      version: 1,
      changedBy: "ana@host",
      reason: "More guesses were seen",
      changedAt: expect.any(String),
    });
    expect(await set(2, 20, 1, "And more")).toBe(2);
    const history = await instancePolicyHistory(server.kernel, "signIn");
    expect(history.map(({ version, value, by, reason }) => [version, value, by, reason])).toEqual([
      [2, "2 in 20 minutes", "ana@host", "And more"],
      [1, "3 in 20 minutes", "ana@host", "More guesses were seen"],
    ]);
    const leaves = await asDoor(
      server,
      `select count(*)::int as n from (select action, tenant_id from kernel.ledger_inbox union all select action, tenant_id from kernel.ledger_event) l
       where l.action = 'kernel.instance_policy.change' and l.tenant_id = $1`,
      [instanceTenantId],
    );
    expect(leaves[0]?.["n"]).toBe(2);
  });

  test("another server takes it over while it runs; one whose configuration is stricter keeps its own", async () => {
    const { version } = server.kernel.accountLimits.policy("signIn");
    const second = new InstanceLimits(defaultAccountLimits);
    const strict = new InstanceLimits({ ...defaultAccountLimits, signIn: { attempts: 1, windowMinutes: 60 } });
    const problems: unknown[] = [];
    const following = await second.follow(server.kernel, (error) => problems.push(error), 50);
    await set(4, 30, version);
    for (let tries = 0; second.signIn.attempts !== 4 && tries < 400; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 25));
    following.stop();
    expect([second.signIn, problems]).toEqual([{ attempts: 4, windowMinutes: 30 }, []]);
    await strict.refresh(server.kernel);
    expect(strict.signIn).toEqual({ attempts: 1, windowMinutes: 60 });
  });

  test("nothing laxer than configured, nothing without a reason, and no change over another's", async () => {
    const { version, value } = server.kernel.accountLimits.policy("signIn");
    for (const [attempts, minutes] of [
      [6, 15],
      [5, 14],
      [0, 15],
      [5, 1441],
      [1.5, 15],
    ] as const)
      await expect(set(attempts, minutes, version)).rejects.toMatchObject({ code: "policy.laxer_than_configured" });
    await expect(set(3, 15, version - 1)).rejects.toMatchObject({ code: "kernel.stale" });
    await expect(set(3, 15, version, "  ")).rejects.toThrow(/reason_says_something/);
    await server.kernel.accountLimits.refresh(server.kernel);
    expect(server.kernel.accountLimits.policy("signIn")).toMatchObject({ version, value });
  });

  test("no workspace plants one, in its own place or in the instance's; the server writes it entered for that alone", async () => {
    const plant = (
      credential: TestPerson["session"] | ReturnType<typeof server.kernel.system>,
      permission: string,
      tenant?: string,
    ) =>
      server.kernel.door.work(credential, permission, async (tx) => {
        const id = "01a200e1-f843-740a-9086-0ff0df42fa9f";
        await tx.record({ action: "kernel.policy.change", record: "kernel.policy_value", rowId: id, version: 1 });
        const value = JSON.stringify({ attempts: 1000, windowMinutes: 1, by: "x" });
        await tx.all(
          query
            .insertInto("kernel.policy_value")
            .values({ id, name: "instance.registration", value, reason: "x", ...(tenant && { tenant_id: tenant }) }),
        );
      });
    await expect(plant(owner.session, "kernel.policy.change")).rejects.toMatchObject({
      code: "kernel.permission_missing",
    });
    await expect(plant(owner.session, "kernel.policy.change", instanceTenantId)).rejects.toThrow();
    await expect(plant(server.kernel.system(instanceTenantId), "kernel.session.note")).rejects.toThrow();
    const put = await server.as(owner)("PUT", "/api/policy/instance.signIn", {
      body: { value: { attempts: 9, windowMinutes: 1 }, reason: "x" },
      version: 0,
    });
    expect(put.status).toBe(404);
  });
});
