import { createHash, randomBytes, randomUUIDv7 as uuidv7 } from "node:crypto";
import { verifyBundle, verifyProof } from "@probity/verify";
import { nodeProvider } from "@probity/verify/node";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { acquireTestCluster } from "../database/test-cluster.ts";
import { invite } from "../identity/invitation.ts";
import { admit } from "../identity/membership.ts";
import { noteSession } from "../identity/note.ts";
import { removeMember } from "../identity/people.ts";
import { canonicalText } from "../ledger/canonical.ts";
import { reconcileWorkspace } from "../ledger/reconcile.ts";
import { decide, openReview, reviewItems } from "../review/review.ts";
import type { TestPerson } from "../testing/kernel.ts";
import { openTestLog, type TestLog } from "../testing/log.ts";
import { openTestServer, type TestServer } from "../testing/server.ts";

const marker = {
  name: "Zacharias Quillfeather",
  email: "zq-marker@quillfeather.example",
  address: "203.0.113.77",
};
let server: TestServer;
let log: TestLog;
let acme: string;
let owner: TestPerson;
let person: TestPerson;
let superuser: Client;

beforeAll(async () => {
  server = await openTestServer([], { trustedProxies: ["127.0.0.1"] });
  log = openTestLog(server.kernel);
  acme = await server.kernel.foundWorkspace("acme");
  owner = await server.member(acme, "owner");
  const { adminConfig } = await acquireTestCluster();
  superuser = new Client({ ...adminConfig, database: server.kernel.admin.database ?? "" });
  await superuser.connect();
  person = await plant(marker);
  await log.publish();
});
afterAll(async () => {
  await superuser?.end();
  await log?.close();
  await server?.close();
});

/** Somebody who was invited, came, did things from their own address and is named wherever a person can be. */
async function plant(who: typeof marker): Promise<TestPerson> {
  const { kernel } = server;
  const userId = uuidv7();
  const token = randomBytes(24).toString("base64url");
  const source = { address: who.address, requestId: "planted" };
  await kernel.door.work(owner.session, "kernel.people.change", (tx) =>
    invite(tx, { email: who.email, role: "member", mailed: false }),
  );
  await kernel.identityPool.query(`insert into identity."user" (id, name, email) values ($1, $2, $3)`, [
    userId,
    who.name,
    who.email,
  ]);
  await kernel.identityPool.query(
    `insert into identity.session (id, user_id, token, ip_address, expires_at) values ($1, $2, $3, $4, now() + interval '1 day')`,
    [uuidv7(), userId, createHash("sha256").update(token).digest("hex"), who.address],
  );
  await kernel.door.work(kernel.system(acme, source), "kernel.membership.accept", (tx) =>
    admit(tx, { userId, name: who.name, email: who.email, role: "admin" }),
  );
  const found = await superuser.query<{ id: string }>("select id from kernel.membership where user_id = $1", [userId]);
  const membershipId = found.rows[0]?.id ?? "";
  await noteSession(kernel, { action: "kernel.session.start", outcome: "done", userId, source });
  const planted: TestPerson = {
    userId,
    membershipId,
    session: { kind: "session", token, workspace: acme, source },
  };
  const call = server.as(planted);
  const from = { "x-forwarded-for": who.address };
  expect((await call("GET", "/api/ledger/events", { headers: from })).status).toBe(200);
  expect((await call("GET", "/api/keys", { headers: from })).status).toBe(200);
  // Somebody else names them too.
  await kernel.door.work(owner.session, "kernel.people.change", (tx) =>
    tx.record({ action: "kernel.review.note", fields: { note: `Talked with ${who.name} about it` } }),
  );
  // They were reviewed, and the decision on them stands.
  await kernel.door.work(owner.session, "kernel.people.change", async (tx) => {
    const entries = await reviewItems(tx, await openReview(tx));
    const own = entries.find((item) => item.subjectId === membershipId);
    await decide(tx, own?.id ?? "", "confirmed", null);
  });
  await kernel.access.flush();
  return planted;
}

/** Every row of every table of the database that holds one of these words, whoever owns it. */
async function everywhere(words: readonly string[]): Promise<string[]> {
  const tables = await superuser.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg_%'`,
  );
  const found: string[] = [];
  for (const { name } of tables.rows) {
    const rows = await superuser.query<{ row: string }>(
      `select t::text as row from ${name} t where exists (select from unnest($1::text[]) w (word) where position(lower(w.word) in lower(t::text)) > 0)`,
      [[...words]],
    );
    for (const { row } of rows.rows) found.push(`${name}: ${row}`);
  }
  return found;
}

