import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { Value } from "typebox/value";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestKernel, type TestKernel, type TestPerson } from "../testing/kernel.ts";
import { foundWorkspace } from "../tenancy/found-workspace.ts";
import { query } from "../work/query.ts";
import { policies } from "./policy.ts";
import { changePolicy, policiesInForce, policyHistory, policyValue } from "./store.ts";

let kernel: TestKernel;
let owner: TestPerson;
let member: TestPerson;
const change = "kernel.policy.change";
const read = "kernel.policy.read";

beforeAll(async () => {
  kernel = await openTestKernel();
  const workspace = await kernel.foundWorkspace("acme");
  owner = await kernel.addPerson(workspace, "owner");
  member = await kernel.addPerson(workspace, "member");
});
afterAll(() => kernel.close());

test("POL the value in force is the preset's until somebody changes it, with who and why", async () => {
  const idle = () => kernel.door.work(owner.session, read, (tx) => policyValue(tx, "session.idleMinutes"));
  expect(await idle()).toBe(30);
  await kernel.door.work(owner.session, change, (tx) =>
    changePolicy(tx, "session.idleMinutes", 20, 0, "Shared bench computers"),
  );
  expect(await idle()).toBe(20);
  const shown = await kernel.door.work(owner.session, read, policiesInForce);
  expect(shown.find((each) => each.name === "session.idleMinutes")).toMatchObject({
    value: 20,
    presetValue: 30,
    differs: true,
    version: 1,
    changedBy: owner.membershipId,
    reason: "Shared bench computers",
  });
});

test("POL the number on the page is the number the door enforces", async () => {
  await kernel.door.work(owner.session, change, (tx) => changePolicy(tx, "session.idleMinutes", 10, 1, "Stricter"));
  await kernel.identityPool.query(
    "update identity.session set last_seen_at = now() - interval '11 minutes' where user_id = $1",
    [member.userId],
  );
  await expect(kernel.door.work(member.session, read, policiesInForce)).rejects.toMatchObject({ status: 401 });
  await kernel.identityPool.query(
    "update identity.session set last_seen_at = now() - interval '9 minutes' where user_id = $1",
    [member.userId],
  );
  await expect(kernel.door.work(member.session, read, policiesInForce)).resolves.toHaveLength(
    Object.keys(policies).length,
  );
});

test("POL each version stays readable: what it was, what it became, who changed it and why", async () => {
  const history = await kernel.door.work(owner.session, read, (tx) => policyHistory(tx, "session.idleMinutes"));
  const by = owner.membershipId;
  expect(history).toMatchObject([
    { version: 2, before: 20, value: 10, by, reason: "Stricter" },
    { version: 1, before: 30, value: 20, by, reason: "Shared bench computers" },
  ]);
  expect(await kernel.door.work(owner.session, read, (tx) => policyHistory(tx, "key.maxDays"))).toEqual([]);
});

test("ACC-02 an address outside the allowed networks is refused at the door, IPv4 and IPv6", async () => {
  const space = await kernel.foundWorkspace("fenced");
  const person = await kernel.addPerson(space, "owner");
  await kernel.door.work(person.session, change, (tx) =>
    changePolicy(tx, "access.allowedNetworks", ["127.0.0.0/8", "2001:db8::/32"], 0, "Office"),
  );
  const from = (address: string) =>
    kernel.door.work({ ...person.session, source: { address, requestId: "test" } }, read, policiesInForce);
  await expect(from("127.0.0.1")).resolves.toBeDefined();
  await expect(from("2001:db8::7")).resolves.toBeDefined();
  await expect(from("203.0.113.9")).rejects.toMatchObject({ status: 403, code: "kernel.source_not_allowed" });
});

test("POL a value outside its bounds, a stale version and a member are refused; nothing changes", async () => {
  const attempt = (person: TestPerson, value: unknown, version: number) =>
    kernel.door.work(person.session, change, (tx) => changePolicy(tx, "file.linkMinutes", value, version, "try"));
  await expect(attempt(owner, 61, 0)).rejects.toMatchObject({ status: 422 });
  await expect(attempt(owner, "30", 0)).rejects.toMatchObject({ status: 422 });
  await expect(attempt(owner, 30, 4)).rejects.toMatchObject({ status: 412 });
  await expect(attempt(member, 30, 0)).rejects.toMatchObject({ status: 403 });
  expect(await kernel.door.work(owner.session, read, (tx) => policyValue(tx, "file.linkMinutes"))).toBe(60);
});

test("POL a workspace starts from its preset", async () => {
  const id = uuidv7();
  await foundWorkspace(
    kernel,
    kernel.system(id),
    { slug: "bench", name: "Bench", preset: "lab" },
    async () => undefined,
  );
  const person = await kernel.addPerson(id, "member");
  const gate = await kernel.door.work(person.session, read, (tx) =>
    tx.first(query.selectFrom("kernel.workspace").select(["idle_minutes", "preset"])),
  );
  expect(gate).toEqual({ idle_minutes: 15, preset: "lab" });
});

test("POL the list names each policy's bounds: a number at a bound is taken, one beyond it is refused", async () => {
  const listed = await kernel.door.work(owner.session, read, policiesInForce);
  const sent: { name: string; bounds: Record<string, unknown>; version: number }[] = JSON.parse(JSON.stringify(listed));
  const numbers = sent.filter(({ bounds }) => bounds["type"] === "integer");
  expect(numbers.length).toBeGreaterThan(3);
  for (const each of sent)
    expect(Value.Check(each.bounds, listed.find(({ name }) => name === each.name)?.value)).toBe(true);
  const bounded = numbers.find(({ name }) => name === "session.absoluteHours");
  const most = Number(bounded?.bounds["maximum"]);
  const set = (value: number, version: number) =>
    kernel.door.work(owner.session, change, (tx) =>
      changePolicy(tx, "session.absoluteHours", value, version, "Bounds"),
    );
  await expect(set(most + 1, bounded?.version ?? 0)).rejects.toMatchObject({ code: "policy.value_outside" });
  expect(await set(most, bounded?.version ?? 0)).toBe((bounded?.version ?? 0) + 1);
});

test("TEN-06 a workspace with the contracts' preset shares by owner from its first moment", async () => {
  const id = uuidv7();
  await foundWorkspace(
    kernel,
    kernel.system(id),
    { slug: "deals", name: "Deals", preset: "contracts" },
    async () => undefined,
  );
  const person = await kernel.addPerson(id, "member");
  const gate = await kernel.door.work(person.session, read, (tx) =>
    tx.first(query.selectFrom("kernel.workspace").select("sharing")),
  );
  expect(gate).toEqual({ sharing: "owner" });
});
