import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestPerson } from "../testing/kernel.ts";
import { asDoor, placeLeaves } from "../testing/record-suite.ts";
import type { TestAnswer } from "../testing/server.ts";
import { challengeFor, signAs } from "../testing/signing.ts";
import { grantFor } from "../testing/step-up.ts";
import { query } from "../work/query.ts";
import {
  base,
  call,
  change,
  leaf,
  openSigningWorld,
  outcome,
  reason,
  review,
  type SigningWorld,
} from "../testing/signing-world.ts";
import { anyTable } from "./subject.ts";

let world: SigningWorld;
beforeAll(async () => {
  world = await openSigningWorld();
});
afterAll(() => world?.server.close());

describe("SIG-01 SIG-02 injected statements of the runtime role", () => {
  test("SIG-01 no statement copies, plants, back-dates or changes a signature", async () => {
    const { server, approver, draft, signed, inject, reviewer } = world;
    const { id } = await signed();
    const target = await draft();
    const [row] = await asDoor(server, "select * from kernel.signature where row_id = $1", [id]);
    const planted = uuidv7();
    const plant = inject(approver, async (tx) => {
      await tx.record(leaf("kernel.signature", planted, 1));
      await tx.all(
        anyTable.insertInto("kernel.signature").values({
          ...row,
          id: planted,
          row_id: target.id,
          challenge_id: uuidv7(),
          auth: JSON.stringify(row?.["auth"]),
        }),
      );
    });
    await expect(plant).rejects.toMatchObject({ code: "42501" });
    for (const set of [
      { row_id: target.id },
      { signed_version: 3 },
      { signed_at: new Date(0) },
      { deleted_at: new Date() },
    ]) {
      const rewrite = inject(approver, async (tx) => {
        await tx.record(leaf("kernel.signature", String(row?.["id"]), 2));
        await tx.all(anyTable.updateTable("kernel.signature").set(set).where("id", "=", row?.["id"]));
      });
      await expect(rewrite).rejects.toMatchObject({ code: "42501" });
    }
    // The one function that writes signatures wants a proved challenge of this very session.
    const own = inject(approver, (tx) =>
      tx.all(call(sql`select kernel.sign(${uuidv7()}, ${"x".repeat(43)}, ${approver.session.token}, '{}')`)),
    );
    await expect(own).rejects.toMatchObject({ code: "PB407" });
    // A challenge of one's own, opened by a statement: unproved it signs nothing.
    const secret = "s".repeat(43);
    const opened = inject(approver, async (tx) => {
      await tx.all(
        call(sql`select kernel.open_signing(${uuidv7()}, ${secret}, ${approver.session.token}, 'trial_sign.report', ${target.id}, 2,
          ${"0".repeat(64)}, 'approve', 'Approved', null, null, 15, 60)`),
      );
      await tx.all(call(sql`select kernel.sign(${uuidv7()}, ${secret}, ${approver.session.token}, '{}')`));
    });
    await expect(opened).rejects.toMatchObject({ code: "PB407" });
    const forSomebodyElse = inject(approver, (tx) =>
      tx.all(
        call(sql`select kernel.open_signing(${uuidv7()}, ${secret}, ${reviewer.session.token}, 'trial_sign.report', ${target.id}, 2,
          ${"0".repeat(64)}, 'approve', 'Approved', null, null, 15, 60)`),
      ),
    );
    await expect(forSomebodyElse).rejects.toMatchObject({ status: 403 });
  });

  test("SIG-01 with a proved challenge a statement can neither back-date nor say anything else than was proved", async () => {
    const { server, acme, reviewer, approver, draft, inject } = world;
    const { one, id } = await draft();
    const secret = String((await challengeFor(reviewer, one, { ...review, version: 1 })).body["challenge"]);
    await server.kernel.identityPool.query(
      `update identity.signing_challenge set proven_at = date_trunc('milliseconds', now()), methods = '{passkey}'
       where secret_hash = sha256(convert_to($1, 'UTF8'))`,
      [secret],
    );
    const [asked] = (
      await server.kernel.identityPool.query(
        "select * from identity.signing_challenge where secret_hash = sha256(convert_to($1, 'UTF8'))",
        [secret],
      )
    ).rows;
    const signatureId = uuidv7();
    const said = {
      v: "1",
      id: signatureId,
      tenant: acme,
      record: "trial_sign.report",
      row: id,
      version: 2,
      recordHash: asked.record_hash,
      signer: reviewer.membershipId,
      person: reviewer.userId,
      printedName: reviewer.printedName,
      role: "member",
      step: "review",
      meaning: review.meaning,
      signedAt: new Date().toISOString(),
      zone: "UTC",
      auth: {
        components: asked.components,
        methods: ["passkey"],
        session: asked.session_id,
        verifiedAt: asked.proven_at.toISOString(),
      },
    };
    const attempt = (changed: Record<string, unknown>) =>
      inject(reviewer, async (tx) => {
        await tx.record(leaf("kernel.signature", signatureId, 1));
        const text = JSON.stringify({ ...said, ...changed });
        await tx.all(call(sql`select kernel.sign(${signatureId}, ${secret}, ${reviewer.session.token}, ${text})`));
      });
    for (const twisted of [
      { signedAt: "2026-01-01T00:00:00.000Z" },
      { signedAt: new Date(Date.now() + 600_000).toISOString() },
      { printedName: approver.printedName },
      { meaning: "Approved" },
      { version: 3 },
      { row: uuidv7() },
      { recordHash: "0".repeat(64) },
      { signer: approver.membershipId },
      { planted: "x" },
    ])
      await expect(attempt(twisted)).rejects.toMatchObject({ code: "PB004" });
    await expect(attempt({})).resolves.toBeUndefined();
  });

  test("SIG-02 what is signed is edited by no route", async () => {
    const { author, draft, signed, view } = world;
    const { id, one, lineId } = await signed();
    const attempts: [string, Promise<TestAnswer>][] = [
      ["change", author.by("PATCH", one, { version: 2, body: { title: "Other", reason } })],
      ["change sealed", author.by("PATCH", one, { version: 2, body: { note: "Other", reason } })],
      ["delete", author.by("DELETE", `${one}?reason=x`, { version: 2 })],
      ["add beneath", author.by("POST", "/api/trial-sign/lines", { body: { reportId: id, text: "planted" } })],
      [
        "change beneath",
        author.by("PATCH", `/api/trial-sign/lines/${lineId}`, { version: 1, body: { text: "planted" } }),
      ],
      ["delete beneath", author.by("DELETE", `/api/trial-sign/lines/${lineId}`, { version: 1 })],
    ];
    for (const [what, answer] of attempts)
      expect([what, ...outcome(await answer)]).toEqual([what, 409, "kernel.locked"]);
    const elsewhere = await draft();
    const away = { version: 1, body: { reportId: elsewhere.id } };
    expect((await author.by("PATCH", `/api/trial-sign/lines/${lineId}`, away)).status).toBe(409);
    const into = { version: 1, body: { reportId: id } };
    expect((await author.by("PATCH", `/api/trial-sign/lines/${elsewhere.lineId}`, into)).status).toBe(409);
    expect(await view(one)).toMatchObject({ version: 2, unchanged: true });
  });

  test("SIG-02 what is signed is edited, unlocked or undermined by no statement", async () => {
    const { server, acme, owner, signed, inject } = world;
    const { id, lineId } = await signed();
    const update = (set: Record<string, unknown>, permission = change, person: TestPerson = owner) =>
      inject(
        person,
        async (tx) => {
          await tx.record(leaf("trial_sign.report", id, 3));
          await tx.all(call(sql`select kernel.give_reason('trial_sign.report', ${id}, 3, null, 'planted')`));
          await tx.all(anyTable.updateTable("trial_sign.report").set(set).where("id", "=", id));
        },
        permission,
      );
    const locked = { code: "kernel.locked" };
    await expect(update({ title: "planted" })).rejects.toMatchObject(locked);
    await expect(update({ locked_at: null })).rejects.toMatchObject(locked);
    await expect(update({ locked_at: null }, "trial_sign.report.unlock")).rejects.toMatchObject(locked);
    await expect(update({ locked_at: null, title: "planted" })).rejects.toMatchObject(locked);
    await expect(update({ deleted_at: new Date() })).rejects.toMatchObject(locked);
    const beneath = inject(owner, async (tx) => {
      await tx.record(leaf("trial_sign.line", lineId, 2));
      await tx.all(anyTable.updateTable("trial_sign.line").set({ text: "planted" }).where("id", "=", lineId));
    });
    await expect(beneath).rejects.toMatchObject(locked);
    // A sealed value and a reason slipped under the version that stands.
    const keyId = await asDoor(
      server,
      "select row_id as id from kernel.version_history where record = 'kernel.tenant_key' and tenant_id = $1",
      [acme],
    );
    const slipped = inject(owner, async (tx) => {
      await tx.record(leaf("trial_sign.report", id, 2));
      await tx.all(
        query.insertInto("kernel.sealed_value").values({
          record: "trial_sign.report",
          row_id: id,
          version: 2,
          field: "note",
          key_id: String(keyId[0]?.["id"]),
          sealed: Buffer.from("planted"),
        }),
      );
    });
    await expect(slipped).rejects.toMatchObject({ code: "PB004" });
    // The permit wants the permission and a proof for this very row.
    const permit = (permission: string) =>
      inject(
        owner,
        (tx) =>
          tx.all(call(sql`select kernel.permit_unlock('trial_sign.report', ${id}, 3, 'x', ${owner.session.token})`)),
        permission,
      );
    await expect(permit(change)).rejects.toMatchObject({ code: "kernel.permission_missing" });
    await expect(permit("trial_sign.report.unlock")).rejects.toMatchObject({ code: "kernel.step_up_required" });
    // Even a permitted unlocking changes nothing else in its version.
    const subject = `trial_sign.report:${id}`;
    const wanted = { action: "kernel.record.unlock", subject, workspace: owner.session.workspace ?? null };
    const grant = await grantFor(server.kernel, owner.session.token, wanted);
    const smuggled = inject(
      owner,
      async (tx) => {
        await tx.record(leaf("trial_sign.report", id, 3));
        await tx.all(
          call(sql`select kernel.permit_unlock('trial_sign.report', ${id}, 3, ${grant}, ${owner.session.token})`),
        );
        await tx.all(
          anyTable.updateTable("trial_sign.report").set({ locked_at: null, title: "planted" }).where("id", "=", id),
        );
      },
      "trial_sign.report.unlock",
    );
    await expect(smuggled).rejects.toMatchObject(locked);
    const forged = inject(owner, (tx) =>
      tx.all(
        anyTable
          .insertInto("kernel.unlock_permit")
          .values({ tenant_id: acme, row_id: id, version: 3, record: "trial_sign.report" }),
      ),
    );
    await expect(forged).rejects.toMatchObject({ code: "42501" });
  });

  test("SIG-02 an unlocking needs role, proof and reason, makes a version without signatures, and all of it stays readable", async () => {
    const { server, owner, author, reviewer, approver, signed, view } = world;
    const { id, one } = await signed();
    const unlock = (by: TestPerson, body: Record<string, unknown>, version = 2) =>
      server.as(by)("POST", `${one}/unlock`, { version, body });
    expect(outcome(await unlock(approver, { reason }))).toEqual([403, "kernel.permission_missing"]);
    expect((await unlock(owner, {})).status).toBe(400);
    expect((await unlock(owner, { reason: " " })).status).toBe(400);
    expect((await unlock(owner, { reason }, 1)).status).toBe(412);
    const key = await server.withKey(owner, ["trial_sign.report.unlock"]);
    expect(outcome(await key("POST", `${one}/unlock`, { version: 2, body: { reason } }))).toEqual([
      403,
      "signing.person_only",
    ]);
    expect((await unlock(owner, { reason, reasonCode: "error" })).status).toBe(200);
    expect(outcome(await unlock(owner, { reason }, 3))).toEqual([409, "signing.not_locked"]);
    const shown = await view(one);
    expect(shown).toMatchObject({
      state: "draft",
      locked: false,
      version: 3,
      earlier: [{ printedName: reviewer.printedName, version: 2 }],
      unlocks: [{ version: 3, reason, reasonCode: "error" }],
    });
    expect((await author.by("PATCH", one, { version: 3, body: { title: "Corrected", reason } })).status).toBe(200);
    // The same person signs the new version anew; the old signature is no part of it.
    expect((await signAs(reviewer, one, { ...review, version: 4 })).status).toBe(201);
    const items = (await author.by("GET", `${one}/history`)).body["items"];
    expect(items).toMatchObject([
      { version: 1 },
      { version: 2, changes: [{ field: "locked", before: false, after: true }] },
      { version: 3, reason, reasonCode: "error", changes: [{ field: "locked", before: true, after: false }] },
      { version: 4, reason, changes: [{ field: "title", after: "Corrected" }] },
      { version: 5 },
    ]);
    await placeLeaves(server);
    const leaves = await asDoor(server, "select action from kernel.ledger_event where row_id = $1 order by seq", [id]);
    expect(leaves.map((each) => String(each["action"]).slice("trial_sign.report.".length))).toEqual([
      "create",
      "lock",
      "unlock",
      "change",
      "lock",
    ]);
  });

  test("SIG-01 what the owner of the database copies or alters afterwards is found", async () => {
    const { server, signed, view, asOwner } = world;
    const { one } = await signed();
    const other = await signed();
    await placeLeaves(server);
    const check = async () => {
      const shown: unknown = (await view(one))["steps"];
      return Array.isArray(shown) ? shown[0]?.signatures[0]?.check : undefined;
    };
    const alter = (text: string) =>
      asOwner(
        `alter table kernel.signature disable trigger user; alter table kernel.signature no force row level security; ${text};
         alter table kernel.signature force row level security; alter table kernel.signature enable trigger user`,
      );
    const id = one.slice(base.length + 1);
    expect(await check()).toEqual({ manifest: true, record: true, leaf: true });
    await alter(`update kernel.signature set meaning = 'Approved' where row_id = '${id}'`);
    expect(await check()).toMatchObject({ manifest: false });
    await alter(`update kernel.signature set meaning = '${review.meaning}' where row_id = '${id}'`);
    expect(await check()).toEqual({ manifest: true, record: true, leaf: true });
    // Another record's signature laid over this one.
    const rows = await asDoor(server, "select manifest, manifest_hash from kernel.signature where row_id = $1", [
      other.id,
    ]);
    await alter(
      `update kernel.signature set manifest = '${String(rows[0]?.["manifest"])}', manifest_hash = '${String(rows[0]?.["manifest_hash"])}' where row_id = '${id}'`,
    );
    expect(await check()).toMatchObject({ manifest: false, leaf: false });
  });
});
