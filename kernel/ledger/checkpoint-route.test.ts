import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  fromHashRow,
  hashesOfTile,
  leafHash,
  merkleRoot,
  openNote,
  parseCheckpoint,
  parseEntryBundle,
  parseNote,
  parseVkey,
  tilePath,
  verifyInclusion,
} from "@probity/verify";
import { compute, nodeProvider } from "@probity/verify/node";
import { openTestLog, type TestLog } from "../testing/log.ts";
import { asDoor } from "../testing/record-suite.ts";
import { openTestServer, type TestServer } from "../testing/server.ts";
import type { TestPerson } from "../testing/kernel.ts";

let server: TestServer;
let log: TestLog;
let acme: string;
let owner: TestPerson;
let stranger: TestPerson;

beforeAll(async () => {
  server = await openTestServer([]);
  acme = await server.kernel.foundWorkspace("acme");
  const rival = await server.kernel.foundWorkspace("rival");
  owner = await server.member(acme, "owner");
  stranger = await server.member(rival, "owner");
  log = openTestLog(server.kernel);
  for (let index = 0; index < 5; index += 1)
    await server.kernel.door.work(owner.session, "kernel.people.change", (tx) =>
      tx.recordAll(Array.from({ length: 120 }, (_, at) => ({ action: "kernel.test.act", fields: { index, at } }))),
    );
  await log.publish();
});
afterAll(async () => {
  await log?.close();
  await server?.close();
});

const bytesFrom = async (path: string, person: TestPerson | null = owner) => {
  const headers: Record<string, string> = person
    ? { cookie: `probity-session=${person.session.token}`, "probity-workspace": person.session.workspace ?? "" }
    : {};
  const answer = await fetch(`${server.origin}${path}`, { headers });
  return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
};
const keys = async () => {
  const { body } = await server.anonymous("GET", "/.well-known/probity-log-keys");
  return body;
};
const vkeyOf = async (origin: string) => {
  const key = Buffer.from(String((await keys())["publicKey"]), "base64");
  const id = createHash("sha256").update(`${origin}\n`).update("\x01").update(key).digest("hex").slice(0, 8);
  return `${origin}+${id}+${Buffer.concat([Buffer.of(1), key]).toString("base64")}`;
};

