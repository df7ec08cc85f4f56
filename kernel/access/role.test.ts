import { randomUUIDv7 as uuidv7 } from "node:crypto";
import fc from "fast-check";
import { Client, DatabaseError } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { issueKey } from "../identity/api-key.ts";
import { invite } from "../identity/invitation.ts";
import { changeRole, handOver, removeMember } from "../identity/people.ts";
import { openTestKernel, type TestKernel, type TestPerson } from "../testing/kernel.ts";
import type { Tx } from "../work/door.ts";
import { Problem } from "../work/problem.ts";
import { query } from "../work/query.ts";
import { changeCustomRole, deleteRole, listCustomRoles, makeRole } from "./custom-role.ts";
import { permissionsOf } from "./declared.ts";
import { accessOf } from "./matrix.ts";
import { setAccess } from "./member-role.ts";
import { declaredGrants, grantsOf, type AppRoles } from "./role.ts";

const roles = {
  admin: {
    title: "Admin",
    about: "",
    permissions: ["bench.sample.read", "bench.sample.change", "bench.sample.review", "bench.setup.change"],
  },
  technician: { title: "Technician", about: "", permissions: ["bench.sample.read", "bench.sample.change"] },
  reviewer: { title: "Reviewer", about: "", permissions: ["bench.sample.read", "bench.sample.review"] },
  "read-only": { title: "Read-only", about: "", permissions: ["bench.sample.read"] },
} satisfies AppRoles;
const bench = {
  name: "bench",
  title: "Bench",
  roles,
  grants: {
    ...grantsOf(roles, { owner: "admin", admin: "admin", member: "technician" }),
    "bench.workspace.burn": ["owner" as const],
  },
};
const people = "kernel.people.change";
const making = "kernel.role.change";

let kernel: TestKernel;
let acme: string;
let owner: TestPerson;
let boss: TestPerson;
let second: TestPerson;
let member: TestPerson;
let count = 0;

beforeAll(async () => {
  kernel = await openTestKernel({ grants: declaredGrants([bench]), poolSize: 6 });
});
afterAll(() => kernel.close());
beforeEach(async () => {
  acme = await kernel.foundWorkspace(`acme-${(count += 1)}`);
  owner = await kernel.addPerson(acme, "owner");
  boss = await kernel.addPerson(acme, "admin");
  second = await kernel.addPerson(acme, "admin");
  member = await kernel.addPerson(acme, "member");
});

const by = <T>(person: TestPerson, permission: string, run: (tx: Tx) => Promise<T>) =>
  kernel.door.work(person.session, permission, run);
const give = (giver: TestPerson, to: TestPerson, apps: Record<string, string | null>, customRoles: string[] = []) =>
  by(giver, people, (tx) => setAccess(tx, to.membershipId, { apps, customRoles }));
const make = (maker: TestPerson, permissions: string[], name = `Role ${uuidv7()}`) =>
  by(maker, making, (tx) => makeRole(tx, { name, description: "", permissions }));
/** Their sessions end when their access changes: what they hold is asked in the owner's name. */
const held = (person: TestPerson) =>
  by(owner, "kernel.people.read", async (tx) => [...(await permissionsOf(tx, person.membershipId))].toSorted());
const benchOf = async (person: TestPerson) => (await held(person)).filter((each) => each.startsWith("bench."));
async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Problem) return error.code;
    // The database's own word, where no statement of ours leads to it.
    if (error instanceof DatabaseError && error.code === "PB403") return `kernel.${error.message}`;
    throw error;
  }
  return "was not refused";
}

