import { randomUUID, randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { DatabaseError } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { issueKey } from "../identity/api-key.ts";
import { endMemberSessions, listMembers, removeMember } from "../identity/people.ts";
import { makeLeaf } from "../ledger/leaf.ts";
import { openTestKernel, type TestKernel, type TestPerson } from "../testing/kernel.ts";
import { placeLeaves } from "../testing/record-suite.ts";
import type { Credential } from "./credential.ts";
import type { Tx } from "./door.ts";
import { query } from "./query.ts";

// Each test plays somebody whose own statements run inside their transaction.
let kernel: TestKernel;
let acme: string;
let owner: TestPerson;
let member: TestPerson;
beforeAll(async () => {
  kernel = await openTestKernel();
  acme = await kernel.foundWorkspace("acme");
  owner = await kernel.addPerson(acme, "owner");
  member = await kernel.addPerson(acme, "member");
});
afterAll(async () => kernel.close());

const run = (tx: Tx, statement: ReturnType<typeof sql>) => tx.all({ compile: () => statement.compile(query) });
const inside = <T>(credential: Credential, permission: string, work: (tx: Tx) => Promise<T>) =>
  kernel.door.work(credential, permission, work);
const codeOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => "done",
    (error: unknown) => (error instanceof DatabaseError ? error.code : error instanceof Error ? error.message : "?"),
  );

