import { createHash } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { removeMember, changeRole } from "../identity/people.ts";
import { revokeKey } from "../identity/api-key.ts";
import { issueTestKey, openTestKernel, type TestKernel, type TestPerson } from "../testing/kernel.ts";
import type { Credential } from "./credential.ts";
import { Problem } from "./problem.ts";
import { query } from "./query.ts";

let kernel: TestKernel;
let admin: Client;
beforeAll(async () => {
  kernel = await openTestKernel({ poolSize: 8 });
  admin = new Client(kernel.admin);
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await kernel.close();
});

let named = 0;
async function workspace(): Promise<{ id: string; owner: TestPerson; person: TestPerson }> {
  named += 1;
  const id = await kernel.foundWorkspace(`pass-${named}`);
  return { id, owner: await kernel.addPerson(id, "owner"), person: await kernel.addPerson(id, "admin") };
}
const members = query.selectFrom("kernel.membership").select("id");
const enter = (credential: Credential, permission = "kernel.people.read") =>
  kernel.door
    .once(credential, permission, () => ({ statements: [members] }), { short: true })
    .then(() => "entered")
    .catch((error: unknown) => (error instanceof Problem ? error.code : String(error)));
const passes = async (token: string) =>
  (await admin.query("select 1 from kernel.pass where hash = $1", [createHash("sha256").update(token).digest()]))
    .rowCount;
/** As a role that owns the tables: what changes is the same, whoever changes it. */
const change = (statement: string, values: unknown[]) => admin.query(statement, values);

async function withPass(credential: Credential): Promise<void> {
  expect([await enter(credential), await enter(credential)]).toEqual(["entered", "entered"]);
  expect(await passes(credential.token)).toBe(1);
}