async function verdict() {
  const { text, status } = await server.as(owner)("GET", "/api/ledger/export");
  expect(status).toBe(200);
  const lines = text.split("\n").slice(0, -1);
  return { text, ...(await verifyBundle([{ lines, bytes: text.length }], { provider: nodeProvider })) };
}

const erase = (id: string, basis = "Request of the person, GDPR Article 17(1)") =>
  server.as(owner)("POST", `/api/people/${id}/erasure`, { body: { basis } });

describe("LED-06 RET-02 a person is forgotten", () => {
  test("before: they are named in many tables, and the preview says what there is", async () => {
    const before = await everywhere(Object.values(marker));
    const tables = new Set(before.map((row) => row.split(":")[0]));
    for (const table of [
      "kernel.membership",
      "kernel.version_history",
      "kernel.ledger_opening",
      'identity."user"',
      "identity.session",
      "kernel.access_event",
    ])
      expect([table, tables.has(table)]).toEqual([table, true]);
    const preview = await server.as(owner)("GET", `/api/people/${person.membershipId}/erasure`);
    expect(preview).toMatchObject({
      status: 200,
      body: { person: { name: marker.name, active: true }, obstacles: [] },
    });
    expect(await verdict()).toMatchObject({ outcome: "VERIFIED" });
  });

  test("a legal hold refuses it and is named; nothing is erased, nobody is removed", async () => {
    const call = server.as(owner);
    const placed = await call("POST", "/api/retention/holds", {
      body: { reason: "Case 17/2026", membershipId: person.membershipId },
    });
    expect(placed.status).toBe(201);
    const refused = await erase(person.membershipId);
    expect(refused).toMatchObject({ status: 409, body: { code: "retention.on_hold" } });
    expect(String(refused.body["detail"])).toContain("Case 17/2026");
    expect((await server.as(person)("GET", "/api/keys")).status).toBe(200);
    const released = await call("POST", `/api/retention/holds/${String(placed.body["id"])}/release`, {
      body: { reason: "Settled" },
    });
    expect(released.status).toBe(204);
  });

  test("an admin, a key, and the person themselves do not do it", async () => {
    const path = `/api/people/${person.membershipId}/erasure`;
    const body = { basis: "no" };
    expect((await server.as(person)("POST", path, { body })).status).toBe(403);
    const key = await server.withKey(owner, ["kernel.person.erase", "kernel.people.change"]);
    expect(await key("POST", path, { body })).toMatchObject({ status: 403, body: { code: "kernel.step_up_required" } });
    expect((await server.as(person)("GET", "/api/keys")).status).toBe(200);
    // Of who is no longer a member it takes a fresh proof no less.
    const gone = await server.member(acme, "member");
    await server.kernel.door.work(owner.session, "kernel.people.change", (tx) => removeMember(tx, gone.membershipId));
    // What was read meanwhile is told to the log each second, and whatever waits there is answered first.
    await expect
      .poll(async () => {
        await log.publish();
        return await key("POST", `/api/people/${gone.membershipId}/erasure`, { body });
      })
      .toMatchObject({ status: 403, body: { code: "kernel.step_up_required" } });
    // Nor does the one who may, of themselves; and of nobody there is nothing to erase.
    const other = await server.member(acme, "owner");
    expect(await server.as(other)("POST", `/api/people/${other.membershipId}/erasure`, { body })).toMatchObject({
      status: 409,
      body: { code: "retention.own_self" },
    });
    for (const method of ["GET", "POST"]) {
      const sent = method === "POST" ? { body } : {};
      expect(await server.as(owner)(method, `/api/people/${uuidv7()}/erasure`, sent)).toMatchObject({
        status: 404,
        body: { code: "retention.person_unknown" },
      });
    }
    const release = `/api/retention/holds/${uuidv7()}/release`;
    expect(await server.as(owner)("POST", release, { body: { reason: "Over" } })).toMatchObject({
      status: 404,
      body: { code: "retention.hold_unknown" },
    });
  });

  test("erased: no table names them, the log still proves itself, and explains what is closed", async () => {
    await log.publish();
    const publishing = setInterval(() => void server.kernel.sequencer.drain().catch(() => undefined), 50);
    const done = await erase(person.membershipId).finally(() => clearInterval(publishing));
    expect(done).toMatchObject({ status: 201 });
    await log.publish();
    expect(await everywhere(Object.values(marker))).toEqual([]);
    expect((await server.as(person)("GET", "/api/keys")).status).toBe(401);

    const verified = await verdict();
    expect(verified.findings).toEqual([]);
    expect(verified).toMatchObject({ outcome: "VERIFIED_WITH_ERASURES", complete: true });
    // Who reads the log as a table sees that something is closed, where it was, and nothing of it.
    const { text: csv } = await server.as(owner)("GET", "/api/ledger/export?format=csv");
    expect(csv).toContain("(erased)");
    for (const words of Object.values(marker)) expect(csv).not.toContain(words);
    expect(verified.counts.fieldsErased).toBeGreaterThan(5);
    expect(verified.counts.fieldsClosed).toBe(0);
    for (const word of Object.values(marker)) expect(verified.text).not.toContain(word);
    expect((await reconcileWorkspace(server.kernel, acme)).findings).toEqual([]);

    // The receipt is what the leaf commits to, and lasts.
    const receipts = await server.as(owner)("GET", "/api/erasures");
    expect(receipts.body).toMatchObject({
      items: [{ subject: person.membershipId, basis: expect.stringContaining("GDPR") }],
    });
    const hash = createHash("sha256").update(canonicalText(done.body)).digest("hex");
    expect(verified.text).toContain(hash);
    expect(new Date(String(done.body["backupsUntil"])).getTime()).toBeGreaterThan(Date.now() + 29 * 86_400_000);

    // With its proof it verifies without this server, and names nobody.
    const proven = await server.as(owner)("GET", `/api/erasures/${String(done.body["id"])}/proof`);
    expect(proven.status).toBe(200);
    for (const word of Object.values(marker)) expect(proven.text).not.toContain(word);
    const judge = async (text: string) => verifyProof(text, { provider: nodeProvider });
    expect(await judge(proven.text)).toMatchObject({
      outcome: "VERIFIED",
      findings: [],
      enclosed: { field: "receipt", document: done.body },
    });
    const forged = proven.text.replace('"what":"Mails","count":', '"what":"Mails","count":7');
    expect(forged).not.toBe(proven.text);
    expect(await judge(forged)).toMatchObject({ outcome: "TAMPERED" });
    const renamed = proven.text.replace('"field":"receipt"', '"field":"basis"');
    expect(await judge(renamed)).toMatchObject({ outcome: "TAMPERED" });
    // A signature of the log's own key that does not fit is worse than one of nobody known.
    const spoilt = proven.text.replace(
      /("checkpoint":"[^"]*\\n— \S+ \S{20})(.)/,
      (_, begin: string, one: string) => `${begin}${one === "A" ? "B" : "A"}`,
    );
    expect(spoilt).not.toBe(proven.text);
    expect(await judge(spoilt)).toMatchObject({ outcome: "TAMPERED" });
    const admin = await server.member(acme, "admin");
    expect((await server.as(admin)("GET", `/api/erasures/${String(done.body["id"])}/proof`)).status).toBe(403);
    expect((await server.as(owner)("GET", `/api/erasures/${acme}/proof`)).status).toBe(404);
    const again = await erase(person.membershipId);
    expect(again).toMatchObject({ status: 409, body: { code: "retention.already_erased" } });
  });

  test("an erasure that is taken out of the bundle leaves a gap that is not explained", async () => {
    const { text } = await verdict();
    const lines = text.split("\n").slice(0, -1);
    const at = lines.findIndex((line) => line.includes('"action\\":\\"privacy.erasure.executed'));
    const shut = { ...JSON.parse(lines[at] ?? "{}") };
    delete shut.open;
    const outcome = await verifyBundle([{ lines: lines.with(at, JSON.stringify(shut)), bytes: 1 }], {
      provider: nodeProvider,
    });
    expect(outcome.outcome).toBe("INCOMPLETE");
  });

  test("whose signature stands under a record is not erased, and the rule is named", async () => {
    const signer = await server.member(acme, "member");
    await superuser.query("alter table kernel.signature disable trigger user");
    await superuser.query(
      `insert into kernel.signature (tenant_id, id, record, row_id, signed_version, record_hash, membership_id, user_id, printed_name, role, step,
         meaning, signed_at, zone, auth, challenge_id, manifest, manifest_hash, created_by, updated_by)
       values ($1, gen_random_uuid(), 'kernel.invitation', gen_random_uuid(), 1, repeat('0', 64), $2, $3, 'Signer', 'r', 's', 'm', now(), 'UTC', '{}', gen_random_uuid(), '{}', 'h', $2, $2)`,
      [acme, signer.membershipId, signer.userId],
    );
    await superuser.query("alter table kernel.signature enable trigger user");
    const refused = await erase(signer.membershipId);
    expect(refused).toMatchObject({ status: 409, body: { code: "retention.signed" } });
    expect(String(refused.body["detail"])).toContain("21 CFR 11.50");
  });
});
