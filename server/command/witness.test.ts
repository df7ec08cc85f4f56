import { spawn, type ChildProcess } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openIdentity, outsideRoutes, startOutside } from "@probity/kernel";
import { openTestLog, openTestServer, type TestLog, type TestPerson, type TestServer } from "@probity/kernel/testing";
import { openNote, parseCheckpoint, parseNote, parseVkey, verifyBundle } from "@probity/verify";
import { compute, nodeProvider } from "@probity/verify/node";
import { trialLab } from "../../kernel/record/fixture/specimen.ts";

type Witness = { readonly name: string; readonly address: string; readonly vkey: string };
/** A database, a server over HTTP, a signed log and what carries it outside, all running by themselves. */
type Installation = {
  readonly server: TestServer;
  readonly owner: TestPerson;
  readonly log: TestLog;
  readonly trustedOrigins: string[];
  close(): Promise<void>;
};

const folder = mkdtempSync(join(tmpdir(), "probity-witnesses-"));
const children: ChildProcess[] = [];
const opened: Installation[] = [];
let acme: Installation;
let borealis: Installation;
let byAcme: Witness;
let byBorealis: Witness;

beforeAll(async () => {
  acme = await install("acme.example");
  borealis = await install("borealis.example");
  byAcme = await witness("acme.example/w1", borealis);
  byBorealis = await witness("borealis.example/w1", acme);
  acme.trustedOrigins.push(byBorealis.address);
  borealis.trustedOrigins.push(byAcme.address);
});
afterAll(async () => {
  for (const child of children) child.kill();
  for (const each of opened) await each.close();
  rmSync(folder, { recursive: true, force: true });
});

async function install(host: string, keys = join(folder, host)): Promise<Installation> {
  const trustedOrigins: string[] = [];
  const outside = { url: `https://${host}`, trustedOrigins };
  mkdirSync(keys, { recursive: true });
  const server = await openTestServer([
    { ...trialLab, routes: (kernel) => outsideRoutes(openIdentity(kernel, { url: outside.url }), outside) },
  ]);
  const { kernel } = server;
  const owner = await server.member(await kernel.foundWorkspace("space"), "owner");
  const log = openTestLog(kernel, { host, folder: keys });
  await log.publish();
  kernel.sequencer.start();
  log.publisher.start();
  const sending = startOutside(openIdentity(kernel, { url: outside.url }), outside, () => undefined);
  const installation = {
    server,
    owner,
    log,
    trustedOrigins,
    close: async () => {
      await sending.stop();
      await log.close();
      await server.close();
    },
  };
  opened.push(installation);
  return installation;
}

/** `npx probity witness` in a process of its own, told the two lines that the other's page shows. */
async function witness(name: string, watched: Installation): Promise<Witness> {
  const own = join(folder, name.replace("/", "-"));
  mkdirSync(own);
  const { platform, vkeys } = (await watched.server.anonymous("GET", "/.well-known/probity-log-keys")).body;
  const file = join(own, "witness.json");
  writeFileSync(file, JSON.stringify({ name, listen: "127.0.0.1:0", logs: [{ origin: platform, vkeys }] }));
  const child = spawn(process.execPath, [join(import.meta.dirname, "../cli.ts"), "witness", "--config", file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  let said = "";
  await new Promise<void>((ready, failed) => {
    child.once("exit", () => failed(new Error("the witness ended")));
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (/Its key: \S+\n/.test(said)) ready();
    });
  });
  const [, address = "", vkey = ""] = /ready at (\S+)\n[\s\S]*Its key: (\S+)/.exec(said) ?? [];
  return { name, address, vkey };
}

const body = ({ name, address, vkey }: Witness) => ({ kind: "witness", name: `Whoever runs ${name}`, address, vkey });
async function standing({
  server,
  owner,
}: Installation): Promise<Record<"targets" | "holders", { problem?: string }[]>> {
  return JSON.parse((await server.as(owner)("GET", "/api/ledger/anchors")).text);
}
const patience = { timeout: 120_000, interval: 200 };

