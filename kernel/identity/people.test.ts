import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestKernel, type TestKernel, type TestPerson } from "../testing/kernel.ts";
import type { Tx } from "../work/door.ts";
import { Problem } from "../work/problem.ts";
import { issueKey } from "./api-key.ts";
import { openIdentity, type Identity } from "./identity.ts";
import { makeRole } from "../access/custom-role.ts";
import { permissionsOf } from "../access/declared.ts";
import { setAccess } from "../access/member-role.ts";
import { admit } from "./membership.ts";
import { acceptInvitation, invitationOf, invite, listInvitations, withdrawInvitation } from "./invitation.ts";
import { InvitationLimits } from "./invitation-limit.ts";
import { changePolicy } from "../policy/store.ts";
import { changeRole, endMemberSessions, handOver, listMembers, removeMember } from "./people.ts";
import { insertPerson } from "./person.ts";
import { sessionProfile } from "./session.ts";
import { signIn } from "./sign-in.ts";

let kernel: TestKernel;
let identity: Identity;
let admin: Client;
let acme: string;
let owner: TestPerson;
let boss: TestPerson;
let member: TestPerson;
let count = 0;

beforeAll(async () => {
  kernel = await openTestKernel();
  identity = openIdentity(kernel, { url: "http://localhost:3000" });
  admin = new Client(kernel.admin);
  await admin.connect();
});
beforeEach(async () => {
  acme = await kernel.foundWorkspace(`acme-${count++}`);
  owner = await kernel.addPerson(acme, "owner");
  boss = await kernel.addPerson(acme, "admin");
  member = await kernel.addPerson(acme, "member");
});
afterAll(async () => {
  await admin.end();
  await kernel.close();
});

const password = "copper lantern folds 81";
const newAddress = () => `new${count++}@example.test`;
const from = () => ({
  source: { address: `10.1.${count >> 8}.${count++ & 255}`, requestId: "test" },
  userAgent: "test",
});
const by = <T>(person: TestPerson, run: (tx: Tx) => Promise<T>) =>
  kernel.door.work(person.session, "kernel.people.change", run);
const reads = (person: TestPerson) => kernel.door.work(person.session, "kernel.people.read", listMembers);
async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
  throw new Error("was not refused");
}
const invited = (email: string, role: "admin" | "member" = "member", person = boss) =>
  by(person, (tx) => invite(tx, { email, role }));
async function people(): Promise<Record<string, string>> {
  const rows = await reads(owner);
  return Object.fromEntries(rows.map((row) => [row.email, `${row.role} ${row.status}`]));
}
async function as<T>(role: string, text: string): Promise<T[]> {
  await admin.query(`set role ${role}`);
  return (await admin.query(text)).rows;
}

