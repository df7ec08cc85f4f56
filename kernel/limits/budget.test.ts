import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestKernel, type TestKernel } from "../testing/kernel.ts";
import { ampleBudgets, openTestServer } from "../testing/server.ts";
import { asDoor } from "../testing/record-suite.ts";
import type { Statement } from "../work/batch.ts";
import { BudgetSpender, claimOf, type Budget } from "./budget.ts";

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

describe("APP-02 leases asked for together", () => {
  /** The kernel's door, and what it was asked. */
  const watched = () => {
    const asked: Statement[] = [];
    const underWay = { now: 0, most: 0 };
    const callFunction = async (statement: Statement) => {
      asked.push(statement);
      underWay.now += 1;
      underWay.most = Math.max(underWay.most, underWay.now);
      return kernel.door.callFunction(statement).finally(() => (underWay.now -= 1));
    };
    return { asked, underWay, door: { callFunction } };
  };

  test("each of many sources is granted in one statement what it would be granted alone", async () => {
    const limits = [0, 1, 3, 7, 10, 25, 1000];
    const wanted = limits.flatMap((limit) => [1, 4, 10].map((block) => ({ limit, block })));
    const rounds = [1, 2, 3, 4];
    const alone: number[][] = [];
    const together: number[][] = [];
    const granted = async (sql: string, parameters: unknown[]) =>
      (await kernel.door.callFunction({ sql, parameters })).map((row) => [Number(row["granted"]), row["ends_at"]]);
    for (const round of rounds) {
      for (const [index, { limit, block }] of wanted.entries()) {
        const parameters = [`alone-${index}`, "a", 36_000, limit, block];
        const [first] = await granted("select * from kernel.lease_budget($1, $2, $3, $4, $5)", parameters);
        alone.push([round, index, Number(first?.[0]), new Date(String(first?.[1])).getTime()]);
      }
      // Backwards, so that the order they were asked for in is not the order of their keys.
      const order = [...wanted.keys()].toReversed();
      const rows = await granted("select * from kernel.lease_budgets($1, $2, $3, $4, $5)", [
        order.map((index) => `together-${index}`),
        order.map(() => "a"),
        order.map(() => 36_000),
        order.map((index) => wanted[index]?.limit),
        order.map((index) => wanted[index]?.block),
      ]);
      const row = (index: number) => rows[order.indexOf(index)];
      for (const index of wanted.keys())
        together.push([round, index, Number(row(index)?.[0]), new Date(String(row(index)?.[1])).getTime()]);
    }
    expect(together).toEqual(alone);
  });

  test("what is asked for at once goes as one statement, one on its way at a time, and nobody gets another's units", async () => {
    const { asked, underWay, door } = watched();
    const spender = new BudgetSpender(door);
    const sources = Array.from({ length: 50 }, (_, index) => index);
    const counts = await Promise.all(
      sources.map((each) => passed(spender, budget("at-once", 1 + (each % 9), 3), `s${each}`, 12)),
    );
    expect(counts).toEqual(sources.map((each) => 1 + (each % 9)));
    // The longest of them needs four leases: three blocks of three, and the one that says that there are no more.
    expect(asked.length).toBeLessThanOrEqual(5);
    expect(asked[0]?.parameters[0]).toHaveLength(50);
    const before = asked.length;
    const early = spender.spend(budget("at-once", 9, 3), "early");
    while (asked.length === before) await nextTurn();
    const late = ["late", "later"].map((source) => spender.spend(budget("at-once", 9, 3), source));
    await Promise.all([early, ...late]);
    expect(asked.slice(before).map((each) => each.parameters[0])).toEqual(["at-once", ["at-once", "at-once"]]);
    expect(underWay.most).toBe(1);
  });

  test("a budget and the one after it are asked for together, and the second is not touched where the first is used up", async () => {
    const { asked, door } = watched();
    const spender = new BudgetSpender(door);
    const claims = [claimOf(budget("own", 4, 2), "a"), claimOf(budget("all", 100, 2), "b")];
    const tries = await Promise.allSettled(Array.from({ length: 9 }, () => spender.spendEach(claims)));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(4);
    expect(asked[0]?.parameters[0]).toEqual(["own", "all"]);
    const used = await asDoor({ kernel }, "select used from kernel.budget where name = 'all'");
    // Four were taken; at most one block more is held.
    expect(Number(used[0]?.["used"])).toBeLessThanOrEqual(6);
  });

  test("processes that ask for the same many at once neither stop each other nor let more through than the limit", async () => {
    const spenders = [new BudgetSpender(kernel.door), new BudgetSpender(kernel.door)];
    const sources = Array.from({ length: 40 }, (_, index) => `p${index}`);
    const shared = budget("two-processes", 50, 10);
    const counts = await Promise.all(
      sources.map((source, index) =>
        Promise.all(
          // The second asks for them backwards.
          spenders.map((spender, second) =>
            passed(spender, shared, second === 0 ? source : (sources[39 - index] ?? ""), 30),
          ),
        ),
      ),
    );
    for (const index of sources.keys()) {
      const through = (counts[index]?.[0] ?? 0) + (counts[39 - index]?.[1] ?? 0);
      expect(through).toBe(50);
    }
  });

  test("statements that ask for the same keys in opposite orders wait for each other and never in a circle", async () => {
    const sources = Array.from({ length: 200 }, (_, index) => `circle-${index}`);
    const lease = (order: readonly string[]) =>
      kernel.door.callFunction({
        sql: "select granted from kernel.lease_budgets($1, $2, $3, $4, $5)",
        parameters: [
          order.map(() => "circle"),
          order,
          order.map(() => 3600),
          order.map(() => 1000),
          order.map(() => 1),
        ],
      });
    for (let round = 0; round < 8; round += 1) {
      const answers = await Promise.all([lease(sources), lease(sources.toReversed()), lease(sources)]);
      for (const rows of answers) expect(rows.map((row) => row["granted"])).toEqual(sources.map(() => 1));
    }
  });

  test("an error of the database reaches each that waits, and the next call asks again", async () => {
    let isAway = true;
    let asked = 0;
    const door = {
      callFunction: async (statement: Statement) => {
        asked += 1;
        if (isAway) throw new Error("the database is away");
        return kernel.door.callFunction(statement);
      },
    };
    const spender = new BudgetSpender(door);
    const sources = ["x", "y", "z"];
    const wanted = budget("away", 100, 10);
    const tries = await Promise.allSettled(
      sources.flatMap((source) => [1, 2, 3].map(() => spender.spend(wanted, source))),
    );
    expect(tries.map((each) => each.status === "rejected" && String(each.reason))).toEqual(
      tries.map(() => "Error: the database is away"),
    );
    expect(asked).toBe(1);
    const claims = sources.map((source) => claimOf(wanted, source));
    await expect(spender.spendEach(claims)).rejects.toThrow("the database is away");
    isAway = false;
    await spender.spendEach(claims);
    expect(asked).toBe(3);
  });
});
