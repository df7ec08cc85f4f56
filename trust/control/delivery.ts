import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { probeGrant, probeSession, refusal } from "@probity/kernel";
import { ed25519Type, fromBase64, openNote, parseCheckpoint, parseNote, parseVkey, vkeyText } from "@probity/verify";
import { compute, nodeProvider } from "@probity/verify/node";
import type { Probe, ProbeContext } from "../control.ts";
import { ProbeBrowser, said } from "./browser.ts";
import { allOf, type Check } from "./outcome.ts";

const patienceMs = 30_000;
const pauseMs = 250;
const overdueMinutes = 15;
const notAllowed = "42501";
/** No name ends so (RFC 6761 §6.4): whoever is asked there is never reached. */
const nowhere = "https://receiver.invalid/in";

type Row = Readonly<Record<string, unknown>>;

/** An owner of scratch workspace A, signed in, who brings a fresh proof where one is asked for. */
async function ownerOf(context: ProbeContext) {
  const { kernel, scratch } = context;
  const browser = new ProbeBrowser(context, await probeSession(kernel, scratch.a.ownerUserId), scratch.a.id);
  return {
    browser,
    /** With a proof for this act on this subject. */
    proved: async (action: string, subject: string, path: string, body: unknown) => {
      const grant = await probeGrant(kernel, browser.token, { workspace: scratch.a.id, action, subject });
      return browser.call("POST", path, body, { "step-up": grant });
    },
    end: () => browser.call("DELETE", "/api/session"),
  };
}
type Owner = Awaited<ReturnType<typeof ownerOf>>;

const streamTo = (address: string) => ({
  name: "Probe",
  kind: "webhook",
  address,
  format: "json",
  personal: false,
  from: "beginning",
});
const addStream = (owner: Owner, address: string) =>
  owner.proved("kernel.stream.create", address, "/api/ledger/streams", streamTo(address));

async function listed(context: ProbeContext, path: string, member: string): Promise<Row[]> {
  const { body } = await context.http("GET", path, { key: context.scratch.a.ownerKey });
  const items: unknown = body[member];
  return Array.isArray(items) ? items.map((item: unknown): Row => Object(item)) : [];
}

/** What a broken-off run left behind. */
async function clear(context: ProbeContext, owner: Owner): Promise<void> {
  for (const { id } of await listed(context, "/api/ledger/streams", "items"))
    await owner.browser.call("DELETE", `/api/ledger/streams/${String(id)}`);
  for (const { id } of await listed(context, "/api/ledger/anchors", "targets"))
    await owner.browser.call("DELETE", `/api/ledger/anchors/targets/${String(id)}`);
}

/** How many due things nobody has taken up: whatever sends does not run, or does not get on. */
async function overdue({ database }: ProbeContext): Promise<{ streams: number; anchors: number }> {
  const [row] = await database.attempt("setup", async (connection) => {
    await connection.query("set local role probity_door");
    return connection.query(
      `select
         (select count(*) from kernel.stream_state s
            join kernel.stream k on k.tenant_id = s.tenant_id and k.id = s.id and not k.paused and k.deleted_at is null
            join kernel.ledger_head h on h.tenant_id = s.tenant_id and h.size > s.next_seq
            join kernel.workspace w on w.id = s.tenant_id and w.frozen_at is null and w.closed_at is null
          where s.stopped_at is null and s.next_at < now() - make_interval(mins => $1)) as streams,
         (select count(*) from kernel.anchor_state s
            join kernel.anchor_target t on t.tenant_id = s.tenant_id and t.id = s.id and t.deleted_at is null
            join kernel.workspace w on w.id = s.tenant_id and w.frozen_at is null and w.closed_at is null
          where s.next_at < now() - make_interval(mins => $1)) as anchors`,
      [overdueMinutes],
    );
  });
  return { streams: Number(row?.["streams"]), anchors: Number(row?.["anchors"]) };
}

