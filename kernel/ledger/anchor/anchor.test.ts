import { createHash, createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openNote, parseCheckpoint, parseNote, parseVkey, verifyBundle } from "@probity/verify";
import { compute, nodeProvider } from "@probity/verify/node";
import { openIdentity } from "../../identity/identity.ts";
import { trialLab } from "../../record/fixture/specimen.ts";
import { openTestLog, signerIn, type TestLog } from "../../testing/log.ts";
import type { TestPerson } from "../../testing/kernel.ts";
import { asDoor } from "../../testing/record-suite.ts";
import { openTestServer, type TestServer } from "../../testing/server.ts";
import { openWebService, type TestService } from "../../testing/web-service.ts";
import { openWitness, type TestWitness } from "../../testing/witness.ts";
import { bundleLines, evidenceOf } from "../bundle.ts";
import { logVkey } from "../checkpoint-proof.ts";
import { AnchorRound, type Stamp } from "./round.ts";
import { anchorRoutes } from "./route.ts";
import { targetSecrets } from "./target.ts";
import { anchorsForBundle } from "./view.ts";

const trustedOrigins: string[] = [];
const outside = { trustedOrigins, timeoutSeconds: 1 };
let server: TestServer;
let log: TestLog;
let owner: TestPerson;
let workspace = "";
let platformVkey = "";
let witness: TestWitness;
let hook: TestService;
let round: AnchorRound;
let stamped: string[] = [];
let answers = 204;
let stampFails = false;
const problems: unknown[] = [];

beforeAll(async () => {
  server = await openTestServer([
    { ...trialLab, routes: (kernel) => anchorRoutes(kernel, { outside, sendsMail: false, stamps: true }) },
  ]);
  const { kernel } = server;
  log = openTestLog(kernel, { onProblem: (error) => problems.push(error) });
  workspace = await kernel.foundWorkspace("acme");
  owner = await server.member(workspace, "owner");
  await log.publish();
  const { publicKey } = await signerIn(log.folder).heads();
  platformVkey = logVkey("log.example/logs/platform", publicKey);
  witness = await openWitness("witness.example/w1", [{ origin: "log.example/logs/platform", vkey: platformVkey }]);
  hook = await openWebService(() => ({ status: answers, body: "" }));
  trustedOrigins.push(witness.origin, hook.url);
  const stamp: Stamp = async (digest) => {
    if (stampFails) throw new Error("tsa.example did not answer.");
    stamped.push(Buffer.from(digest).toString("hex"));
    return { token: Buffer.from("token"), authority: "CN=Test authority" };
  };
  const { post } = openIdentity(kernel, { url: "https://log.example" });
  round = new AnchorRound(kernel, {
    url: "https://log.example",
    post,
    sendsMail: false,
    outside,
    stamp,
    onProblem: (error) => problems.push(error),
  });
});
afterAll(async () => {
  await witness?.close();
  await hook?.close();
  await log?.close();
  await server?.close();
});

const add = (body: Record<string, unknown>) => server.as(owner)("POST", "/api/ledger/anchors/targets", { body });
type View = {
  targets: Record<string, unknown>[];
  anchors: Record<string, unknown>[];
  holders: Record<string, unknown>[];
  quorum: Record<string, unknown>;
};
async function view(): Promise<View> {
  const { body } = await server.as(owner)("GET", "/api/ledger/anchors");
  const read: View = JSON.parse(JSON.stringify(body));
  return read;
}
const grow = async () => {
  await server.kernel.door.work(owner.session, "kernel.home.read", (tx) => tx.record({ action: "kernel.test.grow" }));
  await log.publish();
};
const dueNow = () => asDoor(server, "update kernel.anchor_state set next_at = now() returning id");
const cosigned = async () => {
  const [row] = await asDoor(server, "select note from kernel.platform_checkpoint(true)");
  return String(row?.["note"] ?? "");
};

