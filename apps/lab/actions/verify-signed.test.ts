import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sql } from "kysely";
import {
  changePolicy,
  challengeFor,
  signAs,
  type TestAnswer,
  type TestPerson,
  type TestSigner,
} from "@probity/kernel/testing";
import type { Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { entered, openLab, received, resultOf, sampleOf, type LabWorld } from "../testing/world.ts";
import { giveRole, listed, signerOf, verifySigned, verifyStep } from "../testing/signer.ts";

let world: LabWorld;
let signer: TestSigner;
beforeAll(async () => {
  world = await openLab();
  signer = await signerOf(world, "reviewer");
});
afterAll(() => world?.server.close());

const outcome = (answer: TestAnswer) => [answer.status, answer.body["code"]];
const at = (id: string) => `/api/lab/samples/${id}`;
const versionOf = async (id: string) => (await sampleOf(world.as.reader, id)).version;
const tested = async (by = world.as.technician) => {
  const [id = ""] = await received(world);
  await entered(world, id, "6.5", by);
  return id;
};
const shown = async (path: string) => JSON.parse((await world.as.reader("GET", path)).text);
const correct = async (id: string, text: string) => {
  const ph = await resultOf(world.as.technician, id, "ph");
  return world.as.technician("POST", "/api/lab/results/save", {
    body: { rows: [{ id: ph.id, version: ph.version, text, reason: "Read again" }] },
  });
};
/** Statements of one's own, under a permission one holds. */
const inject = (person: TestPerson, run: (tx: Tx) => Promise<unknown>, permission = "lab.result.verify") =>
  world.server.kernel.door.work(person.session, permission, run);
const update = (tx: Tx, id: string, set: string) => {
  const statement = sql`update lab.result set ${sql.raw(set)} where id = ${id} returning id`;
  return tx.all({ compile: () => statement.compile(query) });
};

describe("SIG-01 SIG-02 results are verified by a signature", () => {
  test("one signature verifies and locks every result; it is shown with name, meaning and time; unlocking leaves it to the old version", async () => {
    const id = await tested();
    const step = await signer.by("POST", `${at(id)}/verify`, { version: await versionOf(id) });
    expect(outcome(step)).toEqual([409, "lab_verify.sign_it"]);
    const signed = await verifySigned(signer, at(id), await versionOf(id));
    expect(outcome(signed)).toEqual([201, undefined]);
    const sample = await shown(at(id));
    expect([sample.state, sample.results.map((each: Record<string, unknown>) => each["verifiedBy"])]).toEqual([
      "verified",
      [signer.printedName, signer.printedName],
    ]);
    expect(sample.verifications).toMatchObject([
      { way: "signature", results: 2, standing: 2, signature: { printedName: signer.printedName, zone: "UTC" } },
    ]);
    expect(sample.verifications[0].signature.meaning).toBe(verifyStep.meaning);
    expect((await correct(id, "6.9")).status).toBe(422);
    const view = await shown(`/api/lab/verifications/${sample.verifications[0].id}/signing`);
    expect([view.locked, view.unchanged, view.steps[0].signatures[0].check.record]).toEqual([true, true, true]);
    // What was signed is never unlocked itself: there is no such route, and no permission of the database for it.
    const path = `/api/lab/verifications/${sample.verifications[0].id}/unlock`;
    expect((await world.as.admin("POST", path, { version: 2, body: { reason: "x" } })).status).toBe(404);

    const bare = await world.as.admin("POST", `${at(id)}/unlock`, { version: await versionOf(id), body: {} });
    expect(bare.status).toBe(400);
    const opened = await world.as.admin("POST", `${at(id)}/unlock`, {
      version: await versionOf(id),
      body: { reason: "Wrong dilution" },
    });
    expect(opened.status).toBe(200);
    expect((await shown(at(id))).verifications).toMatchObject([{ results: 2, standing: 0 }]);
    expect((await correct(id, "6.6")).status).toBe(200);
    expect((await verifySigned(signer, at(id), await versionOf(id))).status).toBe(201);
    expect((await shown(at(id))).verifications).toMatchObject([
      { results: 2, standing: 0 },
      { results: 2, standing: 2 },
    ]);
  });

  test("a result that changes between challenge and signature refuses it: nothing is verified", async () => {
    const id = await tested();
    const list = await listed(signer.by, at(id), await versionOf(id));
    const challenge = await challengeFor(signer, list.one, { ...verifyStep, version: list.version });
    expect(challenge.status).toBe(201);
    expect((await correct(id, "6.9")).status).toBe(200);
    const late = await signer.by("POST", `${list.one}/signatures`, {
      body: { challenge: challenge.body["challenge"], userName: signer.email, password: signer.password },
    });
    expect(outcome(late)).toEqual([412, "lab_verify.list_moved"]);
    expect((await sampleOf(world.as.reader, id)).state).toBe("tested");
    // The list is made anew, of what stands now.
    expect((await verifySigned(signer, at(id), await versionOf(id))).status).toBe(201);
  });

  test("nobody signs their own results, and nobody whose role was taken between challenge and signature", async () => {
    const author = await signerOf(world, "admin");
    const id = await tested(author.by);
    const own = await author.by("POST", `${at(id)}/verification`, { version: await versionOf(id) });
    expect(outcome(own)).toEqual([403, "lab.own_result"]);
    // A list of somebody else's making does not help: the signature is judged by who gives it.
    const others = await listed(signer.by, at(id), await versionOf(id));
    const borrowed = await signAs(author, others.one, { ...verifyStep, version: others.version });
    expect(outcome(borrowed)).toEqual([403, "signing.own_work"]);

    const leaver = await signerOf(world, "reviewer");
    const list = await listed(leaver.by, at(id), await versionOf(id));
    const challenge = await challengeFor(leaver, list.one, { ...verifyStep, version: list.version });
    await giveRole(world, leaver.membershipId, "read-only", 1);
    await again(leaver);
    const late = await leaver.by("POST", `${list.one}/signatures`, {
      body: { challenge: challenge.body["challenge"], userName: leaver.email, password: leaver.password },
    });
    expect([401, 403, 409]).toContain(late.status);
    expect((await sampleOf(world.as.reader, id)).state).toBe("tested");
  });

  test("no statement verifies without the signed list: not without one, not with one of other results, not with an old one", async () => {
    const [one, other] = [await tested(), await tested()];
    const ph = await resultOf(world.as.reader, other, "ph");
    const leaf = (tx: Tx, version: number) =>
      tx.record({ action: "lab.result.verify", record: "lab.result", rowId: ph.id, version });
    const bare = inject(signer, async (tx) => {
      await leaf(tx, ph.version + 1);
      await update(tx, ph.id, "state = 'verified'");
    });
    await expect(bare).rejects.toThrow(/signed list/);

    await verifySigned(signer, at(one), await versionOf(one));
    const [signedList] = (await shown(at(one))).verifications;
    const copied = inject(signer, async (tx) => {
      await leaf(tx, ph.version + 1);
      await update(tx, ph.id, `state = 'verified', verification_id = '${signedList.id}'`);
    });
    await expect(copied).rejects.toThrow(/signed list/);

    // A list that is locked by a statement, and signed by nobody.
    const planted = uuidv7();
    const unsigned = inject(signer, async (tx) => {
      await tx.record({ action: "test", record: "lab.verification", rowId: planted, version: 1 });
      const lines = JSON.stringify({ [ph.id]: ph.version });
      const insert = sql`insert into lab.verification (tenant_id, id, sample_id, way, lines)
        values (${tx.who.tenantId}, ${planted}, ${other}, 'signature', ${lines}::jsonb)`;
      await tx.all({ compile: () => insert.compile(query) });
      await tx.record({ action: "test", record: "lab.verification", rowId: planted, version: 2 });
      const lock = sql`update lab.verification set locked_at = now() where id = ${planted}`;
      await tx.all({ compile: () => lock.compile(query) });
      await leaf(tx, ph.version + 1);
      await update(tx, ph.id, `state = 'verified', verification_id = '${planted}'`);
    });
    await expect(unsigned).rejects.toThrow(/signed list/);

    // After an unlocking the old signature verifies nothing again.
    await world.as.admin("POST", `${at(one)}/unlock`, {
      version: await versionOf(one),
      body: { reason: "Look again" },
    });
    const opened = await resultOf(world.as.reader, one, "ph");
    const replayed = inject(signer, async (tx) => {
      await tx.record({ action: "test", record: "lab.result", rowId: opened.id, version: opened.version + 1 });
      await update(tx, opened.id, "state = 'verified'");
    });
    await expect(replayed).rejects.toThrow(/signed list/);
    // Nor may a fresh proof stand in for the signature of somebody who may sign.
    const stepUp = inject(signer, async (tx) => {
      await tx.record({ action: "test", record: "lab.verification", rowId: planted, version: 1 });
      const lines = JSON.stringify({ [ph.id]: ph.version });
      const insert = sql`insert into lab.verification (tenant_id, id, sample_id, way, lines)
        values (${tx.who.tenantId}, ${planted}, ${other}, 'step-up', ${lines}::jsonb)`;
      await tx.all({ compile: () => insert.compile(query) });
      const confirm = sql`select lab.confirm_verification(${planted}, 'x', ${signer.session.token})`;
      await tx.all({ compile: () => confirm.compile(query) });
    });
    await expect(stepUp).rejects.toMatchObject({ status: 403 });
    expect((await sampleOf(world.as.reader, other)).state).toBe("tested");
  });

  test("a signature belongs to its worksheet: its challenge and bytes are refused for another", async () => {
    const [mine, other] = [await worksheetOf(1), await worksheetOf(1)];
    const [first, second] = [await listed(signer.by, ...mine.of), await listed(signer.by, ...other.of)];
    const challenge = await challengeFor(signer, first.one, { ...verifyStep, version: first.version });
    const proof = { userName: signer.email, password: signer.password };
    const elsewhere = await signer.by("POST", `${second.one}/signatures`, {
      body: { challenge: challenge.body["challenge"], ...proof },
    });
    expect(outcome(elsewhere)).toEqual([409, "signing.challenge_ended"]);
    const here = await signer.by("POST", `${first.one}/signatures`, {
      body: { challenge: challenge.body["challenge"], ...proof },
    });
    expect(here.status).toBe(201);
    const [done, open] = [await shown(mine.path), await shown(other.path)];
    expect([done.state, done.verifications.length, open.state, open.verifications]).toEqual([
      "verified",
      1,
      "open",
      [],
    ]);
  });

  test("where the workspace refuses it, nobody verifies without a signature; an unknown standing refuses too", async () => {
    const id = await tested();
    await world.server.kernel.door.work(world.admin.session, "kernel.policy.change", (tx) =>
      changePolicy(tx, "lab.unsignedVerification", "refuse", 0, "Strict"),
    );
    const refused = await world.as.reviewer("POST", `${at(id)}/verify`, { version: await versionOf(id) });
    expect(outcome(refused)).toEqual([403, "lab_verify.unsigned_refused"]);
    const listless = await world.as.reviewer("POST", `${at(id)}/verification`, { version: await versionOf(id) });
    expect(outcome(listless)).toEqual([403, "lab_verify.not_a_signer"]);
    await world.server.kernel.door.work(world.admin.session, "kernel.policy.change", (tx) =>
      changePolicy(tx, "lab.unsignedVerification", "step-up", 1, "As before"),
    );
    const verified = await world.as.reviewer("POST", `${at(id)}/verify`, { version: await versionOf(id) });
    expect(verified.status).toBe(200);
    expect((await shown(at(id))).verifications).toMatchObject([{ way: "step-up", signature: null, standing: 2 }]);
  });

  test("one signature stands for a whole worksheet, however long, and is shown on each of its samples", async () => {
    const sheet = await worksheetOf(40);
    expect((await verifySigned(signer, ...sheet.of)).status).toBe(201);
    const found = await shown(sheet.path);
    expect(found.verifications).toMatchObject([{ results: 40, standing: 40 }]);
    const sample = await shown(at(found.rows[0].sampleId));
    expect(sample.verifications).toMatchObject([{ of: found.number, results: 1, standing: 1 }]);
  });
});

/** A worksheet of so many samples' pH, entered. */
async function worksheetOf(count: number): Promise<{ path: string; of: [string, number] }> {
  const ids = await received(world, count);
  const waiting = JSON.parse((await world.as.technician("GET", `/api/lab/worksheets/waiting?method=${world.ph}`)).text);
  const numbers = new Set(
    await Promise.all(count > 5 ? [] : ids.map(async (id) => (await sampleOf(world.as.reader, id)).number)),
  );
  const rows: { id: string; sample: string }[] = waiting.items;
  const chosen = count > 5 ? rows.slice(-count) : rows.filter((row) => numbers.has(row.sample));
  const made = await world.as.technician("POST", "/api/lab/worksheets", {
    body: { title: "pH", resultIds: chosen.map((row) => row.id) },
  });
  const path = `/api/lab/worksheets/${String(made.body["id"])}`;
  const sheet = await shown(path);
  const saved = await world.as.technician("POST", "/api/lab/results/save", {
    body: {
      rows: sheet.rows.map((row: Record<string, unknown>) => ({ id: row["id"], version: row["version"], text: "6.5" })),
    },
  });
  if (saved.status !== 200) throw new Error(saved.text);
  return { path, of: [path, sheet.version] };
}

/** Another role ends the sessions one had: they sign in again. */
async function again(person: TestPerson): Promise<void> {
  await world.server.kernel.identityPool.query(
    "insert into identity.session (id, user_id, token, expires_at) values ($1, $2, encode(sha256(convert_to($3, 'UTF8')), 'hex'), now() + interval '1 day') on conflict do nothing",
    [uuidv7(), person.userId, person.session.token],
  );
}