describe("the log over HTTP", () => {
  test("LED-03 an outsider rebuilds the log from its entries, and the tiles and the signed root are theirs", async () => {
    const note = (await bytesFrom("/api/ledger/checkpoint")).bytes.toString("utf8");
    const checkpoint = parseCheckpoint(parseNote(note).text);
    expect(checkpoint.origin).toBe(`log.example/logs/${acme}`);
    const key = compute(parseVkey(await vkeyOf(checkpoint.origin)));
    await expect(openNote(parseNote(note), [key], nodeProvider)).resolves.toHaveLength(1);
    const entries: Uint8Array[] = [];
    const hashes: Uint8Array[] = [];
    for (let index = 0; index * 256 < checkpoint.size; index += 1) {
      const width = Math.min(256, checkpoint.size - index * 256);
      const bundle = await bytesFrom(`/api/ledger/${tilePath({ level: "entries", index, width })}`);
      expect(bundle.status).toBe(200);
      entries.push(...parseEntryBundle(bundle.bytes));
      const tile = await bytesFrom(`/api/ledger/${tilePath({ level: 0, index, width })}`);
      expect(tile.headers.get("cache-control")).toMatch(width === 256 ? /immutable/ : /max-age=60/);
      hashes.push(...hashesOfTile(tile.bytes));
    }
    expect(entries).toHaveLength(checkpoint.size);
    expect(entries.map((entry) => Buffer.from(compute(leafHash(entry))).toString("hex"))).toEqual(
      hashes.map((hash) => Buffer.from(hash).toString("hex")),
    );
    expect(Buffer.from(compute(merkleRoot(hashes)))).toEqual(Buffer.from(checkpoint.root));
    const level1 = await bytesFrom(`/api/ledger/${tilePath({ level: 1, index: 0, width: 2 })}`);
    expect(hashesOfTile(level1.bytes).map((each) => Buffer.from(each).toString("hex"))).toEqual(
      [hashes.slice(0, 256), hashes.slice(256, 512)].map((each) =>
        Buffer.from(compute(merkleRoot(each))).toString("hex"),
      ),
    );
  });

  test("LED-03 tiles wider than the log, written otherwise, or of nobody are not there; what is known is not sent again", async () => {
    for (const path of [
      "tile/0/002.p/255",
      "tile/0/009",
      "tile/2/000.p/1",
      "tile/entries/002.p/256",
      "tile/0/x000/000",
    ])
      expect([path, (await bytesFrom(`/api/ledger/${path}`)).status]).toEqual([path, 404]);
    const first = await bytesFrom("/api/ledger/tile/0/000");
    const again = await fetch(`${server.origin}/api/ledger/tile/0/000`, {
      headers: {
        cookie: `probity-session=${owner.session.token}`,
        "probity-workspace": acme,
        "if-none-match": first.headers.get("etag") ?? "",
      },
    });
    expect(again.status).toBe(304);
    expect((await fetch(`${server.origin}/api/ledger/tile/0/000`)).status).toBe(401);
    const theirs = await bytesFrom("/api/ledger/tile/0/000.p/1", stranger);
    expect(theirs.bytes.equals(first.bytes.subarray(0, 32))).toBe(false);
  });

  test("LED-03 a proof leads from one event to the signed checkpoint and into the platform log; a changed byte does not", async () => {
    const [row] = await asDoor(
      server,
      "select seq, leaf_id from kernel.ledger_event where tenant_id = $1 and action = 'kernel.test.act' order by seq offset 333 limit 1",
      [acme],
    );
    const answer = await server.as(owner)("GET", `/api/ledger/proof/${String(row?.["leaf_id"])}`);
    expect(answer.status).toBe(200);
    expect(answer.text.length).toBeLessThan(4096);
    const bundle = answer.body;
    expect(bundle["index"]).toBe(Number(row?.["seq"]));
    const checkpoint = parseCheckpoint(parseNote(String(bundle["checkpoint"])).text);
    const proof = fromHashRow(String(bundle["proof"])) ?? [];
    const inLog = (leaf: string) =>
      compute(
        verifyInclusion(
          Number(bundle["index"]),
          checkpoint.size,
          compute(leafHash(Buffer.from(leaf))),
          proof,
          checkpoint.root,
        ),
      );
    const leaf = String(bundle["leaf"]);
    expect(inLog(leaf)).toBe(true);
    expect(inLog(leaf.replace("kernel.test.act", "kernel.test.acT"))).toBe(false);
  });

  test("LED-03 the events of another workspace have no proof here, those without a checkpoint not yet", async () => {
    const [row] = await asDoor(server, "select leaf_id from kernel.ledger_event where tenant_id = $1 limit 1", [acme]);
    const path = `/api/ledger/proof/${String(row?.["leaf_id"])}`;
    expect((await server.as(stranger)("GET", path)).status).toBe(404);
    await server.kernel.door.work(owner.session, "kernel.people.change", (tx) =>
      tx.record({ action: "kernel.test.late" }),
    );
    const deadline = Date.now() + 30_000;
    let late: Record<string, unknown> | undefined;
    while (late === undefined && Date.now() < deadline) {
      await server.kernel.sequencer.drain();
      [late] = await asDoor(server, "select leaf_id from kernel.ledger_event where action = 'kernel.test.late'");
    }
    const latePath = `/api/ledger/proof/${String(late?.["leaf_id"])}`;
    expect((await server.as(owner)("GET", latePath)).body["code"]).toBe("ledger.not_covered");
    await log.publish();
    expect((await server.as(owner)("GET", latePath)).status).toBe(200);
  });

  test("LED-03 the platform log is read by anybody and names no workspace", async () => {
    const note = (await server.anonymous("GET", "/api/ledger/platform/checkpoint")).text;
    const checkpoint = parseCheckpoint(parseNote(note).text);
    const key = compute(parseVkey(await vkeyOf(checkpoint.origin)));
    await expect(openNote(parseNote(note), [key], nodeProvider)).resolves.toHaveLength(1);
    const width = checkpoint.size;
    const entries = parseEntryBundle(
      (await bytesFrom(`/api/ledger/platform/${tilePath({ level: "entries", index: 0, width })}`, null)).bytes,
    );
    const hashes = entries.map((entry) => compute(leafHash(entry)));
    expect(Buffer.from(compute(merkleRoot(hashes)))).toEqual(Buffer.from(checkpoint.root));
    for (const entry of entries) expect(Buffer.from(entry).toString("utf8")).not.toContain(acme);
  });
});