describe("LED-03 to whom it is evident", () => {
  test("nobody outside has a copy yet: a state, and said", async () => {
    expect(await view()).toMatchObject({
      targets: [],
      anchors: [],
      holders: [],
      quorum: { needed: 0, have: 0, witnesses: 0 },
    });
  });

  test("a copy taken along by hand is the signed checkpoint, and noted with who took it", async () => {
    const copy = await server.as(owner)("POST", "/api/ledger/anchors/copy");
    expect(copy.status).toBe(200);
    expect(parseCheckpoint(parseNote(String(copy.body["note"])).text).origin).toBe(`log.example/logs/${workspace}`);
    expect((await view()).holders).toEqual([expect.objectContaining({ kind: "download", holder: "Test owner" })]);
  });

  test("a witness cosigns the platform's checkpoint, step by step, and its line is merged into it", async () => {
    expect((await add({ kind: "witness", name: "Neighbour", address: witness.url, vkey: witness.vkey })).status).toBe(
      201,
    );
    for (let step = 0; step < 5; step += 1) {
      await grow();
      await dueNow();
      await round.round();
    }
    const { targets, quorum } = await view();
    expect(targets).toEqual([expect.objectContaining({ kind: "witness", problem: null, failingSince: null })]);
    expect(quorum).toMatchObject({ have: 1, witnesses: 1 });
    const keys = [platformVkey, witness.vkey].map((text) => compute(parseVkey(text)));
    const note = parseNote(await cosigned());
    expect(await openNote(note, keys, nodeProvider)).toHaveLength(2);
    const hash = createHash("sha256").update("log.example/logs/platform").digest("hex");
    expect(parseNote(await (await fetch(`${witness.url}/${hash}/checkpoint`)).text()).text).toBe(note.text);
    expect(problems).toEqual([]);
  });

  test("a witness that is silent holds nothing back: writing goes on, the failure is shown once, and it is asked again later", async () => {
    const silent = await openWebService(() => "silence");
    trustedOrigins.push(silent.url);
    await add({ kind: "witness", name: "Silent", address: silent.url, vkey: witness.vkey });
    for (let step = 0; step < 3; step += 1) {
      await dueNow();
      const asked = round.round();
      await grow();
      await asked;
    }
    const { targets, anchors } = await view();
    expect(targets.find(({ name }) => name === "Silent")).toMatchObject({
      problem: expect.stringContaining("did not give an answer"),
    });
    expect(anchors.filter(({ outcome }) => outcome === "failed")).toHaveLength(1);
    const id = String(targets.find(({ name }) => name === "Silent")?.["id"]);
    expect((await server.as(owner)("DELETE", `/api/ledger/anchors/targets/${id}`)).status).toBe(204);
    await silent.close();
  });

  test("several servers ask a witness once for what is due, and two workspaces' one witness once for both", async () => {
    const other = await server.kernel.foundWorkspace("other");
    const person = await server.member(other, "owner");
    const counting = await openWebService(() => ({ status: 503, body: "" }));
    trustedOrigins.push(counting.url);
    const body = { kind: "witness", name: "Shared", address: counting.url, vkey: witness.vkey };
    await add(body);
    await server.as(person)("POST", "/api/ledger/anchors/targets", { body });
    await Promise.all([round.round(), round.round()]);
    expect(counting.calls.length).toBeGreaterThanOrEqual(1);
    expect(counting.calls.length).toBeLessThanOrEqual(2);
    await round.round();
    expect(counting.calls.length).toBeLessThanOrEqual(2);
    await counting.close();
  });

  test("copies by mail wait in the outbox where no mail server is, with the checkpoint to the letter; by webhook they are signed", async () => {
    await add({ kind: "mail", name: "Auditor", address: "auditor@example.test" });
    const made = await add({ kind: "webhook", name: "Archive", address: `${hook.url}/in` });
    expect(String(made.body["secret"])).toMatch(/^whsec_/);
    await log.publish();
    await round.round();
    const outbox = await asDoor(server, "select template, state from identity.mail where tenant_id = $1", [
      workspace,
    ]).catch(() => []);
    const mails =
      outbox.length > 0
        ? outbox
        : (await server.kernel.identityPool.query("select template, state from identity.mail")).rows;
    expect(mails).toEqual([expect.objectContaining({ template: "checkpoint-copy" })]);
    // What waits in the outbox is held by nobody yet.
    expect((await view()).holders.map(({ kind }) => kind)).not.toContain("mail");
    const [call] = hook.calls;
    expect(call?.headers["webhook-signature"]).toMatch(/^v1,/);
    const sent: { type: string; data: { note: string; platform: string } } = JSON.parse(call?.body ?? "");
    expect(sent.type).toBe("ledger.checkpoint");
    expect(parseCheckpoint(parseNote(sent.data.note).text).origin).toBe(`log.example/logs/${workspace}`);
    expect(parseCheckpoint(parseNote(sent.data.platform).text).origin).toBe("log.example/logs/platform");
    // Nothing new: nothing is sent. Asked for by hand, it is.
    const before = hook.calls.length;
    await dueNow();
    await round.round();
    await server.as(owner)("POST", "/api/ledger/anchors/ask", { body: {} });
    await round.round();
    expect(hook.calls.length).toBe(before + 1);
    answers = 500;
    await grow();
    await dueNow();
    await round.round();
    expect((await view()).targets.find(({ name }) => name === "Archive")).toMatchObject({
      problem: "The receiver answered 500",
    });
    answers = 204;
  });

  test("a time-stamp is over the checkpoint's text, serves every workspace, and its failure is shown", async () => {
    stamped = [];
    await grow();
    await dueNow();
    await round.round();
    const { anchors } = await view();
    const stamp = anchors.find(({ kind }) => kind === "rfc3161");
    expect(stamp).toMatchObject({ holder: "CN=Test authority", outcome: "done" });
    const { body } = await server.as(owner)("GET", `/api/ledger/anchors/${String(stamp?.["id"])}`);
    const digest = createHash("sha256")
      .update(parseNote(String(body["note"])).text)
      .digest("hex");
    expect(stamped).toEqual([digest]);
    expect(body["proof"]).toBe(Buffer.from("token").toString("base64"));
    stampFails = true;
    await grow();
    await dueNow();
    await round.round();
    stampFails = false;
    expect((await view()).anchors.find(({ kind }) => kind === "rfc3161")).toMatchObject({ outcome: "failed" });
  });

  test("a bundle carries the newest of each holder, as the verifier takes it", async () => {
    const anchors = await server.kernel.door.work(owner.session, "kernel.anchor.read", anchorsForBundle);
    expect(anchors.map(({ type }) => type).toSorted()).toEqual(["copy", "copy", "rfc3161", "witness"]);
    const found = anchors.find(({ type }) => type === "witness");
    await openNote(parseNote(found?.note ?? ""), [compute(parseVkey(witness.vkey))], nodeProvider);
  });

  test("an export carries them, and the verifier says to whom the log is evident", async () => {
    const kernel = server.kernel;
    const proven = await kernel.door.work(owner.session, "kernel.ledger.export", evidenceOf);
    if (proven === undefined) throw new Error("nothing is signed");
    const { head, evidence } = proven;
    // A time-stamp as no authority makes it is left to the test of its own.
    const anchors = evidence.anchors?.filter(({ type }) => type === "witness") ?? [];
    const plan = {
      tenant: workspace,
      head,
      range: { from: 0, to: head.size },
      filter: {},
      evidence: { ...evidence, anchors },
    };
    const lines: string[] = [];
    for await (const line of bundleLines(kernel, owner.session, "kernel.ledger.export", plan))
      lines.push(line.trimEnd());
    const verdict = await verifyBundle([{ lines, bytes: 0 }], { provider: nodeProvider });
    expect(verdict).toMatchObject({ outcome: "VERIFIED" });
    expect(JSON.stringify(verdict)).toContain("witness witness.example/w1");
  });

  test("a member sees none of it, another workspace neither; a key that is none, and an address inside, are refused", async () => {
    const member = server.as(await server.member(workspace, "member"));
    expect((await member("GET", "/api/ledger/anchors")).status).toBe(403);
    expect((await member("POST", "/api/ledger/anchors/copy")).status).toBe(403);
    const { targets, anchors } = await view();
    const stranger = server.as(await server.member(await server.kernel.foundWorkspace("stranger"), "owner"));
    const own = anchors.find(({ kind }) => kind === "download");
    expect((await stranger("GET", `/api/ledger/anchors/${String(own?.["id"])}`)).status).toBe(404);
    expect((await stranger("DELETE", `/api/ledger/anchors/targets/${String(targets[0]?.["id"])}`)).status).toBe(404);
    expect((await stranger("POST", "/api/ledger/anchors/ask", { body: { id: targets[0]?.["id"] } })).status).toBe(404);
    for (const vkey of ["", "witness.example/w1+00000000+AAAA", platformVkey])
      expect([vkey, (await add({ kind: "witness", name: "x", address: witness.url, vkey })).status]).toEqual([
        vkey,
        422,
      ]);
    expect((await add({ kind: "webhook", name: "x", address: "http://10.0.0.1/" })).status).toBe(422);
    expect((await add({ kind: "mail", name: "x", address: "a@b.test\nBcc: c@d.test" })).status).toBe(422);
  });

  test("no role of the running server changes or removes an anchor, and none is made up without the server's secret", async () => {
    for (const act of ["update kernel.anchor set holder = 'x'", "delete from kernel.anchor", "truncate kernel.anchor"])
      await expect(asDoor(server, act)).rejects.toMatchObject({ code: "PB003" });
    const settle = server.kernel.door.callFunction({
      sql: "select kernel.settle_anchor($1, $2, $3, $4, $5)",
      parameters: ["guess", workspace, workspace, workspace, "{}"],
    });
    await expect(settle).rejects.toMatchObject({ code: "kernel.permission_missing" });
  });

  test("ENC-03 the secret of a webhook is replaced: for the overlap both sign each copy, and an old one is nowhere in clear", async () => {
    const made = await add({ kind: "webhook", name: "Vault", address: `${hook.url}/vault` });
    const [id, first] = [String(made.body["id"]), String(made.body["secret"])];
    const path = `/api/ledger/anchors/targets/${id}/secret`;
    const secrets = [first];
    const rotate = async (overlapHours: number) => {
      const { status, body } = await server.as(owner)("POST", path, { body: { overlapHours } });
      expect([status, String(body["secret"]).slice(0, 6)]).toEqual([200, "whsec_"]);
      secrets.push(String(body["secret"]));
      return body["previousUntil"];
    };
    const signers = async () => {
      await server.as(owner)("POST", "/api/ledger/anchors/ask", { body: { id } });
      await round.round();
      const call = hook.calls.findLast(({ path }) => path === "/vault");
      const header = (name: string) => String(call?.headers[`webhook-${name}`]);
      const said = `${header("id")}.${header("timestamp")}.${call?.body ?? ""}`;
      const made = (secret: string) =>
        `v1,${createHmac("sha256", Buffer.from(secret.slice(6), "base64"))
          .update(said)
          .digest("base64")}`;
      return header("signature")
        .split(" ")
        .map((each) => secrets.findIndex((secret) => made(secret) === each));
    };
    expect(await signers()).toEqual([0]);
    const until = await rotate(24);
    expect(Math.abs(Date.parse(String(until)) - Date.now() - 24 * 3_600_000)).toBeLessThan(600_000);
    expect(await signers()).toEqual([1, 0]);
    const later = (hours: number) =>
      server.kernel.door.work(owner.session, "kernel.anchor.read", (tx) =>
        targetSecrets(tx, server.kernel.keyring, id, new Date(Date.now() + hours * 3_600_000)),
      );
    expect(await later(23)).toEqual([secrets[1], first]);
    expect(await later(25)).toEqual([secrets[1]]);
    expect(await rotate(0)).toBeNull();
    expect(await signers()).toEqual([2]);

    // A leaf each; the database and the page hold none of them in clear.
    await log.publish();
    const leaves = await asDoor(
      server,
      "select version from kernel.ledger_event where tenant_id = $1 and action = 'kernel.anchor_target.rotate' order by seq",
      [workspace],
    );
    expect(leaves.map(({ version }) => version)).toEqual([2, 3]);
    const kept = await asDoor(
      server,
      `select body::text as t from kernel.version_history where tenant_id = $1
       union all select openings::text from kernel.ledger_opening where tenant_id = $1
       union all select t::text from kernel.anchor_target t where tenant_id = $1`,
      [workspace],
    );
    const seen = `${JSON.stringify(kept)}${JSON.stringify(await view())}`;
    for (const secret of secrets) expect(seen).not.toContain(secret.slice(6));

    // By who may change anchors, with a fresh proof, for a webhook of this workspace.
    const bare = await fetch(`${server.origin}${path}`, {
      method: "POST",
      headers: {
        cookie: `probity-session=${owner.session.token}`,
        "probity-workspace": workspace,
        "probity-request": "1",
        "content-type": "application/json",
      },
      body: JSON.stringify({ overlapHours: 1 }),
    });
    expect([bare.status, await bare.text()]).toEqual([403, expect.stringContaining("step_up_required")]);
    const body = { overlapHours: 1 };
    const member = server.as(await server.member(workspace, "member"));
    expect((await member("POST", path, { body })).status).toBe(403);
    const elsewhere = await server.kernel.foundWorkspace("elsewhere");
    expect((await server.as(await server.member(elsewhere, "owner"))("POST", path, { body })).status).toBe(404);
    const mailbox = (await view()).targets.find(({ kind }) => kind === "mail");
    const other = await server.as(owner)("POST", path.replace(id, String(mailbox?.["id"])), { body });
    expect([other.status, other.body["code"]]).toEqual([409, "anchor.other_kind"]);
    for (const overlapHours of [-1, 169, 1.5])
      expect((await server.as(owner)("POST", path, { body: { overlapHours } })).status).toBe(400);
    expect((await server.as(owner)("DELETE", path.replace("/secret", ""))).status).toBe(204);
  });

  test("a shorter time between anchors holds at once", async () => {
    const until = async () => {
      const { targets } = await view();
      return Math.max(
        ...targets.filter(({ kind }) => kind === "mail").map(({ nextAt }) => Date.parse(String(nextAt)) - Date.now()),
      );
    };
    await server.as(owner)("POST", "/api/ledger/anchors/ask", { body: {} });
    await round.round();
    expect(await until()).toBeGreaterThan(20 * 3_600_000);
    await server.as(owner)("PUT", "/api/policy/anchor.copyHours", { body: { value: 1, reason: "Audit" }, version: 0 });
    expect(await until()).toBeLessThan(3_700_000);
  });
});
