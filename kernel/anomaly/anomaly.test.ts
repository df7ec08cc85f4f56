import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { pino } from "pino";
import { Type } from "typebox";
import { defineRoute } from "../http/route.ts";
import { createHttpServer } from "../http/server.ts";
import { BudgetSpender } from "../limits/budget.ts";
import { ampleBudgets } from "../testing/server.ts";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { makeDownloadLink } from "../files/link.ts";
import { guardKeys } from "../identity/guard.ts";
import { invite } from "../identity/invitation.ts";
import { admit } from "../identity/membership.ts";
import { KeyUse } from "../identity/key-use.ts";
import { noteSession } from "../identity/note.ts";
import { changePolicy } from "../policy/store.ts";
import { issueTestKey, openTestKernel, type TestKernel, type TestPerson } from "../testing/kernel.ts";
import { placeLeaves } from "../testing/record-suite.ts";
import type { Who } from "../work/credential.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { doorProblem } from "../work/error.ts";
import { watched } from "./watch.ts";
import { listAnomalies, raiseIn, releaseAnomaly } from "./anomaly.ts";
import { farNetwork, takesTurns } from "./travel.ts";

let kernel: TestKernel;
let acme: string;
let owner: TestPerson;
let admin: TestPerson;
let member: TestPerson;
let stranger: TestPerson;
const change = "kernel.people.change";
const by = <T>(person: TestPerson, permission: string, run: (tx: Tx) => Promise<T>) =>
  kernel.door.work(person.session, permission, run);
const alarms = () => by(owner, "kernel.anomaly.read", listAnomalies);
const release = (person: TestPerson, id: string) =>
  by(person, change, (tx) => releaseAnomaly(tx, id, "A planned export"));
const whoOf = (person: TestPerson): Promise<Who> => by(person, "kernel.home.read", async (tx) => tx.who);
const locks = () =>
  by(owner, "kernel.policy.change", (tx) => changePolicy(tx, "anomaly.lockSource", true, 0, "Strict"));
const limit = (name: "anomaly.downloadsPerHour" | "anomaly.refusalsPerHour", value: number) =>
  by(owner, "kernel.policy.change", (tx) => changePolicy(tx, name, value, 0, "For the test"));

beforeAll(async () => {
  kernel = await openTestKernel();
});
beforeEach(async () => {
  acme = await kernel.foundWorkspace(`acme-${uuidv7()}`);
  owner = await kernel.addPerson(acme, "owner");
  admin = await kernel.addPerson(acme, "admin");
  member = await kernel.addPerson(acme, "member");
  stranger = await kernel.addPerson(await kernel.foundWorkspace(`other-${uuidv7()}`), "member");
});
afterAll(() => kernel.close());

/** What a password of this person is compared with when it is tried from this address; null: with nothing. */
async function hashFor(person: TestPerson, address: string): Promise<unknown> {
  await kernel.identityPool.query(
    "insert into identity.account (id, user_id, account_id, provider_id, password) values ($1, $2::uuid, $2::uuid::text, 'credential', 'their hash') on conflict do nothing",
    [uuidv7(), person.userId],
  );
  const found = await kernel.identityPool.query<{ email: string }>(`select email from identity."user" where id = $1`, [
    person.userId,
  ]);
  const email = found.rows[0]?.email ?? "";
  const keys = guardKeys(kernel.rootKey.key, uuidv7(), email);
  const [row] = await kernel.door.callFunction({
    sql: "select hash from kernel.begin_sign_in($1, $2, $3, $4, 100, interval '15 minutes', $5)",
    parameters: [kernel.system("").token, keys.source, keys.account, email, address],
  });
  return row?.["hash"];
}

