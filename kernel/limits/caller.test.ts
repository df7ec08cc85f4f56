import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHttpServer } from "../http/server.ts";
import { openIdentity } from "../identity/identity.ts";
import { peopleRoutes } from "../identity/people-route.ts";
import { jobRoutes } from "../jobs/route.ts";
import { policyRoutes } from "../policy/route.ts";
import { changePolicy } from "../policy/store.ts";
import { ampleBudgets } from "../testing/server.ts";
import { grantFor } from "../testing/step-up.ts";
import { issueTestKey, openTestKernel, type TestKernel, type TestPerson } from "../testing/kernel.ts";
import { asDoor } from "../testing/record-suite.ts";
import { BudgetSpender, type Budget } from "./budget.ts";
import { CallerLimits, lookUps, workspaceShare } from "./caller.ts";

let kernel: TestKernel;
const servers: { inject: Awaited<ReturnType<typeof serve>>["inject"]; close: () => Promise<unknown> }[] = [];
const hour = (name: string, limit: number): Budget => ({ name, limit, windowSeconds: 3600, block: 10 });

beforeAll(async () => {
  kernel = await openTestKernel({ poolSize: 8 });
});
afterAll(async () => {
  for (const server of servers) await server.close();
  await kernel?.close();
});

/** One instance of several on the same database. */
async function serve(budgets = ampleBudgets, trustedProxies: string[] = []) {
  const origin = "http://localhost";
  const routes = [
    ...jobRoutes(kernel),
    ...policyRoutes(kernel),
    ...peopleRoutes(openIdentity(kernel, { url: origin }), { origin }),
  ];
  const http = await createHttpServer(routes, new BudgetSpender(kernel.door), {
    origin,
    trustedProxies,
    maxUploadBytes: 1000,
    budgets,
    policyLimits: true,
    logger: pino({ level: "silent" }),
  });
  servers.push(http);
  return http;
}

/** A workspace whose window is long enough to count in: `limit` calls in as many seconds. */
async function space(slug: string, limit: number): Promise<TestPerson> {
  const owner = await kernel.addPerson(await kernel.foundWorkspace(slug), "owner");
  await kernel.door.work(owner.session, "kernel.policy.change", async (tx) => {
    await changePolicy(tx, "limit.apiPerSecond", 1, 0, "Test");
    await changePolicy(tx, "limit.apiBurst", limit, 0, "Test");
  });
  return owner;
}
const cookie = (person: TestPerson) => ({
  cookie: `probity-session=${person.session.token}`,
  "probity-workspace": person.session.workspace ?? "",
});
const passed = (answers: readonly { statusCode: number }[]) => answers.filter((each) => each.statusCode === 200).length;