describe("invitations", () => {
  test("ACC-01 somebody new accepts with name and password, and is in", async () => {
    const email = newAddress();
    const { token } = await invited(email.toUpperCase(), "admin");
    expect(await invitationOf(identity, token)).toMatchObject({ email, role: "admin", tenantId: acme });
    const { session } = await acceptInvitation(identity, token, { name: "Ben", password, ...from() });
    expect(await sessionProfile(identity, session.token)).toMatchObject({
      email,
      name: "Ben",
      workspaces: [{ id: acme, role: "admin" }],
    });
    expect((await people())[email]).toBe("admin active");
    expect(await invitationOf(identity, token)).toBeUndefined();
    expect(await refusal(acceptInvitation(identity, token, { name: "Ben", password, ...from() }))).toBe(
      "identity.invitation_ended",
    );
    expect(await by(boss, listInvitations)).toEqual([]);
    expect((await signIn(identity, { email, password, ...from() })).userId).toBe(session.userId);
  });

  test("ACC-01 of racing uses one wins and makes one person", async () => {
    const email = newAddress();
    const { token } = await invited(email);
    const tries = await Promise.allSettled(
      Array.from({ length: 4 }, () => acceptInvitation(identity, token, { name: "Ben", password, ...from() })),
    );
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const each of tries) {
      if (each.status === "rejected") expect(each.reason).toMatchObject({ code: "identity.invitation_ended" });
    }
    const rows = await as("probity_owner", `select 1 from identity."user" where email = '${email}'`);
    expect(rows).toHaveLength(1);
    expect(Object.keys(await people()).filter((each) => each === email)).toHaveLength(1);
  });

  test("ACC-01 of one person's racing clicks one joins, the others hear that the link is used", async () => {
    const rival = await kernel.foundWorkspace(`rival-${count++}`);
    for (let round = 0; round < 5; round += 1) {
      const guest = await kernel.addPerson(rival, "member");
      const email = (await sessionProfile(identity, guest.session.token))?.email ?? "";
      const { token } = await invited(email);
      const previousToken = guest.session.token;
      // Four open connections, so that nobody is first for having had one.
      await Promise.all(Array.from({ length: 4 }, () => reads(owner)));
      const tries = await Promise.allSettled(
        Array.from({ length: 4 }, () =>
          acceptInvitation(identity, token, { asSignedIn: true, previousToken, ...from() }),
        ),
      );
      expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      for (const each of tries) {
        if (each.status === "rejected") expect(each.reason).toMatchObject({ code: "identity.invitation_ended" });
      }
    }
  });

  test("ACC-01 somebody known joins with their own password, under the lockout", async () => {
    const email = newAddress();
    const userId = await insertPerson(kernel.identityPool, { name: "Cleo", email, password });
    const { token } = await invited(email);
    const source = { address: "10.2.2.2", requestId: "test" };
    const accept = (secret: string) =>
      acceptInvitation(identity, token, { name: "X", password: secret, source, userAgent: null });
    expect(await refusal(accept("wrong lantern folds 81"))).toBe("identity.sign_in_refused");
    expect((await people())[email]).toBeUndefined();
    expect(await accept(password)).toMatchObject({ session: { userId }, tenantId: acme });
    expect((await reads(owner)).find((row) => row.email === email)?.name).toBe("Cleo");
    const { token: second } = await invited(newAddress());
    for (let index = 0; index < 5; index += 1) {
      await refusal(signIn(identity, { email: "x@example.test", password: "y", source, userAgent: null }));
    }
    expect((await invitationOf(identity, second))?.tenantId).toBe(acme);
    const third = newAddress();
    await insertPerson(kernel.identityPool, { name: "Dan", email: third, password });
    const { token: locked } = await invited(third);
    expect(await refusal(acceptInvitation(identity, locked, { name: "Dan", password, source, userAgent: null }))).toBe(
      "identity.sign_in_locked",
    );
  });

  test("IDN-08 somebody signed in joins as themselves alone, and gets a new token", async () => {
    const rival = await kernel.foundWorkspace(`rival-${count++}`);
    const guest = await kernel.addPerson(rival, "member");
    const email = (await sessionProfile(identity, guest.session.token))?.email ?? "";
    const { token } = await invited(email);
    const accept = (previousToken: string) =>
      acceptInvitation(identity, token, { asSignedIn: true, previousToken, ...from() });
    expect(await refusal(accept(member.session.token))).toBe("identity.invitation_for_another");
    expect(await refusal(accept("unknown"))).toBe("identity.invitation_for_another");
    const { session } = await accept(guest.session.token);
    expect(await sessionProfile(identity, guest.session.token)).toBeUndefined();
    expect((await sessionProfile(identity, session.token))?.workspaces.map(({ id }) => id)).toEqual([rival, acme]);
  });

  test("APP-02 so many invitations a day leave a workspace, and reach one address, as policy says", async () => {
    const policy = (name: "limit.invitationsPerDay" | "limit.invitationsPerAddress", value: number) =>
      kernel.door.work(owner.session, "kernel.policy.change", (tx) => changePolicy(tx, name, value, 0, "Test"));
    await policy("limit.invitationsPerDay", 3);
    await policy("limit.invitationsPerAddress", 2);
    const limits = new InvitationLimits(kernel);
    const address = newAddress();
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => limits.spend(boss.session, address)));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
    await limits.spend(boss.session, newAddress());
    await expect(limits.spend(boss.session, newAddress())).rejects.toMatchObject({
      headers: { "ratelimit-policy": '"invitation";q=3;w=86400' },
    });
    // Another workspace has its own numbers: one can't keep another from inviting somebody.
    const other = await kernel.addPerson(await kernel.foundWorkspace(`rival-${count++}`), "owner");
    for (let each = 0; each < 5; each += 1) await limits.spend(other.session, address);
    expect(await refusal(limits.spend(other.session, address))).toBe("http.too_many");
    expect(await refusal(limits.spend(member.session, newAddress()))).toBe("kernel.permission_missing");
  });

  test("ACC-01 withdrawn, replaced, expired: the link is dead and leaves nobody behind", async () => {
    const email = newAddress();
    const first = await invited(email);
    const second = await invited(email);
    const third = await invited(newAddress());
    await by(boss, (tx) => withdrawInvitation(tx, second.id));
    await as("probity_owner", "alter table kernel.invitation disable trigger user, no force row level security");
    await as("probity_owner", `update kernel.invitation set expires_at = now() where id = '${third.id}'`);
    await as("probity_owner", "alter table kernel.invitation enable trigger user, force row level security");
    for (const { token } of [first, second, third]) {
      expect(await refusal(acceptInvitation(identity, token, { name: "Ben", password, ...from() }))).toBe(
        "identity.invitation_ended",
      );
    }
    expect(await as("probity_owner", `select 1 from identity."user" where email = '${email}'`)).toEqual([]);
  });

  test("ACC-01 nobody invites an owner, a member invites nobody, a member is not invited again", async () => {
    for (const person of [owner, boss]) {
      expect(await refusal(by(person, (tx) => invite(tx, { email: newAddress(), role: "owner" })))).toBe(
        "identity.owner_only",
      );
    }
    expect(await refusal(invited(newAddress(), "member", member))).toBe("kernel.permission_missing");
    const entered = kernel.door.work(member.session, "kernel.people.read", (tx) =>
      invite(tx, { email: newAddress(), role: "member" }),
    );
    expect(await refusal(entered)).toBe("identity.people_not_yours");
    const email = (await sessionProfile(identity, member.session.token))?.email ?? "";
    expect(await refusal(invited(email))).toBe("identity.already_member");
  });
});