async function download(person: TestPerson, times: number): Promise<void> {
  for (let index = 0; index < times; index += 1)
    await by(person, "kernel.home.read", (tx) =>
      tx.record({ action: "regulatory_docs.document.open", record: "kernel.blob", rowId: uuidv7() }),
    );
  await placeLeaves({ kernel });
}
async function seen(person: TestPerson, outcome: string, addresses: readonly string[]): Promise<void> {
  const who = await whoOf(person);
  for (const address of addresses) {
    const source = { address, requestId: "test" };
    if (outcome === "done") kernel.access.read(who, "kernel.home.read", source, "kernel.membership", uuidv7());
    else kernel.access.refused({ ...person.session, source }, `test.${uuidv7()}`, outcome, who);
    // Events of one millisecond have no order that is kept.
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  await kernel.access.flush();
}

describe("APP-07 anomalies are found in the events", () => {
  test("APP-07 mass download: beyond the policy's number an alarm, once; released with a reason it is not counted again", async () => {
    await limit("anomaly.downloadsPerHour", 5);
    await download(member, 5);
    expect(await raiseIn(kernel, acme)).toBe(0);
    await download(member, 1);
    expect(await raiseIn(kernel, acme)).toBe(1);
    expect(await raiseIn(kernel, acme)).toBe(0);
    const [alarm] = await alarms();
    expect(alarm).toMatchObject({ kind: "mass_download", member: { id: member.membershipId }, seen: 6, locked: false });
    await release(admin, alarm?.id ?? "");
    expect(await raiseIn(kernel, acme)).toBe(0);
    expect((await alarms())[0]).toMatchObject({
      releaseReason: "A planned export",
      releasedBy: { id: admin.membershipId },
    });
    await download(member, 6);
    expect(await raiseIn(kernel, acme)).toBe(1);
  });

  test("APP-07 probing: many records that are not there, by one person", async () => {
    await limit("anomaly.refusalsPerHour", 8);
    await seen(member, "kernel.not_found", Array<string>(8).fill("203.0.113.5"));
    expect(await raiseIn(kernel, acme)).toBe(0);
    await seen(member, "kernel.permission_missing", ["203.0.113.5"]);
    expect(await raiseIn(kernel, acme)).toBe(1);
    expect((await alarms())[0]).toMatchObject({ kind: "probing", seen: 9, detail: { sources: ["203.0.113.5"] } });
  });

  test("APP-07 impossible travel: in turns from two far networks; one change, or a private network, is no alarm", async () => {
    await seen(member, "done", ["203.0.113.5", "203.0.113.5", "198.51.100.7", "198.51.100.7"]);
    await seen(admin, "done", ["10.0.0.1", "203.0.113.5", "10.0.0.1", "203.0.113.9", "10.0.0.2", "203.0.1.1"]);
    expect(await raiseIn(kernel, acme)).toBe(0);
    await seen(member, "done", ["203.0.113.5", "198.51.100.7"]);
    expect(await raiseIn(kernel, acme)).toBe(1);
    expect((await alarms())[0]).toMatchObject({
      kind: "impossible_travel",
      member: { id: member.membershipId },
      seen: 4,
    });
  });

  test("APP-07 a link that is downloaded again and again is found and revoked; its maker goes on working", async () => {
    await locks();
    await limit("anomaly.downloadsPerHour", 5);
    const through = { record: "kernel.blob", rowId: uuidv7() };
    const link = await by(member, "kernel.file.open", (tx) => makeDownloadLink(tx, uuidv7(), "plan.pdf", through));
    for (let index = 0; index < 6; index += 1)
      await by(member, "kernel.file.open", (tx) =>
        tx.record({ action: "kernel.file.download", record: "kernel.link", rowId: link.id }),
      );
    await placeLeaves({ kernel });
    expect(await raiseIn(kernel, acme)).toBe(1);
    expect(await raiseIn(kernel, acme)).toBe(0);
    const [alarm] = await alarms();
    expect(alarm).toMatchObject({
      kind: "mass_download",
      member: null,
      source: `link:${link.id}`,
      locked: true,
      detail: { name: "plan.pdf", madeBy: member.membershipId },
    });
    await expect(whoOf(member)).resolves.toBeDefined();
    const [kept] = await by(member, "kernel.file.open", (tx) =>
      tx.all(query.selectFrom("kernel.link").select("revoked_at").where("id", "=", link.id)),
    );
    expect(kept?.revoked_at).toBeInstanceOf(Date);
    await release(admin, alarm?.id ?? "");
    expect(await raiseIn(kernel, acme)).toBe(0);
  });

  test("APP-07 two devices in two places are no alarm; one session in both is, and one key in both ends the key alone", async () => {
    await locks();
    const [near, far] = ["203.0.113.5", "198.51.100.7"];
    const phone = `device-${uuidv7()}`;
    await kernel.identityPool.query(
      "insert into identity.session (id, user_id, token, expires_at) values ($1, $2, encode(sha256(convert_to($3, 'UTF8')), 'hex'), now() + interval '1 day')",
      [uuidv7(), member.userId, phone],
    );
    const onPhone = { ...member, session: { ...member.session, token: phone } };
    for (let index = 0; index < 3; index += 1) {
      await seen(member, "done", [near]);
      await seen(onPhone, "done", [far]);
    }
    expect(await raiseIn(kernel, acme)).toBe(0);
    const key = await issueTestKey(kernel, admin, { permissions: ["kernel.home.read"] });
    // Each server notes a network once a minute: two of them see both.
    for (const use of [new KeyUse(kernel.door), new KeyUse(kernel.door)]) {
      for (const address of [near, far]) {
        use.note(key, address);
        await use.flush();
      }
    }
    expect(await raiseIn(kernel, acme)).toBe(1);
    const [alarm] = await alarms();
    expect(alarm).toMatchObject({
      kind: "impossible_travel",
      member: null,
      locked: true,
      detail: { name: "test key" },
    });
    const credential = { kind: "key", token: key, source: { address: near, requestId: "test" } } as const;
    await expect(kernel.door.work(credential, "kernel.home.read", async () => undefined)).rejects.toMatchObject({
      code: "kernel.key_ended",
    });
    await expect(whoOf(admin)).resolves.toBeDefined();
  });

  test("APP-07 credential stuffing: three people refused from one source; that source signs nobody in until it is released", async () => {
    await locks();
    const source = { address: "203.0.113.77", requestId: "test" };
    const tried = async (person: TestPerson) =>
      noteSession(kernel, { action: "kernel.session.start", outcome: "refused", userId: person.userId, source });
    await tried(member);
    await tried(member);
    await tried(admin);
    await placeLeaves({ kernel });
    expect(await raiseIn(kernel, acme)).toBe(0);
    await tried(owner);
    await placeLeaves({ kernel });
    expect(await raiseIn(kernel, acme)).toBe(1);
    // The right password of theirs is none from there; from elsewhere, and for people of other workspaces, it is.
    expect(await hashFor(member, source.address)).toBeNull();
    expect(await hashFor(member, "203.0.113.78")).toBe("their hash");
    expect(await hashFor(stranger, source.address)).toBe("their hash");
    const [alarm] = await alarms();
    expect(alarm).toMatchObject({
      kind: "credential_stuffing",
      source: source.address,
      detail: { members: 3 },
      locked: true,
    });
    await release(admin, alarm?.id ?? "");
    expect(await hashFor(member, source.address)).toBe("their hash");
  });
});

describe("APP-07 an alarm can lock its source", () => {
  test("APP-07 where the policy says so the person is out at once, and in again after the release; an owner is not locked", async () => {
    await locks();
    await limit("anomaly.downloadsPerHour", 5);
    await download(member, 6);
    await download(owner, 6);
    expect(await raiseIn(kernel, acme)).toBe(2);
    await expect(whoOf(member)).rejects.toMatchObject({ status: 401 });
    await expect(whoOf(owner)).resolves.toBeDefined();
    const alarm = (await alarms()).find((each) => each.member?.id === member.membershipId);
    expect(alarm?.locked).toBe(true);
    await release(admin, alarm?.id ?? "");
    const [row] = await by(owner, "kernel.people.read", (tx) =>
      tx.all(query.selectFrom("kernel.membership").select("status").where("id", "=", member.membershipId)),
    );
    expect(row?.status).toBe("active");
  });

  test("APP-07 whom an alarm keeps out comes in by no invitation, only by its release", async () => {
    await locks();
    await limit("anomaly.downloadsPerHour", 5);
    await download(member, 6);
    expect(await raiseIn(kernel, acme)).toBe(1);
    const found = await kernel.identityPool.query<{ email: string }>(
      `select email from identity."user" where id = $1`,
      [member.userId],
    );
    const email = found.rows[0]?.email ?? "";
    await expect(by(admin, change, (tx) => invite(tx, { email, role: "member" }))).rejects.toMatchObject({
      code: "identity.member_locked",
    });
    const join = kernel.door.work(kernel.system(acme), "kernel.membership.accept", (tx) =>
      admit(tx, { userId: member.userId, name: "Back", email, role: "member" }),
    );
    await expect(join).rejects.toMatchObject({ code: "identity.member_locked" });
    const [alarm] = await alarms();
    await release(admin, alarm?.id ?? "");
    await expect(by(admin, change, (tx) => invite(tx, { email, role: "member" }))).rejects.toMatchObject({
      code: "identity.already_member",
    });
  });

  test("APP-07 nobody raises, releases or rewrites an alarm about themselves, by the page or by SQL", async () => {
    await limit("anomaly.downloadsPerHour", 5);
    await download(admin, 6);
    await raiseIn(kernel, acme);
    const [alarm] = await alarms();
    const id = alarm?.id ?? "";
    await expect(release(admin, id)).rejects.toMatchObject({ code: "anomaly.about_you" });
    const rewrite = (person: TestPerson, set: Record<string, unknown>) =>
      by(person, change, async (tx) => {
        await tx.record({ action: "test", record: "kernel.anomaly", rowId: id, version: 2 });
        await tx.all(query.updateTable("kernel.anomaly").set(set).where("id", "=", id));
      });
    const released = { released_at: new Date(), released_by: admin.membershipId, release_reason: "nothing to see" };
    await expect(rewrite(admin, released)).rejects.toMatchObject({ code: "kernel.permission_missing" });
    await expect(rewrite(owner, released)).rejects.toMatchObject({ code: "kernel.permission_missing" });
    await expect(rewrite(owner, { seen: 1 })).rejects.toMatchObject({ code: "kernel.permission_missing" });
  });
});

test("APP-07 a 404 at an address that is its own credential stays a 404, though nobody can be noted for it", async () => {
  const missing = doorProblem.not_found();
  const route = defineRoute({
    method: "GET",
    path: "/api/files/{token}",
    summary: "A file",
    tag: "files",
    permission: "kernel.file.open",
    params: Type.Object({ token: Type.String() }),
    answers: { 200: "text/plain" },
    handle: async () => {
      throw missing;
    },
  });
  const http = await createHttpServer([watched(kernel, route)], new BudgetSpender(kernel.door), {
    origin: "http://localhost",
    trustedProxies: [],
    maxUploadBytes: 1_000,
    budgets: ampleBudgets,
    logger: pino({ level: "silent" }),
  });
  expect((await http.inject({ url: "/api/files/x" })).statusCode).toBe(404);
  await http.close();
});

test("APP-07 what counts as a far network, and as turns", () => {
  expect(["8.8.4.4", "8.8.200.1", "::ffff:8.8.1.1"].map(farNetwork)).toEqual(Array(3).fill("8.8.0.0/16"));
  expect(
    ["10.1.1.1", "192.168.0.9", "172.20.0.1", "127.0.0.1", "::1", "fe80::1", "fd00::1", null, "x"].map(farNetwork),
  ).toEqual(Array(9).fill(null));
  expect(farNetwork("2001:db8::7")).toBe("2001:db8::/32");
  const at = (text: string) => text.split("").map((network, index) => ({ network, at: new Date(index) }));
  for (const calm of ["", "A", "AAAA", "AB", "AABB", "ABA", "AABBAA"])
    expect([calm, takesTurns(at(calm))]).toEqual([calm, null]);
  for (const turns of ["ABAB", "AABBAABB", "ABCA"]) expect(takesTurns(at(turns))).not.toBeNull();
});