describe("LED-02 no leaf stops the log of all", () => {
  const good = () => {
    const who = { tenantId: acme, actorId: member.membershipId };
    return makeLeaf(
      who,
      { address: null, requestId: randomUUID() },
      { action: "a.b.c", fields: { n: 'é"\n' } },
    ).bytes.toString();
  };
  const staged = (leaf: string) =>
    codeOf(
      inside(member.session, "kernel.people.read", (tx) =>
        run(tx, sql`select kernel.stage_leaf(convert_to(${leaf}, 'UTF8'))`),
      ),
    );

  test("a leaf as the product makes it is taken", async () => {
    expect(await staged(good())).toBe("done");
  });
  test.each([
    ["without its time", (leaf: string) => leaf.replace(/"at":"[^"]*",/, "")],
    ["of a time that never ends", (leaf: string) => leaf.replace(/"at":"[^"]*"/, '"at":"infinity"')],
    ["of last year", (leaf: string) => leaf.replace(/"at":"\d{4}/, '"at":"2020')],
    ["of no known outcome", (leaf: string) => leaf.replace('"done"', '"won"')],
    ["with two values of one name", (leaf: string) => leaf.replace("{", '{"action":"x.y.z",')],
    ["with a number", (leaf: string) => leaf.replace('"v":"1"', '"v":1')],
    ["with spaces", (leaf: string) => leaf.replace("{", "{ ")],
  ])("a leaf %s is refused", async (_, change) => {
    const leaf = change(good());
    expect(leaf).not.toBe(good());
    expect(await staged(leaf)).toBe("PB003");
    await placeLeaves({ kernel });
  });
});

describe("ACC-01 a transaction does what it was entered for", () => {
  test("nobody makes themself an owner, invites, or changes a policy on the way", async () => {
    const attempt = (statement: ReturnType<typeof sql>) =>
      codeOf(inside(member.session, "kernel.people.read", (tx) => run(tx, statement)));
    expect(await attempt(sql`update kernel.membership set role = 'owner' where id = ${member.membershipId}`)).toBe(
      "kernel.permission_missing",
    );
    expect(
      await attempt(sql`insert into kernel.policy_value (id, name, value, reason) values (${uuidv7()}, 'x', '1', 'x')`),
    ).toBe("kernel.permission_missing");
  });

  test("nobody makes a link that may do more than their transaction", async () => {
    const link = (permission: string) =>
      codeOf(
        inside(owner.session, "kernel.people.read", async (tx) => {
          const id = uuidv7();
          await tx.record({ action: "kernel.link.create", record: "kernel.link", rowId: id, version: 1 });
          await run(
            tx,
            sql`insert into kernel.link (id, secret_hash, purpose, subject_id, permission, membership_id, expires_at)
              values (${id}, sha256(convert_to(${id}, 'UTF8')), 'x', ${id}, ${permission}, ${owner.membershipId}, now() + interval '1 hour')`,
          );
        }),
      );
    expect(await link("kernel.policy.change")).toBe("kernel.permission_missing");
    expect(await link("kernel.people.read")).toBe("done");
  });

  test("a key makes no job that may do more than the key", async () => {
    const { token } = await inside(owner.session, "kernel.key.change", (tx) =>
      issueKey(tx, {
        membershipId: owner.membershipId,
        name: "narrow",
        permissions: ["kernel.people.read"],
        expiresAt: new Date(Date.now() + 60_000),
      }),
    );
    const key = { kind: "key", token, source: { address: null, requestId: "test" } } as const;
    const enqueue = (permission: string) =>
      codeOf(
        inside(key, "kernel.people.read", (tx) =>
          run(
            tx,
            sql`select kernel.enqueue('none', ${acme}, array[${permission}], ${randomUUID()}, ${randomUUID()}, 0)`,
          ),
        ),
      );
    expect(await enqueue("kernel.people.change")).toBe("kernel.permission_missing");
    expect(await enqueue("kernel.people.read")).toBe("done");
  });
});

describe("IDN-08 what a person left behind ends with them", () => {
  const leaver = async () => {
    const person = await kernel.addPerson(acme, "member");
    const secret = randomUUID();
    await inside(person.session, "kernel.people.read", (tx) =>
      run(tx, sql`select kernel.enqueue('none', ${acme}, array['kernel.people.read'], ${randomUUID()}, ${secret}, 0)`),
    );
    const job: Credential = { kind: "job", token: secret, source: { address: null, requestId: "test" } };
    const enter = () => codeOf(inside(job, "kernel.people.read", async () => undefined));
    expect(await enter()).toBe("done");
    return { person, enter };
  };

  test("a removed member's job does nothing more", async () => {
    const { person, enter } = await leaver();
    await inside(owner.session, "kernel.people.change", (tx) => removeMember(tx, person.membershipId));
    expect(await enter()).toBe("kernel.session_ended");
  });

  test("a disabled person's job and key do nothing more", async () => {
    const { person, enter } = await leaver();
    const { token } = await inside(owner.session, "kernel.key.change", (tx) =>
      issueKey(tx, {
        membershipId: person.membershipId,
        name: "k",
        permissions: ["kernel.people.read"],
        expiresAt: new Date(Date.now() + 60_000),
      }),
    );
    const key: Credential = { kind: "key", token, source: { address: null, requestId: "test" } };
    await kernel.identityPool.query(`update identity."user" set disabled_at = now() where id = $1`, [person.userId]);
    expect(await enter()).toBe("kernel.session_ended");
    expect(await codeOf(inside(key, "kernel.people.read", async () => undefined))).toBe("kernel.key_ended");
  });

  test("the workspace they left neither ends nor sees their later sessions", async () => {
    const { person } = await leaver();
    await inside(owner.session, "kernel.people.change", (tx) => removeMember(tx, person.membershipId));
    await kernel.identityPool.query(
      "insert into identity.session (id, user_id, token, expires_at) values ($1, $2, $3, now() + interval '1 day')",
      [uuidv7(), person.userId, randomUUID()],
    );
    const people = await inside(owner.session, "kernel.people.read", (tx) => listMembers(tx));
    expect(people.find((each) => each.id === person.membershipId)?.lastSeenAt).toBeNull();
    expect(
      await codeOf(inside(owner.session, "kernel.people.change", (tx) => endMemberSessions(tx, person.membershipId))),
    ).toBe("identity.member_unknown");
    const kept = await kernel.identityPool.query("select 1 from identity.session where user_id = $1", [person.userId]);
    expect(kept.rowCount).toBe(1);
  });
});

test("ENC-06 the history keeps no wrapped key and no secret's hash", async () => {
  const rows = await inside(owner.session, "kernel.people.read", async (tx) => {
    await kernel.keyring.of(tx);
    return tx.all(query.selectFrom("kernel.version_history").select(["record", "body"]));
  });
  expect(rows.map((row) => row.record)).toEqual(expect.arrayContaining(["kernel.tenant_key", "kernel.api_key"]));
  expect(JSON.stringify(rows)).not.toMatch(/"(secret_hash|wrapped)"/);
});

test("APP-02 a budget can't be driven out of its type", async () => {
  const lease = (block: number) =>
    kernel.door.callFunction({
      sql: "select granted from kernel.lease_budget('x', 'y', 900, 5, $1)",
      parameters: [block],
    });
  for (const block of [2_147_483_647, 2_147_483_647, 1]) await lease(block);
  expect(await lease(1)).toEqual([{ granted: 0 }]);
});
