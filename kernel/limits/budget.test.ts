import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestKernel, type TestKernel } from "../testing/kernel.ts";
import { ampleBudgets, openTestServer } from "../testing/server.ts";
import { asDoor } from "../testing/record-suite.ts";
import { BudgetSpender, type Budget } from "./budget.ts";

let kernel: TestKernel;
beforeAll(async () => {
  kernel = await openTestKernel();
});
afterAll(() => kernel?.close());

const budget = (name: string, limit: number, block: number): Budget => ({ name, limit, windowSeconds: 3600, block });
const passed = async (spender: BudgetSpender, wanted: Budget, source: string, calls: number) =>
  (await Promise.allSettled(Array.from({ length: calls }, () => spender.spend(wanted, source)))).filter(
    ({ status }) => status === "fulfilled",
  ).length;

test("APP-02 a budget lets its limit through and not one more, also when all come at once", async () => {
  const spender = new BudgetSpender(kernel.door);
  expect(await passed(spender, budget("one", 7, 1), "a", 30)).toBe(7);
  expect(await passed(spender, budget("blocks", 20, 8), "a", 50)).toBe(20);
  expect(await passed(spender, budget("one", 7, 1), "b", 3)).toBe(3);
  await expect(spender.spend(budget("one", 7, 1), "a")).rejects.toMatchObject({
    status: 429,
    headers: { "retry-after": expect.stringMatching(/^[1-9]\d*$/) },
  });
});

test("APP-02 several instances share it", async () => {
  const spenders = [new BudgetSpender(kernel.door), new BudgetSpender(kernel.door), new BudgetSpender(kernel.door)];
  const counts = await Promise.all(spenders.map((each) => passed(each, budget("shared", 10, 1), "a", 10)));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(10);
});

test("APP-02 counting a caller keeps neither a session's token nor a key", async () => {
  const server = await openTestServer([], { budgets: { ...ampleBudgets, api: budget("api", 1_000, 1) } });
  try {
    const person = await server.member(await server.kernel.foundWorkspace("acme"), "owner");
    await server.as(person)("GET", "/api/jobs");
    await (
      await server.withKey(person, ["kernel.job.read"])
    )("GET", "/api/jobs");
    const rows = await asDoor(server, "select source from kernel.budget");
    expect(rows).toHaveLength(2);
    for (const { source } of rows) expect(source).toMatch(/^[\w-]{43}$/);
    expect(rows.map((row) => row["source"])).not.toContain(person.session.token);
  } finally {
    await server.close();
  }
});

test("APP-02 an address that tries token after token is stopped, though each token has a budget of its own", async () => {
  const server = await openTestServer([], { budgets: { ...ampleBudgets, refusal: budget("refusal", 5, 1) } });
  try {
    const guess = (token: string) =>
      server.anonymous("GET", "/api/jobs", { headers: { authorization: `Bearer pk_${token}` } });
    const statuses: number[] = [];
    for (let each = 0; each < 8; each += 1) statuses.push((await guess(`guess-number-${each}-of-a-key`)).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
    // Nobody is asked any more, and nothing new is kept for a token that will not be looked at.
    expect(await asDoor(server, "select from kernel.budget where name = 'api'")).toHaveLength(6);
  } finally {
    await server.close();
  }
});

test("APP-02 an IPv6 network of /64 is one source, as anybody is given one; the next network is another", async () => {
  const budgets = { ...ampleBudgets, api: budget("network-api", 3, 1) };
  const server = await openTestServer([], { budgets, trustedProxies: ["127.0.0.1"] });
  const from = async (address: string) =>
    (await server.anonymous("GET", "/api/jobs", { headers: { "x-forwarded-for": address } })).status;
  const statuses = [];
  for (const address of ["2001:db8:1:2::1", "2001:db8:1:2:ffff::7", "2001:DB8:1:2:0:0:0:9", "2001:db8:1:2::a"])
    statuses.push(await from(address));
  expect(statuses).toEqual([401, 401, 401, 429]);
  expect(await from("2001:db8:1:3::1")).toBe(401);
  // An IPv4 address is one source in either of its forms.
  const mapped = [];
  for (const address of ["198.51.100.7", "::ffff:198.51.100.7", "::ffff:c633:6407", "198.51.100.7"])
    mapped.push(await from(address));
  expect(mapped).toEqual([401, 401, 401, 429]);
  expect(await from("198.51.100.8")).toBe(401);
  await server.close();
});
