import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { changeRole } from "../identity/people.ts";
import type { TestPerson } from "../testing/kernel.ts";
import { asDoor, placeLeaves } from "../testing/record-suite.ts";
import { challengeFor, makeSigner, signAs } from "../testing/signing.ts";
import { query } from "../work/query.ts";
import {
  approve,
  leaf,
  openSigningWorld,
  outcome,
  reason,
  review,
  type SigningWorld,
} from "../testing/signing-world.ts";

let world: SigningWorld;
beforeAll(async () => {
  world = await openSigningWorld();
});
afterAll(() => world?.server.close());

describe("SIG-01 a signature says who, when, what it means, of which bytes", () => {
  test("SIG-01 SIG-04 SIG-05 two people sign in order; each signature holds its own words and agrees with its leaf", async () => {
    const { server, reviewer, approver, draft, view } = world;
    const { one, id } = await draft();
    expect(outcome(await signAs(approver, one, { ...approve, version: 1 }))).toEqual([409, "signing.out_of_order"]);
    expect((await signAs(reviewer, one, { ...review, version: 1 })).status).toBe(201);
    expect(await view(one)).toMatchObject({ state: "reviewed", locked: true, version: 2, unchanged: true });
    const wanted = { ...approve, version: 2, reasonCode: "periodic", reason: "Yearly" };
    expect((await signAs(approver, one, wanted)).status).toBe(201);
    await placeLeaves(server);
    const shown = await view(one);
    expect(shown).toMatchObject({ state: "approved", version: 2, unchanged: true });
    const clean = { manifest: true, record: true, leaf: true };
    expect(shown["steps"]).toMatchObject([
      {
        signatures: [
          { printedName: reviewer.printedName, meaning: review.meaning, zone: "UTC", version: 2, check: clean },
        ],
      },
      {
        signatures: [{ printedName: approver.printedName, reasonCode: "periodic", reason: "Yearly", check: clean }],
      },
    ]);
    const [row] = await asDoor(server, "select * from kernel.signature where row_id = $1 order by signed_at", [id]);
    const opened = await reviewer.by("GET", `${one}/signatures/${String(row?.["id"])}`);
    expect(JSON.parse(String(opened.body["signed"]))).toMatchObject({
      kind: "probity.record",
      row: id,
      version: 2,
      content: { title: "Stability of batch 7", note: "as is" },
    });
    expect(row?.["auth"]).toMatchObject({ components: "all", methods: ["user-name", "password"] });
  });

  test("SIG-01 a later name of the account changes no signature, and a new account at an old address is another signer", async () => {
    const { server, owner, reviewer, approver, signed, view, inject } = world;
    const { one } = await signed();
    await server.kernel.identityPool.query(`update identity."user" set name = 'Somebody Else' where id = $1`, [
      reviewer.userId,
    ]);
    expect((await view(one))["steps"]).toMatchObject([{ signatures: [{ printedName: reviewer.printedName }] }, {}]);
    const moved = inject(
      owner,
      async (tx) => {
        await tx.record(leaf("kernel.membership", reviewer.membershipId, 2));
        await tx.all(
          query
            .updateTable("kernel.membership")
            .set({ user_id: approver.userId })
            .where("id", "=", reviewer.membershipId),
        );
      },
      "kernel.people.change",
    );
    await expect(moved).rejects.toMatchObject({ status: 403 });
  });

  test("SIG-01 a second signature of a series asks for one component; sign-out, role, password and lock end the series", async () => {
    const { server, signer, draft, prove, asOwner } = world;
    const person = await signer("member");
    const needs = async () => {
      const { one } = await draft();
      const challenged = await challengeFor(person, one, { ...review, version: 1 });
      return [one, challenged.body["challenge"], Reflect.get(Object(challenged.body["components"]), "needed")] as const;
    };
    const [first, challenge, all] = await needs();
    expect(all).toBe("all");
    const bare = await person.by("POST", `${first}/signatures`, { body: { challenge, password: person.password } });
    expect(outcome(bare)).toEqual([422, "signing.components_missing"]);
    expect((await prove(person, first, challenge)).status).toBe(201);
    const [second, again, one] = await needs();
    expect(one).toBe("one");
    const alone = await person.by("POST", `${second}/signatures`, {
      body: { challenge: again, password: person.password },
    });
    expect(alone.status).toBe(201);
    await server.kernel.identityPool.query(
      "update identity.account set password = password || ' ' where user_id = $1",
      [person.userId],
    );
    expect((await needs())[2]).toBe("all");
    await server.kernel.identityPool.query(
      "update identity.account set password = rtrim(password) where user_id = $1",
      [person.userId],
    );
    expect((await needs())[2]).toBe("one");
    await asOwner("update identity.signing_session set last_at = now() - interval '11 minutes'");
    expect((await needs())[2]).toBe("all");
  });

  test("SIG-01 a key, a job and the server sign nothing: no one signs for another", async () => {
    const { server, owner, draft } = world;
    const { one } = await draft();
    const key = await server.withKey(owner, [
      "trial_sign.report.read",
      "trial_sign.report.review",
      "trial_sign.report.unlock",
    ]);
    const body = review;
    expect(outcome(await key("POST", `${one}/signing/challenge`, { version: 1, body }))).toEqual([
      403,
      "signing.person_only",
    ]);
    const proof = { challenge: "x".repeat(43), password: "x" };
    expect(outcome(await key("POST", `${one}/signatures`, { body: proof }))).toEqual([403, "signing.person_only"]);
  });
});