describe("a pass", () => {
  test.each([
    ["a session ended", "delete from identity.session where user_id = $1", "kernel.session_ended"],
    ["a session expired", "update identity.session set expires_at = now() where user_id = $1", "kernel.session_ended"],
    ["a person disabled", `update identity."user" set disabled_at = now() where id = $1`, "kernel.session_ended"],
  ])("IDN-08 ends with %s", async (_, statement, refusal) => {
    const { person } = await workspace();
    await withPass(person.session);
    await change(statement, [person.userId]);
    expect(await enter(person.session)).toBe(refusal);
  });

  test.each([
    ["frozen", "update kernel.workspace set frozen_at = now() where id = $1", "kernel.workspace_frozen"],
    ["closed", "update kernel.workspace set closed_at = now() where id = $1", "kernel.workspace_frozen"],
    [
      "asking for a second factor",
      "update kernel.workspace set mfa_required = true where id = $1",
      "kernel.second_factor_required",
    ],
    [
      "open to another network alone",
      "update kernel.workspace set ip_allow = '{192.0.2.0/24}' where id = $1",
      "kernel.source_not_allowed",
    ],
    ["of a shorter day", "update kernel.workspace set absolute_hours = 1 where id = $1", "kernel.session_ended"],
  ])("ACC-02 ends with its workspace %s", async (_, statement, refusal) => {
    const { id, person } = await workspace();
    await admin.query("update identity.session set created_at = now() - interval '2 hours' where user_id = $1", [
      person.userId,
    ]);
    await withPass(person.session);
    await admin.query("set role probity_door");
    await change(statement, [id]);
    await admin.query("reset role");
    expect(await enter(person.session)).toBe(refusal);
  });

  test("IDN-08 ends when it was idle too long, though nothing changed", async () => {
    const { person } = await workspace();
    await withPass(person.session);
    await admin.query("set role probity_door");
    await admin.query("update kernel.pass set seen_at = now() - interval '31 minutes' where user_id = $1", [
      person.userId,
    ]);
    await admin.query("reset role");
    await admin.query("update identity.session set last_seen_at = now() - interval '31 minutes' where user_id = $1", [
      person.userId,
    ]);
    expect(await enter(person.session)).toBe("kernel.session_ended");
  });

  test("IDN-08 notes after a minute that its person was seen, once, and lets them in as whom it did", async () => {
    const { person } = await workspace();
    await withPass(person.session);
    const seen = async () => {
      const { rows } = await admin.query<{ pass: string; session: string }>(
        `select p.seen_at::text as pass, s.last_seen_at::text as session
         from kernel.pass p join identity.session s on s.id = p.session_id where p.user_id = $1`,
        [person.userId],
      );
      return rows;
    };
    await change("update kernel.pass set seen_at = now() - interval '2 minutes' where user_id = $1", [person.userId]);
    const [before] = await seen();
    expect(await enter(person.session)).toBe("entered");
    const [after] = await seen();
    expect(after?.pass).not.toBe(before?.pass);
    expect(after?.session).not.toBe(before?.session);
    expect(await enter(person.session)).toBe("entered");
    expect(await seen()).toEqual([after]);
  });

  test("ACC-02 lets in from the workspace's networks alone, and asks it of each entry", async () => {
    const { id, person } = await workspace();
    await change("update kernel.workspace set ip_allow = '{10.1.0.0/16}' where id = $1", [id]);
    const from = (address: string | null) => ({ ...person.session, source: { ...person.session.source, address } });
    expect([await enter(from("10.1.2.3")), await enter(from("10.1.2.3"))]).toEqual(["entered", "entered"]);
    expect(await passes(person.session.token)).toBe(1);
    for (const address of ["10.2.2.3", null]) expect(await enter(from(address))).toBe("kernel.source_not_allowed");
    expect(await enter(from("10.1.9.9"))).toBe("entered");
  });

  test("ACC-01 ends with a lesser role, and with leaving", async () => {
    const { owner, person } = await workspace();
    const token = await issueTestKey(kernel, person, { permissions: ["kernel.people.read", "kernel.people.change"] });
    const key: Credential = { kind: "key", token, source: { address: "127.0.0.1", requestId: "pass" } };
    await withPass(key);
    expect(await enter(key, "kernel.people.change")).toBe("entered");
    await kernel.door.work(owner.session, "kernel.people.change", (tx) =>
      changeRole(tx, person.membershipId, "member"),
    );
    expect(await enter(key, "kernel.people.change")).toBe("kernel.permission_missing");
    await withPass(key);
    await kernel.door.work(owner.session, "kernel.people.change", (tx) => removeMember(tx, person.membershipId));
    expect(await enter(key)).toBe("kernel.key_ended");
  });

  test("IDN-09 ends with its key", async () => {
    const { id, person } = await workspace();
    const token = await issueTestKey(kernel, person, { permissions: ["kernel.people.read"] });
    const key: Credential = { kind: "key", token, source: { address: "127.0.0.1", requestId: "pass" } };
    await withPass(key);
    const found = await admin.query("select id from kernel.api_key where secret_hash = $1", [
      createHash("sha256").update(token).digest(),
    ]);
    await kernel.door.work(person.session, "kernel.key.change", (tx) => revokeKey(tx, String(found.rows[0].id), "own"));
    expect([await enter(key), id.length]).toEqual(["kernel.key_ended", 36]);
  });

  test("IDN-08 is not made from facts that a running transaction is changing", async () => {
    const { person } = await workspace();
    await admin.query("begin");
    await change(`update identity."user" set disabled_at = now() where id = $1`, [person.userId]);
    // Judged by what is committed: let in still, but nothing is kept of it.
    expect(await enter(person.session)).toBe("entered");
    await admin.query("commit");
    expect(await passes(person.session.token)).toBe(0);
    expect(await enter(person.session)).toBe("kernel.session_ended");
  });

  test("IDN-08 that is just being made is waited for by who ends it", async () => {
    const { id, person } = await workspace();
    const maker = new Client({ ...kernel.admin });
    await maker.connect();
    await maker.query("begin");
    await maker.query("select kernel.keep_pass('session', $1, $2)", [person.session.token, id]);
    let ended = false;
    const ending = change("delete from identity.session where user_id = $1", [person.userId]).then(
      () => (ended = true),
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(ended).toBe(false);
    await maker.query("commit");
    await ending;
    await maker.end();
    expect(await enter(person.session)).toBe("kernel.session_ended");
    expect(await passes(person.session.token)).toBe(0);
  });

  test("TEN-01 opens the workspace it was made for and no other, and is out of the application's reach", async () => {
    const mine = await workspace();
    const other = await workspace();
    await withPass(mine.person.session);
    expect(await enter({ ...mine.person.session, workspace: other.id })).toBe("kernel.not_found");
    const app = await kernel.door
      .callFunction({ sql: "select * from kernel.pass", parameters: [] })
      .catch((error: unknown) => String(error));
    expect(app).toMatch(/permission denied/);
  });
});
