import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { docxParts, packParts } from "../kernel/files/fixture/docx.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { removeInstanceFolder } from "@probity/kernel/testing";

/** A real server of its own: own folder, own port, own PostgreSQL, killed and started as an operator's would be. */
const folder = mkdtempSync(join(tmpdir(), "probity-server-"));
const home = join(folder, "home");
const temporary = join(folder, "tmp");
const marker = (word: string) => `${word}${randomBytes(9).toString("hex")}`;
const secret = { text: marker("kept"), name: marker("kept"), ownText: marker("own"), ownName: marker("own") };
const readyMs = 150_000;

let port = 0;
let key = "";
let server: { child: ChildProcess; output: () => string };
let everyOutput = "";

const environment = (extra: Readonly<Record<string, string>> = {}) => ({
  ...process.env,
  PROBITY_HOME: home,
  PROBITY_PORT: String(port),
  // Tests come from addresses of their own, or one would spend another's budget.
  PROBITY_TRUSTED_PROXIES: "127.0.0.1",
  TMPDIR: temporary,
  ...extra,
});

function launch(extra: Readonly<Record<string, string>> = {}): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [join(import.meta.dirname, "main.ts")], {
    env: environment(extra),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (piece: Buffer) => {
      output += piece.toString("utf8");
      everyOutput += piece.toString("utf8");
    });
  return { child, output: () => output };
}

async function start(extra: Readonly<Record<string, string>> = {}): Promise<void> {
  server = launch(extra);
  await until(() => server.output().includes("is ready at") || server.child.exitCode !== null);
  if (server.child.exitCode !== null) throw new Error(`The server ended: ${server.output()}`);
}

async function end(signal: NodeJS.Signals): Promise<number | null> {
  if (server.child.exitCode !== null) return server.child.exitCode;
  const ended = new Promise<number | null>((resolve) => server.child.once("exit", (code) => resolve(code)));
  server.child.kill(signal);
  return ended;
}

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + readyMs;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(`Not in time. ${everyOutput.slice(-2_000)}`);
    await pause(200);
  }
}

function parsed(text: string): Record<string, unknown> {
  return JSON.parse(text);
}

async function api(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    // The ordinary API budget is in force here; a client waits as it is told to.
    if (answer.status === 429) await pause(Number(answer.headers.get("retry-after")) * 1000);
    else if (answer.ok) return parsed(await answer.text());
    else throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  }
}

async function upload(collection: string, name: string, text: string): Promise<Record<string, unknown>> {
  const form = new FormData();
  form.append("file", new Blob([text]), name);
  const answer = await fetch(`http://127.0.0.1:${port}/api/regulatory-docs/collections/${collection}/documents`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}` },
    body: form,
  });
  if (answer.status !== 202) throw new Error(`upload: ${answer.status} ${await answer.text()}`);
  return parsed(await answer.text());
}

async function check(
  address: string,
  files: readonly (readonly [name: string, content: string | Uint8Array<ArrayBuffer>])[],
): Promise<Response> {
  const form = new FormData();
  for (const [name, content] of files) form.append("file", new Blob([content]), name);
  return fetch(`http://127.0.0.1:${port}/api/check`, {
    method: "POST",
    headers: { "x-forwarded-for": address },
    body: form,
  });
}

const listOf = (answer: Record<string, unknown>): Record<string, unknown>[] =>
  Array.isArray(answer["items"]) ? answer["items"] : [];
const prose = (index: number) =>
  `# Procedure ${index}\n\n${"The quality manager keeps records of every complaint and reviews them each quarter. ".repeat(20)}\n`;