describe("APP-02 limits by policy, per person, workspace and address, shared between instances", () => {
  test("two instances on one database let the limit through together and not one more, and lose one block each at most", async () => {
    const shared = { ...ampleBudgets, api: { ...ampleBudgets.api, block: 10 } };
    const instances = [await serve(shared), await serve(shared)];
    const limit = 900;
    const owner = await space("shared", limit);
    // A fixed window may end under the count: what two windows let through is no fault.
    const windows = async () => (await asDoor({ kernel }, "select from kernel.budget where name = 'api'")).length;
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, index) =>
        instances[index % 2]?.inject({ url: "/api/jobs", headers: cookie(owner) }),
      ),
    );
    const through = passed(answers.filter((each) => each !== undefined));
    const counted = await windows();
    expect(through).toBeLessThanOrEqual(limit * counted);
    expect(through).toBeGreaterThanOrEqual(limit - 10);
    const refused = answers.find((each) => each?.statusCode === 429);
    if (counted === 1) {
      expect(refused?.headers["retry-after"]).toMatch(/^[1-9]\d*$/);
      expect(refused?.headers["ratelimit-policy"]).toBe(`"api";q=${limit};w=${limit}`);
      expect(refused?.headers["ratelimit"]).toMatch(/^"api";r=0;t=[1-9]\d*$/);
    }
  });

  test("another person, another workspace and a key have budgets of their own; tokens nobody knows share the address's", async () => {
    const http = await serve({ ...ampleBudgets, api: hour("api", 5) });
    const owner = await space("own", 1000);
    const key = await issueTestKey(kernel, owner, { permissions: ["kernel.job.read"] });
    const call = (headers: Record<string, string>) => http.inject({ url: "/api/jobs", headers });
    const made = (index: number) => call({ authorization: `Bearer pk_${"x".repeat(40)}${index}` });
    const unknown = await Promise.all(Array.from({ length: 30 }, (_, index) => made(index)));
    expect(unknown.filter((each) => each.statusCode === 401)).toHaveLength(5);
    expect(unknown.filter((each) => each.statusCode === 429)).toHaveLength(25);
    expect((await call(cookie(owner))).statusCode).toBe(200);
    expect((await call({ authorization: `Bearer ${key}` })).statusCode).toBe(200);
    const sources = await asDoor({ kernel }, "select distinct source from kernel.budget where name = 'api'");
    expect(sources.map((row) => row["source"])).toContain(owner.membershipId);
  });

  test("a token nobody has costs no look-up once its address has used its budget; one that somebody has gives it back", async () => {
    const owner = await space("looked", 1000);
    let asked = 0;
    const door = {
      callFunction: (call: Parameters<typeof kernel.door.callFunction>[0]) => {
        asked += call.sql.includes("caller_limits") ? 1 : 0;
        return kernel.door.callFunction(call);
      },
    };
    const limits = new CallerLimits(door, new BudgetSpender(kernel.door));
    const spend = (token: string) =>
      limits.spend("api", { token, workspace: undefined, network: "192.0.2.1" }, hour("looked-up", 1000));
    const made = await Promise.allSettled(Array.from({ length: 600 }, (_, index) => spend(`made-up-${index}`)));
    // A window may end under the count.
    expect(asked).toBeLessThanOrEqual(2 * lookUps.limit);
    expect(made.filter(({ status }) => status === "fulfilled")).toHaveLength(asked);
    const before = asked;
    const spender = new BudgetSpender(kernel.door);
    const key = await issueTestKey(kernel, owner, { permissions: ["kernel.job.read"] });
    const call = { token: key, workspace: undefined, network: "192.0.2.9" };
    const times = 2 * lookUps.limit + 10;
    for (let each = 0; each < times; each += 1)
      await new CallerLimits(door, spender).spend("upload", call, hour("given-back", 1000));
    expect(asked).toBe(before + times);
  });

  test("what changes a bill has a budget of its own: used up, it stops nothing else", async () => {
    const http = await serve({ ...ampleBudgets, billing: { ...ampleBudgets.billing, limit: 10 } });
    const owner = await space("billed", 1000);
    await kernel.door.work(owner.session, "kernel.policy.change", (tx) =>
      changePolicy(tx, "limit.billingPerHour", 2, 0, "Test"),
    );
    const invite = async (index: number) =>
      http.inject({
        method: "POST",
        url: "/api/people/invitations",
        headers: { ...cookie(owner), "probity-request": "1" },
        payload: { email: `seat${index}@example.test`, role: "member" },
      });
    const answers = [];
    for (let index = 0; index < 5; index += 1) answers.push(await invite(index));
    // An hour may end under the count.
    expect([2, 4]).toContain(answers.filter((each) => each.statusCode === 201).length);
    const refused = answers.find((each) => each.statusCode !== 201);
    expect([refused?.statusCode, refused?.headers["ratelimit-policy"]]).toEqual([429, '"billing";q=2;w=3600']);
    for (const url of ["/api/jobs", "/api/people"])
      expect((await http.inject({ url, headers: cookie(owner) })).statusCode).toBe(200);
  });

  test("all of a workspace together are stopped at its share, however many keys they make", async () => {
    const http = await serve();
    const owner = await space("crowd", 3);
    const keys = await Promise.all(
      Array.from({ length: workspaceShare + 5 }, () =>
        issueTestKey(kernel, owner, { permissions: ["kernel.job.read"] }),
      ),
    );
    const before = Date.now();
    const answers = await Promise.all(
      keys.flatMap((key) =>
        [1, 2, 3].map(() => http.inject({ url: "/api/jobs", headers: { authorization: `Bearer ${key}` } })),
      ),
    );
    const windows = Math.ceil((Date.now() - before) / 3000) + 1;
    expect(passed(answers)).toBeLessThanOrEqual(3 * workspaceShare * windows);
    const rows = await asDoor(
      { kernel },
      "select max(used) as used from kernel.budget where name = 'workspace-api' and source = $1",
      [owner.session.workspace],
    );
    expect(Number(rows[0]?.["used"])).toBeGreaterThan(0);
  });
});