/** LED-05: a stream is tried, says why it fails, moves its cursor only for what arrived, and calls no address inside. */
export const streamDelivery: Probe = {
  id: "stream",
  kind: "scratch",
  title: "A stream is tried at once, says why it fails and keeps its place; no address inside is called",
  run: async (context) => {
    const owner = await ownerOf(context);
    await clear(context, owner);
    const added = await addStream(owner, nowhere);
    const id = String(added.body["id"]);
    let stream: Row = {};
    for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await pause(pauseMs)) {
      stream = (await listed(context, "/api/ledger/streams", "items")).find((each) => each["id"] === id) ?? {};
      if (stream["state"] === "retrying") break;
    }
    const renew = `/api/ledger/streams/${id}/secret`;
    const rotated = await owner.proved("kernel.stream.rotate", id, renew, { overlapHours: 24 });
    const shown = JSON.stringify(await listed(context, "/api/ledger/streams", "items"));
    const paused = await owner.browser.call("POST", `/api/ledger/streams/${id}/pause`, { paused: true });
    const removed = await owner.browser.call("DELETE", `/api/ledger/streams/${id}`);
    await owner.end();
    const late = await overdue(context);
    return allOf("a stream to a receiver that is not there was tried, says so, kept its place and counts what waits", [
      [added.status === 201, `adding a stream got ${said(added)}`],
      [String(added.body["secret"]).startsWith("whsec_"), "no signing secret was given"],
      [
        String(rotated.body["secret"]).startsWith("whsec_") && rotated.body["secret"] !== added.body["secret"],
        `another secret was asked for, got ${said(rotated)}`,
      ],
      [rotated.body["previousUntil"] !== null, "the old secret does not sign on while the receiver changes over"],
      [!shown.includes("whsec_"), "a secret is shown a second time"],
      [stream["state"] === "retrying", `the stream is ${String(stream["state"])} though nobody is there`],
      [stream["next"] === 0 && Number(stream["behind"]) > 0, "the stream moved on without its receiver"],
      [typeof stream["problem"] === "string", "the stream does not say why it fails"],
      [paused.status === 204 && removed.status === 204, `pausing got ${said(paused)}, removing ${said(removed)}`],
      [late.streams === 0, `${late.streams} streams are due for ${overdueMinutes} minutes and nobody sends`],
    ]);
  },
  negative: async (context) => {
    const { http, scratch, database } = context;
    let called = 0;
    const inside = createServer((_, response) => response.end());
    inside.on("connection", () => (called += 1));
    await new Promise<void>((resolve) => inside.listen(0, "127.0.0.1", resolve));
    const at = inside.address();
    const address = `https://127.0.0.1:${typeof at === "object" && at !== null ? at.port : 0}/in`;
    const owner = await ownerOf(context);
    await clear(context, owner);
    const added = await addStream(owner, address);
    const id = String(added.body["id"]);
    const tried = await owner.browser.call("POST", `/api/ledger/streams/${id}/test`);
    const bare = await owner.browser.call("POST", "/api/ledger/streams", streamTo(nowhere));
    const unproved = await owner.browser.call("POST", `/api/ledger/streams/${id}/secret`, { overlapHours: 0 });
    const byKey = await http("POST", "/api/ledger/streams", { key: scratch.a.ownerKey, json: streamTo(nowhere) });
    const member = await http("GET", "/api/ledger/streams", { key: scratch.a.memberKey });
    const theirs = await http("DELETE", `/api/ledger/streams/${id}`, { key: scratch.b.ownerKey });
    await owner.browser.call("DELETE", `/api/ledger/streams/${id}`);
    await owner.end();
    await new Promise((resolve) => inside.close(resolve));
    const moved = await database.attempt("probity_app", (connection) =>
      refusal(connection, () => connection.query("update kernel.stream_state set next_seq = 0")),
    );
    const taken = await database.attempt("probity_app", (connection) =>
      refusal(connection, () =>
        connection.query("select * from kernel.take_streams('guess', $1, 1, 1, 60)", [randomUUID()]),
      ),
    );
    return allOf(
      "an address inside was not called; without a fresh proof, by a key, a member and a stranger nothing was done",
      [
        [
          tried.body["taken"] === false && called === 0,
          `an address inside got ${said(tried)} and ${called} connections`,
        ],
        [unproved.status === 403, `another secret without a fresh proof got ${said(unproved)}`],
        [bare.status === 403, `adding without a fresh proof got ${said(bare)}`],
        [byKey.status === 403, `adding by a key got ${said(byKey)}`],
        [member.status === 403, `a member's look got ${said(member)}`],
        [theirs.status === 404, `another workspace removing it got ${said(theirs)}`],
        [moved === notAllowed, `moving a cursor by a statement was answered ${moved ?? "with success"}`],
        [taken === "PB403", `taking streams without the server's secret was answered ${taken ?? "with success"}`],
      ],
    );
  },
};

/** The workspace's newest checkpoint, taken along, and the instance's published key for it. */
async function copyOf({ http, scratch }: ProbeContext) {
  const deadline = Date.now() + patienceMs;
  let answer = await http("POST", "/api/ledger/anchors/copy", { key: scratch.a.ownerKey });
  // 409: nothing is signed yet.
  while (answer.status === 409 && Date.now() < deadline) {
    await pause(pauseMs);
    answer = await http("POST", "/api/ledger/anchors/copy", { key: scratch.a.ownerKey });
  }
  const published = await http("GET", "/.well-known/probity-log-keys");
  const note = String(answer.body["note"]);
  const publicKey = fromBase64(String(published.body["publicKey"])) ?? new Uint8Array(32);
  const origin = note.includes("\n\n") ? parseCheckpoint(parseNote(note).text).origin : "none";
  return { answer, note, key: compute(parseVkey(compute(vkeyText(origin, ed25519Type, publicKey)))) };
}