test("LED-03 two installations cosign each other's log, and an export shows it to who holds the witness's key", async () => {
  for (const [one, other] of [
    [acme, byBorealis],
    [borealis, byAcme],
  ] as const) {
    const call = one.server.as(one.owner);
    expect((await standing(one)).holders).toEqual([]);
    expect((await call("POST", "/api/ledger/anchors/targets", { body: body(other) })).status).toBe(201);
    await expect
      .poll(async () => (await standing(one)).holders, patience)
      .toEqual([expect.objectContaining({ kind: "witness", holder: other.name })]);

    // The checkpoint that anybody is served bears both signatures.
    const { vkeys } = (await one.server.anonymous("GET", "/.well-known/probity-log-keys")).body;
    const [vkey] = Array.isArray(vkeys) ? vkeys : [];
    const { text: note } = await one.server.anonymous("GET", "/api/ledger/platform/checkpoint?cosigned=true");
    const keys = [String(vkey), other.vkey].map((text) => compute(parseVkey(text)));
    expect(await openNote(parseNote(note), keys, nodeProvider)).toHaveLength(2);

    const { text } = await call("GET", "/api/ledger/export");
    const portion = { lines: text.trimEnd().split("\n"), bytes: text.length };
    const judge = (pinned: string[]) => verifyBundle([portion], { provider: nodeProvider, keys: pinned });
    const pinned = await judge([other.vkey]);
    expect([pinned.outcome, pinned.evidentTo]).toEqual(["VERIFIED", expect.arrayContaining([`witness ${other.name}`])]);
    // Without a key of one's own it is the file's word, and called so.
    expect((await judge([])).evidentTo).toContain(`witness ${other.name} (named by the file itself)`);
  }
});

test("LED-03 a second history under the key of one is refused by the other's witness: shorter it went back, longer it forked", async () => {
  const kept = async () => {
    const { platform } = (await acme.server.anonymous("GET", "/.well-known/probity-log-keys")).body;
    const hash = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(String(platform)))).toString("hex");
    return (await fetch(`${byBorealis.address}/${hash}/checkpoint`)).text();
  };
  const sizeOf = (note: string) => parseCheckpoint(parseNote(note).text).size;
  const acts = (one: Installation) =>
    one.server
      .as(one.owner)("POST", "/api/ledger/anchors/copy")
      .then(() => one.log.publish());
  while (sizeOf(await kept()) < 12) {
    await acts(acme);
    await acme.server.as(acme.owner)("POST", "/api/ledger/anchors/ask", { body: {} });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await acme.log.publish();

  // Whoever owns the first has its key: a server that begins anew under the same name.
  mkdirSync(join(folder, "twin"));
  copyFileSync(join(folder, "acme.example", "log.key"), join(folder, "twin", "log.key"));
  const twin = await install("acme.example", join(folder, "twin"));
  twin.trustedOrigins.push(byBorealis.address);
  const before = sizeOf(await kept());
  const problem = async () => (await standing(twin)).targets[0]?.problem;
  const call = twin.server.as(twin.owner);
  expect((await call("POST", "/api/ledger/anchors/targets", { body: body(byBorealis) })).status).toBe(201);
  await expect.poll(problem, patience).toMatch(/the log went back/);
  const own = async () => sizeOf((await twin.server.anonymous("GET", "/api/ledger/platform/checkpoint")).text);
  while ((await own()) <= sizeOf(await kept())) await acts(twin);
  await call("POST", "/api/ledger/anchors/ask", { body: {} });
  await expect.poll(problem, patience).toMatch(/signed another history of this log/);
  expect((await standing(twin)).holders.filter((each) => "kind" in each && each.kind === "witness")).toEqual([]);

  // What the witness keeps is the first's, which goes on as before.
  const { text: first } = await acme.server.anonymous("GET", "/api/ledger/platform/checkpoint");
  expect(sizeOf(first)).toBeGreaterThanOrEqual(before);
  expect((await standing(acme)).targets).toEqual([expect.objectContaining({ problem: null })]);
  expect(readFileSync(join(folder, "acme.example", "log.key"))).toEqual(readFileSync(join(folder, "twin", "log.key")));
});
