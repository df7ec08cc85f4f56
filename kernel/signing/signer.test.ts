import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { executeAsOwner } from "../lint/trial.ts";
import type { TestPerson } from "../testing/kernel.ts";
import { challengeFor } from "../testing/signing.ts";
import { query } from "../work/query.ts";
import { call, leaf, openSigningWorld, outcome, reason, review, type SigningWorld } from "../testing/signing-world.ts";
import { anyTable } from "./subject.ts";

let world: SigningWorld;
beforeAll(async () => {
  world = await openSigningWorld();
});
afterAll(() => world?.server.close());

describe("SIG-06 reasons and identities", () => {
  test("SIG-06 a regulated record changes for a reason alone, by page and by statement, and the reason is kept", async () => {
    const { author, draft, inject } = world;
    const { id, one } = await draft();
    expect(outcome(await author.by("PATCH", one, { version: 1, body: { title: "Other" } }))).toEqual([
      422,
      "record.reason_missing",
    ]);
    const bare = inject(author, async (tx) => {
      await tx.record(leaf("trial_sign.report", id, 2));
      await tx.all(anyTable.updateTable("trial_sign.report").set({ title: "planted" }).where("id", "=", id));
    });
    await expect(bare).rejects.toMatchObject({ code: "PB006" });
    expect((await author.by("PATCH", one, { version: 1, body: { title: "Other", reason } })).status).toBe(200);
    const rewrite = inject(author, async (tx) => {
      await tx.record(leaf("trial_sign.report", id, 2));
      await tx.all(call(sql`select kernel.give_reason('trial_sign.report', ${id}, 2, null, 'a better story')`));
    });
    await rewrite;
    const items = (await author.by("GET", `${one}/history`)).body["items"];
    expect(items).toMatchObject([{ reason: null }, { reason, changes: [{ field: "title" }] }]);
  });

  test("SIG-06 before signing somebody else verifies who the person is, and the person takes the signature as binding", async () => {
    const { server, acme, owner, draft } = world;
    const { one } = await draft();
    const fresh = await server.member(acme, "member");
    const by = server.as(fresh);
    const wish = { by };
    const wanted = { ...review, version: 1 };
    expect(outcome(await challengeFor(wish, one, wanted))).toEqual([403, "signing.not_verified"]);
    expect(outcome(await by("POST", "/api/signing/acknowledge"))).toEqual([409, "signing.nothing_to_acknowledge"]);
    const body = { printedName: "Ana Ruiz", method: "in-person", evidence: "Staff card 7" };
    const verify = (person: TestPerson, who: string) =>
      server.as(person)("POST", `/api/signing/signers/${who}/verify`, { body });
    expect((await verify(fresh, fresh.membershipId)).status).toBe(403);
    expect(outcome(await verify(owner, owner.membershipId))).toEqual([404, "signing.signer_unknown"]);
    expect((await verify(owner, fresh.membershipId)).status).toBe(201);
    expect(outcome(await challengeFor(wish, one, wanted))).toEqual([403, "signing.not_acknowledged"]);
    expect((await by("POST", "/api/signing/acknowledge")).status).toBe(204);
    expect((await challengeFor(wish, one, wanted)).status).toBe(201);
    const listed = (await server.as(owner)("GET", "/api/signing/signers")).body["items"];
    expect(listed).toContainEqual(
      expect.objectContaining({
        membershipId: fresh.membershipId,
        status: "enabled",
        printedName: "Ana Ruiz",
        method: "in-person",
      }),
    );
    const path = `/api/signing/signers/${fresh.membershipId}/revoke`;
    expect((await server.as(owner)("POST", path, { body: { reason: "Left the laboratory" } })).status).toBe(204);
    expect(outcome(await challengeFor(wish, one, wanted))).toEqual([403, "signing.revoked"]);
  });

  test("SIG-01 the name that will be printed is one that can be read: nothing unseen, no letters that look like others", async () => {
    const { server, acme, owner } = world;
    const fresh = await server.member(acme, "member");
    const verify = (printedName: string) =>
      server.as(owner)("POST", `/api/signing/signers/${fresh.membershipId}/verify`, {
        body: { printedName, method: "in-person", evidence: "Staff card 8" },
      });
    for (const name of ["\u0410na Ruiz", "\u200B\u2060"])
      expect(outcome(await verify(name))).toEqual([422, "signing.name_unclear"]);
    expect((await verify("Ana\u202E Ruiz\u2066")).status).toBe(201);
    const listed = JSON.stringify((await server.as(owner)("GET", "/api/signing/signers")).body["items"]);
    expect(listed).toContain('"Ana Ruiz"');
    // Past the routes the table refuses it.
    const planted = `update kernel.signer set printed_name = 'Ana' || chr(8238) where membership_id = '${fresh.membershipId}'`;
    await expect(
      executeAsOwner(
        server.kernel.admin,
        `alter table kernel.signer no force row level security; alter table kernel.signer disable trigger user; ${planted}`,
      ),
    ).rejects.toThrow(/name_is_plain/);
  });

  test("SIG-06 no statement enables a signer: not oneself, not without the permission, not without a fresh proof", async () => {
    const { server, acme, owner, reviewer, inject } = world;
    const fresh = await server.member(acme, "admin");
    const id = uuidv7();
    const verify = (who: string, permission: string) =>
      inject(
        fresh,
        async (tx) => {
          await tx.record(leaf("kernel.signer", id, 1));
          await tx.all(
            call(sql`select kernel.verify_signer(${id}, ${who}, 'X', 'in-person', 'x', 'x', ${fresh.session.token})`),
          );
        },
        permission,
      );
    await expect(verify(reviewer.membershipId, "kernel.signing.own")).rejects.toMatchObject({ status: 403 });
    await expect(verify(fresh.membershipId, "kernel.signing.verify")).rejects.toMatchObject({
      code: "kernel.step_up_required",
    });
    const planted = inject(fresh, async (tx) => {
      await tx.record(leaf("kernel.signer", id, 1));
      await tx.all(
        query.insertInto("kernel.signer").values({
          id,
          membership_id: fresh.membershipId,
          user_id: fresh.userId,
          printed_name: "X",
          verified_by: owner.membershipId,
          verified_at: new Date(),
          method: "in-person",
          evidence: "x",
        }),
      );
    });
    await expect(planted).rejects.toMatchObject({ code: "42501" });
  });
});