async function opens(note: string, key: Awaited<ReturnType<typeof copyOf>>["key"]): Promise<boolean> {
  try {
    return (await openNote(parseNote(note), [key], nodeProvider)).length === 1;
  } catch {
    return false;
  }
}

/** LED-03: checkpoints leave, who has one is shown, and nothing that was given outside can be made up or taken back. */
export const anchorHolding: Probe = {
  id: "outside",
  kind: "scratch",
  title: "A signed checkpoint can be taken outside, who holds one is shown, and a silent witness holds nothing back",
  run: async (context) => {
    const { http, scratch } = context;
    const owner = await ownerOf(context);
    await clear(context, owner);
    const { answer, note, key } = await copyOf(context);
    const checks: Check[] = [
      [answer.status === 200, `taking a copy got ${said(answer)}`],
      [await opens(note, key), "the copy is not signed by the published key"],
    ];
    const holders = await listed(context, "/api/ledger/anchors", "holders");
    checks.push([holders.some(({ kind }) => kind === "download"), "who took a copy is not shown"]);
    const vkey = "witness.invalid/w+e3a9b6bc+BAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";
    const target = { kind: "witness", name: "Probe", address: nowhere, vkey };
    const added = await owner.proved("kernel.anchor_target.create", nowhere, "/api/ledger/anchors/targets", target);
    checks.push([added.status === 201, `adding a witness got ${said(added)}`]);
    let witness: Row = {};
    for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await pause(pauseMs)) {
      const targets = await listed(context, "/api/ledger/anchors", "targets");
      witness = targets.find(({ id }) => id === added.body["id"]) ?? {};
      if (typeof witness["problem"] === "string") break;
    }
    const meanwhile = await http("GET", "/api/people", { key: scratch.a.ownerKey });
    checks.push([typeof witness["problem"] === "string", "a witness that is not there is not said to be silent"]);
    checks.push([meanwhile.status === 200, `while a witness is silent, work got ${said(meanwhile)}`]);
    await clear(context, owner);
    await owner.end();
    const late = await overdue(context);
    checks.push([late.anchors === 0, `${late.anchors} anchors are due for ${overdueMinutes} minutes`]);
    return allOf(
      "a signed copy left, its holder is shown, a witness that is not there was asked and held nothing back",
      checks,
    );
  },
  negative: async (context) => {
    const { http, scratch, database } = context;
    const { note, key } = await copyOf(context);
    const altered = note.replace(/\n(\d+)\n/, (_, size: string) => `\n${Number(size) + 1}\n`);
    const owner = await ownerOf(context);
    const bare = await owner.browser.call("POST", "/api/ledger/anchors/targets", {
      kind: "mail",
      name: "Probe",
      address: "probe@probe.invalid",
    });
    const target = { kind: "witness", name: "Probe", address: nowhere, vkey: "witness.invalid/w+00000000+BAEB" };
    const wrong = await owner.proved("kernel.anchor_target.create", nowhere, "/api/ledger/anchors/targets", target);
    await owner.end();
    const member = await http("POST", "/api/ledger/anchors/copy", { key: scratch.a.memberKey });
    const checks: Check[] = [
      [altered !== note && !(await opens(altered, key)), "a checkpoint of another size passes as signed"],
      [bare.status === 403, `adding an address without a fresh proof got ${said(bare)}`],
      [wrong.status === 422, `a key that is none got ${said(wrong)}`],
      [member.status === 403, `a member taking a copy got ${said(member)}`],
    ];
    for (const act of [
      "update kernel.anchor set holder = 'x'",
      "delete from kernel.anchor",
      "insert into kernel.anchor default values",
    ]) {
      const code = await database.attempt("probity_app", (connection) =>
        refusal(connection, () => connection.query(act)),
      );
      checks.push([code === notAllowed, `${act} was answered ${code ?? "with success"}`]);
    }
    const settled = await database.attempt("probity_app", (connection) =>
      refusal(connection, () =>
        connection.query("select kernel.settle_anchor('guess', $1, $1, $1, '{}')", [randomUUID()]),
      ),
    );
    checks.push([
      settled === "PB403",
      `settling without the server's secret was answered ${settled ?? "with success"}`,
    ]);
    return allOf(`${checks.length} attempts to alter, add or make up what lies outside were refused`, checks);
  },
};