describe("roles and leaving", () => {
  test("IDN-08 a changed role counts at once and begins with a new session", async () => {
    await by(boss, (tx) => changeRole(tx, member.membershipId, "admin"));
    expect(await refusal(reads(member))).toBe("kernel.session_ended");
    expect((await reads(owner)).find((row) => row.id === member.membershipId)?.role).toBe("admin");
  });

  test("ACC-01 an admin neither makes nor touches an owner; nobody changes their own role", async () => {
    const other = await kernel.addPerson(acme, "owner");
    const tries = [
      by(boss, (tx) => changeRole(tx, member.membershipId, "owner")),
      by(boss, (tx) => changeRole(tx, owner.membershipId, "member")),
      by(boss, (tx) => removeMember(tx, owner.membershipId)),
      by(boss, (tx) => changeRole(tx, boss.membershipId, "owner")),
      by(boss, (tx) => changeRole(tx, boss.membershipId, "member")),
      by(owner, (tx) => changeRole(tx, owner.membershipId, "member")),
      by(owner, (tx) => removeMember(tx, owner.membershipId)),
      by(member, (tx) => changeRole(tx, member.membershipId, "owner")),
    ].map(refusal);
    expect(await Promise.all(tries)).toEqual([
      ...Array<string>(3).fill("identity.owner_only"),
      ...Array<string>(4).fill("identity.own_membership"),
      "kernel.permission_missing",
    ]);
    expect((await reads(other)).filter((row) => row.role === "owner")).toHaveLength(2);
  });

  test("ACC-01 somebody from outside becomes no member by a changed role, a handed-over workspace or given access", async () => {
    const email = newAddress();
    const { token } = await by(boss, (tx) => invite(tx, { email, role: "guest" }));
    const { membershipId } = await acceptInvitation(identity, token, { name: "Vera", password, ...from() });
    const role = await kernel.door.work(owner.session, "kernel.role.change", (tx) =>
      makeRole(tx, { name: "Reader", description: "", permissions: ["kernel.people.read"] }),
    );
    const tries = [
      by(boss, (tx) => changeRole(tx, membershipId, "member")),
      by(owner, (tx) => changeRole(tx, membershipId, "owner")),
      by(owner, (tx) => handOver(tx, membershipId)),
      by(owner, (tx) => setAccess(tx, membershipId, { apps: {}, customRoles: [role] })),
    ].map(refusal);
    expect(await Promise.all(tries)).toEqual(Array<string>(4).fill("identity.guest_stays"));
    expect((await people())[email]).toBe("guest active");
    // The way there is: removed, invited, and taken up by themselves.
    await by(boss, (tx) => removeMember(tx, membershipId));
    await invited(email);
    expect((await people())[email]).toBe("guest disabled");
  });

  test("IDN-08 an admin ends any session of the organisation, an owner's too", async () => {
    const other = await kernel.addPerson(acme, "owner");
    expect(await by(boss, (tx) => endMemberSessions(tx, other.membershipId))).toBe(1);
    expect(await refusal(reads(other))).toBe("kernel.session_ended");
    await by(owner, (tx) => removeMember(tx, other.membershipId));
  });

  test("ACC-01 two owners who unmake each other at once leave one", async () => {
    const other = await kernel.addPerson(acme, "owner");
    // Both stand inside the door before either acts: the first to finish could end the other's session otherwise.
    let waiting = 2;
    const { promise: bothIn, resolve } = Promise.withResolvers<void>();
    const together = (person: TestPerson, run: (tx: Tx) => Promise<void>) =>
      by(person, async (tx) => {
        waiting -= 1;
        if (waiting === 0) resolve();
        await bothIn;
        await run(tx);
      });
    const tries = await Promise.allSettled([
      together(owner, (tx) => changeRole(tx, other.membershipId, "member")),
      together(other, (tx) => removeMember(tx, owner.membershipId)),
    ]);
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const rows = await kernel.door.work(boss.session, "kernel.people.read", listMembers);
    expect(rows.filter((row) => row.role === "owner" && row.status === "active")).toHaveLength(1);
  });

  test("IDN-08 who is removed loses sessions and API keys in that moment, and can be invited again", async () => {
    const key = await by(boss, (tx) =>
      issueKey(tx, {
        membershipId: member.membershipId,
        name: "Script",
        permissions: ["kernel.people.read"],
        expiresAt: new Date(Date.now() + 3_600_000),
      }),
    );
    const credential = { kind: "key", token: key.token, source: from().source } as const;
    const useKey = () => kernel.door.work(credential, "kernel.people.read", listMembers);
    expect(await useKey()).toHaveLength(3);
    const email = (await sessionProfile(identity, member.session.token))?.email ?? "";
    await by(boss, (tx) => removeMember(tx, member.membershipId));
    expect(await refusal(reads(member))).toBe("kernel.session_ended");
    expect(await refusal(useKey())).toBe("kernel.key_ended");
    expect((await people())[email]).toBe("member disabled");
    const rows = await as<{ revoked: boolean }>(
      "probity_door",
      `select revoked_at is not null as revoked from kernel.api_key where id = '${key.id}'`,
    );
    expect(rows).toEqual([{ revoked: true }]);
    expect(await refusal(by(boss, (tx) => removeMember(tx, member.membershipId)))).toBe("identity.member_unknown");
    expect((await invited(email)).token).toBeTruthy();
  });

  test("ACC-01 who was removed and comes back has the invited role and nothing of before; links never used are withdrawn", async () => {
    const role = await kernel.door.work(owner.session, "kernel.role.change", (tx) =>
      makeRole(tx, { name: "Recruiter", description: "", permissions: ["kernel.people.change"] }),
    );
    await by(owner, (tx) => setAccess(tx, member.membershipId, { apps: {}, customRoles: [role] }));
    const held = () =>
      kernel.door.work(owner.session, "kernel.people.read", (tx) => permissionsOf(tx, member.membershipId));
    expect(await held()).toContain("kernel.people.change");
    const profile = await kernel.identityPool.query<{ email: string }>(
      `select email from identity."user" where id = $1`,
      [member.userId],
    );
    const email = profile.rows[0]?.email ?? "";
    // Invited at first, they came in by their directory: the link was never used.
    const stray = newAddress();
    const unused = await invited(stray);
    const joined = await kernel.door.work(kernel.system(acme), "kernel.membership.accept", async (tx) => {
      const userId = await insertPerson(kernel.identityPool, { name: "Eve", email: stray, password });
      return admit(tx, { userId: userId ?? "", name: "Eve", email: stray, role: "member" });
    });
    await by(boss, (tx) => removeMember(tx, joined));
    expect(await refusal(acceptInvitation(identity, unused.token, { name: "Eve", password, ...from() }))).toBe(
      "identity.invitation_ended",
    );
    await by(boss, (tx) => removeMember(tx, member.membershipId));
    await kernel.door.work(kernel.system(acme), "kernel.membership.accept", (tx) =>
      admit(tx, { userId: member.userId, name: "Back", email, role: "member" }),
    );
    expect((await people())[email]).toBe("member active");
    expect(await held()).not.toContain("kernel.people.change");
  });

  test("IDN-08 an admin ends a member's sessions; a member of another workspace is out of reach", async () => {
    const rival = await kernel.foundWorkspace(`rival-${count++}`);
    const foreign = await kernel.addPerson(rival, "member");
    expect(await refusal(by(boss, (tx) => endMemberSessions(tx, foreign.membershipId)))).toBe(
      "identity.member_unknown",
    );
    expect(await refusal(by(boss, (tx) => removeMember(tx, foreign.membershipId)))).toBe("identity.member_unknown");
    expect(await by(boss, (tx) => endMemberSessions(tx, member.membershipId))).toBe(1);
    expect(await refusal(reads(member))).toBe("kernel.session_ended");
    expect(await reads(foreign)).toHaveLength(1);
  });

  test("LOG invitation, acceptance, role change and removal leave their leaves, without the address", async () => {
    const email = newAddress();
    const { token } = await invited(email);
    const { membershipId } = await acceptInvitation(identity, token, { name: "Ben", password, ...from() });
    await by(owner, (tx) => changeRole(tx, membershipId, "admin"));
    await by(owner, (tx) => removeMember(tx, membershipId));
    const rows = await as<{ action: string; actor_id: string; leaf: Buffer }>(
      "probity_door",
      `select l.action, b.body ->> 'actor' as actor_id, l.leaf
       from (select tenant_id, action, leaf from kernel.ledger_inbox
             union all select tenant_id, action, leaf from kernel.ledger_event) l
       cross join lateral (select convert_from(l.leaf, 'UTF8')::jsonb as body) b
       where l.tenant_id = '${acme}' order by b.body ->> 'id' desc limit 6`,
    );
    // Ids of one millisecond have no order among themselves.
    expect(rows.map((row) => row.action).toSorted()).toEqual([
      "kernel.invitation.accept",
      "kernel.invitation.create",
      "kernel.membership.change_role",
      "kernel.membership.create",
      "kernel.membership.end",
      "kernel.session.start",
    ]);
    expect(rows.find((row) => row.action === "kernel.membership.end")?.actor_id).toBe(owner.membershipId);
    for (const { leaf } of rows) expect(String(leaf)).not.toContain(email);
  });
});