describe("APP-02 ACC-02 the address a call comes from can't be made up", () => {
  const from = async (
    http: Awaited<ReturnType<typeof serve>>,
    remoteAddress: string,
    forwarded: string,
    headers: Record<string, string>,
  ) => http.inject({ url: "/api/jobs", remoteAddress, headers: { ...headers, "x-forwarded-for": forwarded } });

  test("X-Forwarded-For counts from a listed proxy alone, and only its own last hop", async () => {
    const direct = await serve();
    const proxied = await serve(ampleBudgets, ["10.0.0.0/8"]);
    const owner = await kernel.addPerson(await kernel.foundWorkspace("fenced"), "owner");
    await kernel.door.work(owner.session, "kernel.policy.change", (tx) =>
      changePolicy(tx, "access.allowedNetworks", ["127.0.0.0/8", "198.51.100.0/24"], 0, "Office"),
    );
    const own = cookie(owner);
    const key = { authorization: `Bearer ${await issueTestKey(kernel, owner, { permissions: ["kernel.job.read"] })}` };
    for (const headers of [own, key]) {
      // From nowhere near: whatever it says of itself.
      expect((await from(direct, "203.0.113.9", "198.51.100.7", headers)).statusCode).toBe(403);
      expect((await from(proxied, "203.0.113.9", "198.51.100.7", headers)).statusCode).toBe(403);
      // Through the proxy: the address the proxy saw, which is the last one; what stands before is the caller's word.
      expect((await from(proxied, "10.0.0.5", "198.51.100.7", headers)).statusCode).toBe(200);
      expect((await from(proxied, "10.0.0.5", "198.51.100.7, 203.0.113.9", headers)).statusCode).toBe(403);
      expect((await from(proxied, "10.0.0.5", "203.0.113.9, 198.51.100.7", headers)).statusCode).toBe(200);
      expect((await from(proxied, "10.0.0.5", "203.0.113.9, 198.51.100.7, 10.0.0.6", headers)).statusCode).toBe(200);
    }
    // An IPv4 address that came through an IPv6 socket is that IPv4 address.
    expect((await from(direct, "::ffff:127.0.0.1", "x", own)).statusCode).toBe(200);
    expect((await from(direct, "::ffff:203.0.113.9", "x", own)).statusCode).toBe(403);
    expect((await from(proxied, "::ffff:10.0.0.5", "198.51.100.7", own)).statusCode).toBe(200);
    expect((await from(proxied, "10.0.0.5", "::ffff:198.51.100.7", own)).statusCode).toBe(200);
  });

  test("a list of networks counts from the next call on, and nobody shuts themselves out by mistake", async () => {
    const http = await serve();
    const owner = await kernel.addPerson(await kernel.foundWorkspace("careful"), "owner");
    const workspace = owner.session.workspace ?? null;
    const act = { action: "kernel.policy.change", subject: "access.allowedNetworks", workspace };
    const put = async (value: string[], more: object = {}, version = 0) =>
      http.inject({
        method: "PUT",
        url: "/api/policy/access.allowedNetworks",
        remoteAddress: "198.51.100.7",
        headers: {
          ...cookie(owner),
          "probity-request": "1",
          "if-match": `"${version}"`,
          "step-up": await grantFor(kernel, owner.session.token, act),
        },
        payload: { value, reason: "Office", ...more },
      });
    expect((await put(["203.0.113.0/24"])).json()).toMatchObject({ code: "policy.locks_you_out" });
    for (const wrong of ["198.51.100.7/24", "198.51.100.0/33"])
      expect([wrong, (await put([wrong])).statusCode]).toEqual([wrong, 422]);
    const call = () => http.inject({ url: "/api/jobs", remoteAddress: "198.51.100.7", headers: cookie(owner) });
    expect((await call()).statusCode).toBe(200);
    expect((await put(["203.0.113.0/24"], { lockMyselfOut: true })).statusCode).toBe(200);
    expect((await call()).statusCode).toBe(403);
  });

  test("of IPv6 a /64 is one source: a host that owns it has no budget for each of its addresses", async () => {
    const http = await serve({ ...ampleBudgets, api: hour("api", 4) });
    const call = (address: string) => http.inject({ url: "/api/jobs", remoteAddress: address });
    const answers = [];
    for (let host = 1; host <= 8; host += 1) answers.push(await call(`2001:db8:1:2::${host.toString(16)}`));
    expect(answers.filter((each) => each.statusCode === 429)).toHaveLength(4);
    expect((await call("2001:db8:1:3::1")).statusCode).toBe(401);
  });
});