describe("what a member holds", () => {
  test("ACC-01 the platform role gives a default role in each app, a role given there stands in its place", async () => {
    expect(await benchOf(member)).toEqual(roles.technician.permissions.toSorted());
    await give(boss, member, { bench: "reviewer" });
    expect(await benchOf(member)).toEqual(roles.reviewer.permissions.toSorted());
    await give(boss, member, { bench: "none" });
    expect(await benchOf(member)).toEqual([]);
    expect(await held(member)).toContain("kernel.home.read");
    await give(boss, member, { bench: null });
    expect(await benchOf(member)).toEqual(roles.technician.permissions.toSorted());
  });

  test("ACC-01 a custom role adds what it holds, changes for all who have it, and ends for them", async () => {
    const id = await make(boss, ["kernel.ledger.read"]);
    await give(boss, member, {}, [id]);
    expect(await held(member)).toContain("kernel.ledger.read");
    await by(boss, making, (tx) =>
      changeCustomRole(tx, id, 1, { name: "Auditor", description: "", permissions: ["kernel.ledger.export"] }),
    );
    expect(await held(member)).not.toContain("kernel.ledger.read");
    expect(await held(member)).toContain("kernel.ledger.export");
    await by(boss, making, (tx) => deleteRole(tx, id));
    expect(await held(member)).not.toContain("kernel.ledger.export");
  });

  test('ACC-01 every answer of "who can do what, and why" is the door\'s own, for any roles', async () => {
    const target = await kernel.addPerson(acme, "member");
    const customs = await Promise.all([
      make(owner, ["kernel.ledger.read", "bench.setup.change"]),
      make(owner, ["bench.sample.review"]),
    ]);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("admin" as const, "member" as const),
        fc.constantFrom(null, "none", ...Object.keys(roles)),
        fc.subarray(customs),
        async (platform, role, customRoles) => {
          await by(owner, people, (tx) => changeRole(tx, target.membershipId, platform));
          await give(owner, target, { bench: role }, customRoles);
          const access = await by(owner, "kernel.access.read", accessOf);
          for (const principal of access.principals) {
            const told = principal.holds.map(({ permission }) => permission);
            const enforced = await by(owner, "kernel.access.read", (tx) => permissionsOf(tx, principal.id));
            expect(told).toEqual([...enforced].toSorted());
            expect(principal.holds.every(({ why }) => why.length > 0)).toBe(true);
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe("nobody widens their own grant", () => {
  test("ACC-01 an admin makes nobody an owner, changes no owner, and gives nothing they do not hold", async () => {
    await give(owner, boss, { bench: "read-only" });
    boss = { ...boss, session: (await newSession(boss)).session };
    const changer = await make(owner, ["bench.sample.change"]);
    const own = [
      by(boss, people, (tx) => changeRole(tx, member.membershipId, "owner")),
      by(boss, people, (tx) => changeRole(tx, owner.membershipId, "member")),
      by(boss, people, (tx) => removeMember(tx, owner.membershipId)),
      by(boss, people, (tx) => handOver(tx, member.membershipId)),
      by(boss, people, (tx) => changeRole(tx, member.membershipId, "admin")),
      by(boss, people, (tx) => invite(tx, { email: "friend@example.test", role: "admin" })),
      by(boss, people, (tx) => invite(tx, { email: "friend@example.test", role: "owner" })),
      give(boss, boss, { bench: "admin" }),
      give(boss, owner, { bench: "read-only" }),
      give(boss, member, { bench: "reviewer" }),
      give(boss, member, { bench: "admin" }),
      give(boss, member, {}, [changer]),
      make(boss, ["bench.sample.review"]),
      make(boss, ["bench.workspace.burn"]),
      make(boss, ["no.such.thing"]),
      make(owner, ["bench.workspace.burn"]),
    ];
    expect(await Promise.all(own.map(refusal))).toEqual([
      "identity.owner_only",
      "identity.owner_only",
      "identity.owner_only",
      "identity.owner_only",
      "access.more_than_yours",
      "access.more_than_yours",
      "identity.owner_only",
      "identity.own_membership",
      "identity.owner_only",
      "access.more_than_yours",
      "access.more_than_yours",
      "access.more_than_yours",
      "access.more_than_yours",
      "access.owner_only_permission",
      "access.permission_unknown",
      "access.owner_only_permission",
    ]);
    expect(await benchOf(member)).toEqual(roles.technician.permissions.toSorted());
  });

  test("ACC-01 the same by SQL, as the role the server signs in with, inside a transaction that may change people", async () => {
    await give(owner, boss, { bench: "read-only" });
    boss = { ...boss, session: (await newSession(boss)).session };
    const strong = await make(owner, ["bench.sample.review"]);
    const mine = await make(boss, ["bench.sample.read"]);
    const membership = (tx: Tx, person: TestPerson, set: Record<string, string>) =>
      change(tx, "kernel.membership", person.membershipId, () =>
        tx.all(query.updateTable("kernel.membership").set(set).where("id", "=", person.membershipId)),
      );
    const roleRow = (
      tx: Tx,
      person: TestPerson,
      values: { app: string; role: string } | { custom_role_id: string },
    ) => {
      const id = uuidv7();
      return change(tx, "kernel.member_role", id, () =>
        tx.all(query.insertInto("kernel.member_role").values({ id, membership_id: person.membershipId, ...values })),
      );
    };
    const attacks: ((tx: Tx) => Promise<unknown>)[] = [
      (tx) => membership(tx, boss, { role: "owner" }),
      (tx) => membership(tx, member, { role: "owner" }),
      (tx) => membership(tx, member, { role: "admin" }),
      (tx) => membership(tx, owner, { role: "member" }),
      (tx) => membership(tx, owner, { status: "disabled" }),
      (tx) => membership(tx, member, { user_id: uuidv7() }),
      (tx) => roleRow(tx, boss, { custom_role_id: strong }),
      (tx) => roleRow(tx, owner, { app: "bench", role: "none" }),
      (tx) => roleRow(tx, member, { app: "bench", role: "reviewer" }),
      (tx) => roleRow(tx, member, { app: "bench", role: "no-such-role" }),
      (tx) => roleRow(tx, member, { custom_role_id: strong }),
      (tx) => invitation(tx, "admin"),
      (tx) => key(tx, owner),
      (tx) => key(tx, second),
    ];
    for (const [index, attack] of attacks.entries())
      expect([index, await refusal(by(boss, people, attack))]).toEqual([
        index,
        expect.stringMatching(/^kernel\.(permission_missing|last_owner)$/),
      ]);
    // A role that its maker has: what it is to give them does not count as theirs.
    await give(owner, boss, { bench: "read-only" }, [mine]);
    boss = { ...boss, session: (await newSession(boss)).session };
    const widen = (tx: Tx) =>
      change(tx, "kernel.custom_role", mine, () =>
        tx.all(
          query
            .updateTable("kernel.custom_role")
            .set({ permissions: ["bench.sample.read", "bench.sample.review"] })
            .where("id", "=", mine),
        ),
      );
    expect(await refusal(by(boss, making, widen))).toBe("kernel.permission_missing");
    // And in a transaction that was entered for something else, not at all.
    expect(
      await refusal(by(owner, "kernel.home.read", (tx) => roleRow(tx, member, { app: "bench", role: "admin" }))),
    ).toBe("kernel.permission_missing");
    expect(await benchOf(member)).toEqual(roles.technician.permissions.toSorted());
    expect(
      (await by(owner, "kernel.people.read", listCustomRoles)).find((role) => role.id === mine)?.permissions,
    ).toEqual(["bench.sample.read"]);
  });

  test("ACC-01 of two owners who unmake each other at once by bare SQL one is refused; so is the last one", async () => {
    const other = await kernel.addPerson(acme, "owner");
    const unmake = (who: TestPerson, whom: TestPerson) =>
      by(who, people, (tx) =>
        change(tx, "kernel.membership", whom.membershipId, () =>
          tx.all(query.updateTable("kernel.membership").set({ role: "member" }).where("id", "=", whom.membershipId)),
        ),
      );
    const outcomes = await Promise.all([refusal(unmake(owner, other)), refusal(unmake(other, owner))]);
    expect(outcomes.filter((each) => each === "was not refused").length).toBeLessThanOrEqual(1);
    const owners = await asAdmin(
      "select id from kernel.membership where tenant_id = $1 and role = 'owner' and status = 'active'",
      [acme],
    );
    expect(owners.length).toBeGreaterThanOrEqual(1);
  });

  test("ACC-01 an admin who is made a member while they hand a role out hands out nothing afterwards", async () => {
    for (let round = 0; round < 5; round += 1) {
      const giver = await kernel.addPerson(acme, "admin");
      const friend = await kernel.addPerson(acme, "member");
      const [, handed] = await Promise.all([
        by(owner, people, (tx) => changeRole(tx, giver.membershipId, "member")),
        refusal(by(giver, people, (tx) => changeRole(tx, friend.membershipId, "admin"))),
      ]);
      // In one order or the other, never in between: refused, or given before the giver lost it.
      expect([
        "was not refused",
        "identity.people_not_yours",
        "kernel.permission_missing",
        "kernel.session_ended",
      ]).toContain(handed);
      expect(await refusal(by(giver, people, (tx) => changeRole(tx, friend.membershipId, "admin")))).not.toBe(
        "was not refused",
      );
    }
  });

  test("ACC-01 an owner hands the workspace over: the other is owner, they are admin, both sign in again", async () => {
    await by(owner, people, (tx) => handOver(tx, boss.membershipId));
    const rows = await asAdmin("select id, role from kernel.membership where tenant_id = $1", [acme]);
    const of = new Map(rows.map((row) => [row["id"], row["role"]]));
    expect([of.get(owner.membershipId), of.get(boss.membershipId)]).toEqual(["admin", "owner"]);
    expect(await refusal(by(owner, "kernel.home.read", async () => undefined))).toBe("kernel.session_ended");
    expect(await refusal(by(boss, "kernel.home.read", async () => undefined))).toBe("kernel.session_ended");
  });
});

/** Stages the leaf of a change and makes it: the guard must not be what refuses. */
async function change(tx: Tx, record: string, rowId: string, run: () => Promise<unknown>): Promise<void> {
  const found = await asAdmin(
    `select version from ${record === "kernel.membership" ? "kernel.membership" : record === "kernel.custom_role" ? "kernel.custom_role" : "kernel.member_role"} where id = $1`,
    [rowId],
  );
  await tx.record({ action: "test.change", record, rowId, version: Number(found[0]?.["version"] ?? 0) + 1 });
  await run();
}
async function invitation(tx: Tx, role: string): Promise<void> {
  const id = uuidv7();
  await tx.record({ action: "test.change", record: "kernel.invitation", rowId: id, version: 1 });
  await tx.all(
    query.insertInto("kernel.invitation").values({
      id,
      email: "friend@example.test",
      role,
      secret_hash: Buffer.from(id),
      expires_at: new Date(Date.now() + 60_000),
    }),
  );
}
async function key(tx: Tx, person: TestPerson): Promise<void> {
  await issueKey(tx, {
    membershipId: person.membershipId,
    name: "somebody else's",
    permissions: ["bench.sample.review"],
    expiresAt: new Date(Date.now() + 60_000),
  });
}
async function newSession(person: TestPerson): Promise<TestPerson> {
  const token = uuidv7();
  await kernel.identityPool.query(
    "insert into identity.session (id, user_id, token, expires_at) values ($1, $2, encode(sha256(convert_to($3, 'UTF8')), 'hex'), now() + interval '1 day')",
    [uuidv7(), person.userId, token],
  );
  return { ...person, session: { ...person.session, token } };
}
async function asAdmin(text: string, values: unknown[]): Promise<Record<string, unknown>[]> {
  const client = new Client(kernel.admin);
  await client.connect();
  try {
    await client.query("begin");
    await client.query("set local role probity_door");
    return (await client.query<Record<string, unknown>>(text, values)).rows;
  } finally {
    await client.end();
  }
}