beforeAll(async () => {
  mkdirSync(temporary, { mode: 0o777, recursive: true });
  port = await new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
  const made = spawnSync(
    process.execPath,
    [
      join(import.meta.dirname, "cli.ts"),
      "setup",
      "--email",
      "owner@example.test",
      "--password-stdin",
      "--workspace",
      "Acme",
      "--json",
    ],
    { env: environment(), input: "copper lantern folds 81\n", encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(made.stderr);
  const answer: Record<string, unknown> = JSON.parse(made.stdout);
  key = String(answer["apiKey"]);
  await start();
});
afterAll(async () => {
  if (server?.child.exitCode === null && server.child.signalCode === null) await end("SIGTERM");
  await removeInstanceFolder(folder);
});

describe("a server that is killed", () => {
  test("OPS-03 reads every upload once, after kill -9 in the midst of it, and tells how far it is", async () => {
    const collection = String((await api("POST", "/api/regulatory-docs/collections", { name: "Killed" }))["id"]);
    const jobs: string[] = [];
    for (let index = 0; index < 10; index += 1)
      jobs.push(String((await upload(collection, `sop-${index}.txt`, prose(index)))["jobId"]));
    await end("SIGKILL");
    await start();
    const progress = await fetch(`http://127.0.0.1:${port}/api/jobs/${jobs.at(-1)}/events`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect((await progress.text()).trim().split("\n").at(-1)).toContain('"state":"done"');
    const documents = async () => listOf(await api("GET", `/api/regulatory-docs/documents?collection=${collection}`));
    await until(async () => (await documents()).every((each) => each["state"] === "ready"));
    const found = await documents();
    expect(found.map((each) => [each["name"], each["revision"]]).toSorted()).toEqual(
      Array.from({ length: 10 }, (_, index) => [`sop-${index}.txt`, 1]),
    );
    // One leaf says that a revision became readable: none was read twice.
    const ready = async () =>
      listOf(await api("GET", "/api/ledger/events?action=regulatory_docs.revision.ready&limit=50"));
    await until(async () => (await ready()).length >= 10);
    await pause(600);
    const leaves = await ready();
    expect(leaves).toHaveLength(10);
    expect(new Set(leaves.map((each) => each["recordId"])).size).toBe(10);
  });

  test("OPS-03 a second server on the same folder is refused and says so; the first goes on", async () => {
    const second = launch({ PROBITY_PORT: String(port + 1) });
    const code = await new Promise((resolve) => second.child.once("exit", resolve));
    expect(code).toBe(1);
    expect(second.output()).toMatch(/nothing was started/);
    await until(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).status === 200);
  }, 90_000);

  test("OPS-03 PostgreSQL killed under it, again and again while documents are read, comes back and loses no job", async () => {
    const collection = String((await api("POST", "/api/regulatory-docs/collections", { name: "Under it" }))["id"]);
    const enough = new AbortController();
    const names = new Set<string>();
    const uploads = (async () => {
      for (let index = 0; !enough.signal.aborted; index += 1) {
        const name = `fall-${index}.txt`;
        // While the database is away the answer is 503 and nothing else; what was taken in is read in the end.
        if (await upload(collection, name, prose(index)).then(...taken)) names.add(name);
        await pause(150);
      }
    })();
    for (let kill = 0; kill < 6; kill += 1) {
      await pause(400 * kill);
      const pid = postmaster();
      process.kill(pid, "SIGKILL");
      await until(async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
        // 429: this very asking may use the address's rate up.
        expect([200, 429, 503]).toContain(answer.status);
        return answer.status === 200 && postmaster() !== pid;
      });
    }
    enough.abort();
    await uploads;
    expect(names.size).toBeGreaterThan(0);
    await until(async () => listOf(await api("GET", "/api/jobs")).length === 0);
    const found = new Map(
      listOf(await api("GET", `/api/regulatory-docs/documents?collection=${collection}`)).map((each) => [
        each["name"],
        each["state"],
      ]),
    );
    expect([...names].filter((name) => found.get(name) !== "ready")).toEqual([]);
    expect([server.child.exitCode, server.child.signalCode]).toEqual([null, null]);
    expect(server.output()).not.toContain("nobody handled");
    expect((await api("POST", "/api/regulatory-docs/collections", { name: "After the fall" }))["version"]).toBe(1);
  }, 240_000);
});

describe("the free check", () => {
  test("CMP-01 keeps nothing: no name and no word of a visitor's document is on disk or in a log afterwards", async () => {
    const answer = await check("203.0.113.1", [[`${secret.name}.txt`, `${prose(1)}\n${secret.text}\n`]]);
    const body = await answer.text();
    expect([answer.status, body.includes('"type":"result"'), body.includes(secret.text)]).toEqual([200, true, true]);
    const collection = String((await api("POST", "/api/regulatory-docs/collections", { name: "Kept" }))["id"]);
    await upload(collection, `${secret.ownName}.txt`, `${prose(2)}\n${secret.ownText}\n`);
    await until(async () =>
      listOf(await api("GET", `/api/regulatory-docs/documents?collection=${collection}`)).every(
        (each) => each["state"] === "ready",
      ),
    );
    // A clean stop writes a checkpoint: what was in memory is in the files now.
    expect(await end("SIGTERM")).toBe(0);
    const found = Object.fromEntries(
      Object.entries(secret).map(([name, word]) => [name, holders(folder, word).length > 0]),
    );
    expect(found).toEqual({ text: false, name: false, ownText: false, ownName: true });
    for (const word of Object.values(secret)) expect(everyOutput.includes(word)).toBe(false);
    await start({ PROBITY_FREE_CHECK: "on" });
  });

  test("APP-06 refuses what is no document, too many, empty or a bomb, and answers in its own words", async () => {
    const broken = new Uint8Array(2_000).fill(0);
    broken.set([0x50, 0x4b, 3, 4]);
    // A real one: a document whose text is 100 KB as it comes and 100 MB as it unpacks.
    const bomb = new Uint8Array(
      packParts(docxParts([{ text: "x" }]).set("word/comments.xml", Buffer.alloc(100 * 1024 * 1024, " "))),
    );
    expect(bomb.byteLength).toBeLessThan(200_000);
    const many = Array.from({ length: 62 }, (_, index) => [`${index}.txt`, ""] as const);
    const answer = await check("203.0.113.2", [
      ["broken.docx", broken],
      ["bomb.docx", bomb],
      ["virus.exe", "MZ\u0000\u0001"],
      ...many,
    ]);
    const lines = (await answer.text()).trim().split("\n");
    expect(lines.filter((line) => line.includes('"state":"refused"'))).toHaveLength(65);
    expect(lines.find((line) => line.includes("bomb.docx"))).toContain("times its size");
    expect(lines.at(-1)).toContain('"type":"problem"');
    expect(lines.join("")).not.toContain("http.broken");
  });

  test("APP-02 at most three an hour from one address: then 429 with Retry-After; a malformed one counts too", async () => {
    const bodies = ["no form", "--x\r\ncontent-disposition: form-data", ""];
    const statuses: number[] = [];
    for (const body of bodies) {
      const answer = await fetch(`http://127.0.0.1:${port}/api/check`, {
        method: "POST",
        headers: {
          "x-forwarded-for": "203.0.113.3",
          "content-type": body.startsWith("--") ? "multipart/form-data; boundary=x" : "text/plain",
        },
        body,
      });
      await answer.text();
      statuses.push(answer.status);
    }
    // A form that breaks off is answered in the stream that has begun by then.
    expect(statuses).toEqual([415, 200, 415]);
    const refused = await check("203.0.113.3", [["a.txt", prose(1)]]);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await check("203.0.113.9", [["a.txt", prose(1)]])).status).toBe(200);
  });

  test("switched off it is not there", async () => {
    // A visitor who never reads the answer: the server ends all the same.
    const unread = await check("203.0.113.10", [["a.txt", prose(1).repeat(400)]]);
    expect(unread.status).toBe(200);
    expect(await end("SIGTERM")).toBe(0);
    await start({ PROBITY_FREE_CHECK: "off" });
    const answer = await check("203.0.113.4", [["a.txt", prose(1)]]);
    expect(answer.status).toBe(404);
  }, 120_000);
});

/** Whether an upload was taken in; "later" is an answer too, and any other refusal fails the test. */
const taken = [
  () => true,
  (error: unknown) => {
    if (error instanceof Error && /^upload: (503|429) /.test(error.message)) return false;
    throw error;
  },
] as const;

/** The pid of PostgreSQL's first process; 0 while there is none. */
function postmaster(): number {
  try {
    return Number(readFileSync(postmasterFile(), "utf8").split("\n")[0]);
  } catch {
    return 0;
  }
}

function postmasterFile(): string {
  const found = readdirSync(join(home, "postgres"), { recursive: true, encoding: "utf8" }).find((name) =>
    name.endsWith("postmaster.pid"),
  );
  if (found === undefined) throw new Error("No postmaster.pid");
  return join(home, "postgres", found);
}

/** Files under a folder that hold the text, as UTF-8 or as UTF-16. */
function holders(place: string, text: string): string[] {
  const forms = [Buffer.from(text, "utf8"), Buffer.from(text, "utf16le")];
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => {
      const bytes = readFileSync(path);
      return path.includes(text) || forms.some((form) => bytes.includes(form));
    });
}