describe("SIG-01 attacks on a signature", () => {
  test("SIG-01 a challenge is good once, for minutes, for its session, tenant, record and version", async () => {
    const { author, reviewer, approver, draft, prove, asOwner, lineOf, anotherSession } = world;
    const { one } = await draft();
    const other = await draft();
    const wanted = { ...review, version: 1 };
    const challenge = async () => (await challengeFor(reviewer, one, wanted)).body["challenge"];
    const ended = [409, "signing.challenge_ended"];
    // Another record, another person, made up.
    expect(outcome(await prove(reviewer, other.one, await challenge()))).toEqual(ended);
    expect(outcome(await prove(approver, one, await challenge()))).toEqual(ended);
    expect(outcome(await prove(reviewer, one, "A".repeat(43)))).toEqual(ended);
    // Another session of the same person.
    const second = await anotherSession(reviewer);
    expect(outcome(await prove(second, one, await challenge()))).toEqual(ended);
    // Stale.
    const stale = await challenge();
    await asOwner("update identity.signing_challenge set expires_at = now() where used_at is null");
    expect(outcome(await prove(reviewer, one, stale))).toEqual(ended);
    // The record moved between challenge and signature: by its own row, and by what lies beneath.
    const before = await challenge();
    const body = { text: "pH 9.9" };
    expect((await author.by("PATCH", `/api/trial-sign/lines/${await lineOf(one)}`, { version: 1, body })).status).toBe(
      200,
    );
    expect(outcome(await prove(reviewer, one, before))).toEqual([412, "signing.record_moved"]);
    const once = await challenge();
    expect((await author.by("PATCH", one, { version: 1, body: { title: "B", reason } })).status).toBe(200);
    expect(outcome(await prove(reviewer, one, once))).toEqual([412, "signing.record_moved"]);
    expect(outcome(await challengeFor(reviewer, one, wanted))).toEqual([412, "kernel.stale"]);
    // Replay.
    const good = (await challengeFor(reviewer, one, { ...review, version: 2 })).body["challenge"];
    const racing = await Promise.all([
      prove(reviewer, one, good),
      prove(reviewer, one, good),
      prove(reviewer, one, good),
    ]);
    expect(racing.filter((answer) => answer.status === 201)).toHaveLength(1);
    expect(outcome(await prove(reviewer, one, good))).toEqual(ended);
  });

  test("SIG-01 another tenant's session and challenge sign nothing here", async () => {
    const { server, approver, signed, prove } = world;
    const { one } = await signed();
    const rival = await server.kernel.foundWorkspace(`rival-${uuidv7()}`);
    const theirs = await makeSigner(server, await server.member(rival, "admin"), await server.member(rival, "owner"));
    expect((await challengeFor(theirs, one, { ...approve, version: 2 })).status).toBe(404);
    const challenge = (await challengeFor(approver, one, { ...approve, version: 2 })).body["challenge"];
    expect([404, 409]).toContain((await prove(theirs, one, challenge)).status);
    expect((await theirs.by("GET", `${one}/signing`)).status).toBe(404);
  });

  test("SIG-05 of two who race for one signature one gives it, and the other hears so", async () => {
    const { reviewer, approver, signer, draft, signed } = world;
    const { one } = await signed();
    const rival = await signer("admin");
    const answers = await Promise.all([approver, rival].map((each) => signAs(each, one, { ...approve, version: 2 })));
    expect(answers.map((each) => each.status).toSorted()).toEqual([201, 409]);
    expect(
      outcome(answers.find((each) => each.status === 409) ?? { status: 0, headers: new Headers(), text: "", body: {} }),
    ).toEqual([409, "signing.step_done"]);
    const first = await draft();
    const both = await Promise.all([reviewer, rival].map((each) => signAs(each, first.one, { ...review, version: 1 })));
    expect(both.filter((each) => each.status === 201)).toHaveLength(1);
    for (const each of both) expect([201, 409, 412]).toContain(each.status);
  });

  test("SIG-05 nobody signs their own work, nor a second time through another role", async () => {
    const { author, approver, draft } = world;
    const { one } = await draft();
    expect(outcome(await signAs(author, one, { ...review, version: 1 }))).toEqual([403, "signing.own_work"]);
    expect((await signAs(approver, one, { ...review, version: 1 })).status).toBe(201);
    expect(outcome(await signAs(approver, one, { ...approve, version: 2 }))).toEqual([403, "signing.signed_before"]);
    expect(outcome(await signAs(author, one, { ...approve, version: 2 }))).toEqual([403, "signing.own_work"]);
  });

  test("SIG-01 who lost the role between challenge and signature signs nothing", async () => {
    const { server, owner, signer, signed, view, prove } = world;
    const { one } = await signed();
    const leaver = await signer("admin");
    const challenge = (await challengeFor(leaver, one, { ...approve, version: 2 })).body["challenge"];
    await server.kernel.door.work(owner.session, "kernel.people.change", (tx) =>
      changeRole(tx, leaver.membershipId, "member"),
    );
    expect([401, 403]).toContain((await prove(leaver, one, challenge)).status);
    expect(await view(one)).toMatchObject({ state: "reviewed" });
  });

  test("SIG-01 wrong credentials sign nothing; at the limit signing in that name is locked, admins are told, the log says so", async () => {
    const { server, acme, owner, signer, draft, prove } = world;
    const { one } = await draft();
    const person = await signer("member");
    const challenge = async () => (await challengeFor(person, one, { ...review, version: 1 })).body["challenge"];
    const wrong = async (more: Record<string, unknown>) => prove(person, one, await challenge(), more);
    expect(outcome(await wrong({ userName: "else@example.test" }))).toEqual([403, "signing.refused"]);
    expect(outcome(await wrong({ totp: "123456" }))).toEqual([403, "signing.refused"]);
    // Fifty at once are no more than what is left of three.
    const held = await challenge();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => prove(person, one, held, { password: `guess ${n}` })),
    );
    expect(new Set(answers.map((each) => each.body["code"]))).toEqual(new Set(["signing.locked"]));
    expect(outcome(await prove(person, one, held))).toEqual([423, "signing.locked"]);
    const leaves = await asDoor(
      server,
      `select action from kernel.ledger_inbox where row_id = $1 and action ~ '^kernel.sign' union all
       select action from kernel.ledger_event where row_id = $1 and action ~ '^kernel.sign'`,
      [person.membershipId],
    );
    const count = (action: string) => leaves.filter((each) => each["action"] === action).length;
    expect([count("kernel.signature.refuse"), count("kernel.signing.lock")]).toEqual([3, 1]);
    const mails = await server.kernel.identityPool.query(
      "select 1 from identity.mail where template = 'signing.locked' and tenant_id = $1 and user_id = $2",
      [acme, owner.userId],
    );
    expect(mails.rowCount).toBe(1);
    const listed = (await server.as(owner)("GET", "/api/signing/signers")).body["items"];
    expect(listed).toContainEqual(expect.objectContaining({ membershipId: person.membershipId, status: "locked" }));
    const release = (by: TestPerson) =>
      server.as(by)("POST", `/api/signing/signers/${person.membershipId}/reinstate`, { body: { reason: "Own tries" } });
    expect((await release(person)).status).toBe(403);
    expect((await release(owner)).status).toBe(204);
    await server.kernel.identityPool.query("delete from identity.sign_in_guard");
    expect((await prove(person, one, await challenge())).status).toBe(201);
  });
});
