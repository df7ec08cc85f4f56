import { createHash, generateKeyPairSync } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noteText, openNote, parseNote, parseVkey } from "@probity/verify";
import { compute, nodeProvider } from "@probity/verify/node";
import { openWebService } from "../../testing/web-service.ts";
import { openWitness, TestLog, type TestWitness } from "../../testing/witness.ts";
import { askWitness } from "./client.ts";
import { WitnessCore } from "./core.ts";
import { addCheckpointText, parseAddCheckpoint } from "./request.ts";
import { HeadMoved, WitnessState } from "./state.ts";

const log = new TestLog("probity.example/logs/platform");
/** Checkpoints of a public log, as it signed them: what our witness accepts is what others write. */
const sumdb = {
  origin: "go.sum database tree",
  vkey: "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
  note: `go.sum database tree
35225469
vt5T6GaLCXvyHFl9VUvvItR43XZxfLgftEcTyO3eJCQ=

— sum.golang.org Az3grpukl5AXaVfYkLiDGORx/DN2nlcS5kZHR5uYOBV2KA2HgXpD+gu9HHONebHLAyaKbbTM75QTtPydhKCExixSfwQ=
`,
};
let witness: TestWitness;
beforeAll(async () => {
  witness = await openWitness("witness.example/w1", [log, sumdb]);
});
afterAll(() => witness?.close());

async function post(body: string, to = witness): Promise<{ status: number; type: string | null; text: string }> {
  const answer = await fetch(`${to.url}/add-checkpoint`, { method: "POST", body });
  return { status: answer.status, type: answer.headers.get("content-type"), text: await answer.text() };
}
const asked = (old: number, proof: readonly Uint8Array[], note: string) =>
  post(addCheckpointText({ old, proof, note }));
const fresh = (logs: readonly TestLog[] = [log]) => openWitness("witness.example/w2", logs);

describe("LED-03 a witness (C2SP tlog-witness)", () => {
  test("takes a checkpoint of sum.golang.org as it stands, and its cosignature is one", async () => {
    const { status, text } = await asked(0, [], sumdb.note);
    expect(status).toBe(200);
    const signed = parseNote(noteText(parseNote(sumdb.note).text, [text]));
    const [good] = await openNote(signed, [compute(parseVkey(witness.vkey))], nodeProvider);
    expect(Math.abs((good?.timeSeconds ?? 0) - Date.now() / 1000)).toBeLessThan(60);
  });

  test("404, 403, 400, 409 and 422 are what the protocol says they are", async () => {
    const proof = log.proof(3, 7);
    expect((await asked(0, [], log.note(3))).status).toBe(200);
    const unknown = new TestLog("probity.example/logs/other");
    expect((await asked(0, [], unknown.note(3))).status).toBe(404);
    // Another key under the known name, and the known key with a signature that is not its own.
    const impostor = new TestLog(log.origin);
    expect((await asked(3, proof, impostor.note(7))).status).toBe(403);
    const [, line = ""] = log.note(8).split("\n\n");
    expect((await asked(3, proof, `${log.note(7).split("\n\n")[0]}\n\n${line}`)).status).toBe(403);
    expect((await asked(9, proof, log.note(7))).status).toBe(400);
    const conflict = await asked(0, [], log.note(7));
    expect([conflict.status, conflict.type, conflict.text]).toEqual([409, "text/x.tlog.size", "3\n"]);
    expect((await asked(3, [], log.note(7))).status).toBe(422);
    expect((await asked(3, proof.toReversed(), log.note(7))).status).toBe(422);
    expect((await asked(3, [], log.note(3, "fork"))).status).toBe(422);
    expect((await asked(3, log.proof(3, 7, "fork"), log.note(7, "fork"))).status).toBe(422);
    expect((await asked(3, [], log.note(3))).status).toBe(200);
    expect((await asked(3, proof, log.note(7))).status).toBe(200);
    expect((await asked(3, proof, log.note(7))).text).toBe("7\n");
  });

  test("what is not built as the protocol says is 400, too large is 413, anything else is not here", async () => {
    const note = log.note(3);
    for (const body of [
      "",
      "old 1",
      "old 0\n",
      `old 9007199254740993\n\n${note}`,
      `old 01\n\n${note}`,
      `old -1\n\n${note}`,
      `old 0\nnothing\n\n${note}`,
      `old 0\n\nno note`,
    ])
      expect([body, (await post(body)).status]).toEqual([body, 400]);
    const lines = Array.from({ length: 64 }, () => new Uint8Array(32));
    expect((await asked(3, lines, note)).status).toBe(400);
    expect((await post("x".repeat(70_000))).status).toBe(413);
    expect((await fetch(`${witness.url}/add-checkpoint`)).status).toBe(405);
    expect((await fetch(`${witness.url}/`)).status).toBe(404);
  });

  test("the empty tree has the root of nothing and goes on to any tree without a proof", async () => {
    const own = await fresh();
    const ask = (old: number, proof: readonly Uint8Array[], note: string) =>
      post(addCheckpointText({ old, proof, note }), own).then(({ status }) => status);
    expect(await ask(0, [], log.note(0))).toBe(200);
    expect(await ask(0, [new Uint8Array(32)], log.note(5))).toBe(422);
    expect(await ask(0, [], log.note(5))).toBe(200);
    await own.close();
  });

  test("monitors read the newest checkpoint with both signatures; a fork is kept as evidence", async () => {
    const own = await fresh();
    await post(addCheckpointText({ old: 0, proof: [], note: log.note(4) }), own);
    const hash = createHash("sha256").update(log.origin).digest("hex");
    const seen = await (await fetch(`${own.url}/${hash}/checkpoint`)).text();
    const keys = [log.vkey, own.vkey].map((text) => compute(parseVkey(text)));
    expect(await openNote(parseNote(seen), keys, nodeProvider)).toHaveLength(2);
    expect((await fetch(`${own.url}/${"0".repeat(64)}/checkpoint`)).status).toBe(404);
    expect((await fetch(`${own.url}/evidence/checkpoint`)).status).toBe(404);
    await post(addCheckpointText({ old: 4, proof: [], note: log.note(4, "fork") }), own);
    const [evidence = ""] = readdirSync(join(own.folder, "evidence"));
    expect(readFileSync(join(own.folder, "evidence", evidence), "utf8")).toContain(log.note(4, "fork"));
    await own.close();
  });

  test("of many checkpoints at once from one size only one is cosigned, and none is ever taken back", async () => {
    const own = await fresh();
    await post(addCheckpointText({ old: 0, proof: [], note: log.note(5) }), own);
    const sizes = [6, 7, 8, 9, 10, 11, 12, 13];
    const answers = await Promise.all(
      sizes.map((size) => post(addCheckpointText({ old: 5, proof: log.proof(5, size), note: log.note(size) }), own)),
    );
    const taken = sizes.filter((_, index) => answers[index]?.status === 200);
    expect(taken).toHaveLength(1);
    for (const answer of answers) if (answer.status !== 200) expect(answer.text).toBe(`${taken[0]}\n`);
    await own.close();
  });

  test("two processes with one memory: a step is made once, also by one that slept through several", () => {
    const folder = join(witness.folder, "two");
    const [a, b] = [new WitnessState(folder), new WitnessState(folder)];
    const head = (size: number) => ({ origin: "o", size, root: String(size), note: "" });
    a.keep(0, head(1));
    const slept = b.head("o").step;
    for (const size of [2, 3, 4, 5]) a.keep(a.head("o").step, head(size));
    expect(() => b.keep(slept, head(2))).toThrow(HeadMoved);
    expect(() => b.keep(a.head("o").step - 1, head(9))).toThrow(HeadMoved);
    expect(b.head("o").kept?.size).toBe(5);
  });

  test("it keeps the last step and the one before, and touches nothing that another process is writing", () => {
    const folder = join(witness.folder, "tidy");
    const state = new WitnessState(folder);
    const head = (size: number) => ({ origin: "o", size, root: String(size), note: "" });
    state.keep(0, head(1));
    const [own = ""] = readdirSync(folder);
    writeFileSync(join(folder, own, ".1"), "another process");
    for (const size of [2, 3, 4, 5]) state.keep(state.head("o").step, head(size));
    expect(readdirSync(join(folder, own)).toSorted()).toEqual([".1", "0000000004", "0000000005"]);
  });

  test("a memory that can't be read is no empty one: nothing is signed from nothing again", () => {
    const folder = join(witness.folder, "spoilt");
    const state = new WitnessState(folder);
    state.keep(0, { origin: "o", size: 7, root: "r", note: "" });
    const [own = ""] = readdirSync(folder);
    rmSync(join(folder, own), { recursive: true });
    writeFileSync(join(folder, own), "");
    expect(() => state.head("o")).toThrow(/ENOTDIR/);
    rmSync(join(folder, own));
    mkdirSync(join(folder, own));
    writeFileSync(join(folder, own, "0000000001"), '{"origin":"o"}');
    expect(() => state.head("o")).toThrow();
  });

  test("monitors get what lies under a log's hash, and no other file", () => {
    const folder = join(witness.folder, "asked");
    const state = new WitnessState(folder);
    const head = { origin: "o", size: 7, root: "r", note: "theirs" };
    new WitnessState(join(witness.folder, "beside")).keep(0, head);
    const [beside = ""] = readdirSync(join(witness.folder, "beside"));
    expect(state.headByHash(`../beside/${beside}`)).toBeUndefined();
    state.keep(0, head);
    expect(state.headByHash(beside)?.note).toBe("theirs");
  });

  test("of a fork seen again and again one file is kept, and of any number of forks no more than a thousand", () => {
    const folder = join(witness.folder, "forks");
    const state = new WitnessState(folder);
    for (let again = 0; again < 3; again += 1) state.keepEvidence("o", "one", "another");
    const evidence = join(folder, "evidence");
    const [kept = ""] = readdirSync(evidence);
    expect(readdirSync(evidence)).toHaveLength(1);
    const written = statSync(join(evidence, kept), { bigint: true }).mtimeNs;
    state.keepEvidence("o", "one", "another");
    expect(statSync(join(evidence, kept), { bigint: true }).mtimeNs).toBe(written);
    for (let fork = 1; fork < 1_000; fork += 1) writeFileSync(join(evidence, String(fork)), "");
    state.keepEvidence("o", "one", "a third");
    expect(readdirSync(evidence)).toHaveLength(1_000);
  });

  test("who lost the race to another process is told where the log stands now", async () => {
    const folder = join(witness.folder, "race");
    const winner = new WitnessState(folder);
    // This process looked before the other one wrote.
    class Late extends WitnessState {
      override head(origin: string) {
        const seen = super.head(origin);
        if (seen.step === 0) winner.keep(0, { origin, size: 5, root: "r", note: "" });
        return seen;
      }
    }
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const raw = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
    const key = { key: privateKey, publicKey: raw };
    const watched = { origin: log.origin, vkeys: [log.vkey] };
    const core = new WitnessCore("witness.example/race", key, new Late(folder), [watched]);
    const body = addCheckpointText({ old: 0, proof: [], note: log.note(4) });
    expect(await core.addCheckpoint(body)).toMatchObject({ status: 409, body: "5\n" });
  });
});

describe("LED-03 what a log does with witnesses", () => {
  const to = (own: TestWitness) => ({ address: own.url, vkey: own.vkey });
  const outsideOf = (origin: string) => ({ trustedOrigins: [origin], timeoutSeconds: 1 });

  test("a first cosignature, the next from there, the same again, and from a size it had forgotten (409)", async () => {
    const own = await fresh();
    const ask = (size: number, known: number) => askWitness(to(own), log.at(size), known, outsideOf(own.origin));
    for (const [size, known] of [
      [5, 0],
      [9, 5],
      [9, 9],
      [20, 3],
      [21, 0],
      [40, 39],
    ] as const)
      expect([size, await ask(size, known)]).toEqual([size, expect.objectContaining({ state: "cosigned", size })]);
    await own.close();
  });

  test("what it answers is merged only where it is a cosignature by its own key", async () => {
    const own = await fresh();
    const other = await openWitness("witness.example/w9", [log]);
    const answer = await askWitness({ address: own.url, vkey: other.vkey }, log.at(5), 0, outsideOf(own.origin));
    expect(answer).toMatchObject({ state: "failed", problem: expect.stringContaining("not its cosignature") });
    const good = await askWitness(to(own), log.at(6), 5, outsideOf(own.origin));
    if (good.state !== "cosigned") throw new Error(good.problem);
    const merged = parseNote(`${log.note(6)}${good.lines.join("")}`);
    const keys = [log.vkey, own.vkey].map((text) => compute(parseVkey(text)));
    expect(await openNote(merged, keys, nodeProvider)).toHaveLength(2);
    await own.close();
    await other.close();
  });

  test("stale, forked, unknown, bad key, silent, nonsense: said in words, and nothing is taken", async () => {
    const own = await fresh();
    const at = outsideOf(own.origin);
    await askWitness(to(own), log.at(9), 0, at);
    // This server went back behind what the witness signed.
    expect(await askWitness(to(own), log.at(4), 4, at)).toMatchObject({
      state: "failed",
      size: 9,
      problem: expect.stringContaining("went back"),
    });
    expect(await askWitness(to(own), log.at(12, "fork"), 9, at)).toMatchObject({
      problem: expect.stringContaining("another history"),
    });
    expect(await askWitness(to(own), new TestLog("probity.example/logs/x").at(3), 0, at)).toMatchObject({
      problem: expect.stringContaining("does not watch"),
    });
    expect(await askWitness(to(own), new TestLog(log.origin).at(12), 9, at)).toMatchObject({
      problem: expect.stringContaining("another key"),
    });
    await own.close();
    const answers = [
      { status: 200, body: "" },
      { status: 200, body: "yes\n" },
      { status: 409, body: "7\n" },
      { status: 500, body: "" },
      "silence",
    ] as const;
    for (const each of answers) {
      const service = await openWebService(() => each);
      const said = await askWitness({ address: service.url, vkey: witness.vkey }, log.at(3), 0, outsideOf(service.url));
      expect([each, said.state]).toEqual([each, "failed"]);
      await service.close();
    }
    const inside = await askWitness({ address: "https://127.0.0.1:1", vkey: witness.vkey }, log.at(3), 0, {});
    expect(inside).toMatchObject({ state: "failed", problem: expect.stringContaining("not one Probity calls") });
  });

  test("of several lines it answers its own is taken, and a size that is not said as one is none", async () => {
    const [own, twin, other] = [await fresh(), await fresh(), await openWitness("witness.example/w9", [log])];
    const lineOf = async (of: TestWitness) =>
      (await post(addCheckpointText({ old: 0, proof: [], note: log.note(3) }), of)).text;
    const mine = await lineOf(own);
    // Of another name, of the same name with another key, and under another name with this one's number.
    const misnamed = mine.replace("witness.example/w2", "witness.example/w8");
    const body = `${misnamed}${await lineOf(other)}${await lineOf(twin)}${mine}`;
    const service = await openWebService(() => ({ status: 200, body }));
    const target = { address: service.url, vkey: own.vkey };
    expect(await askWitness(target, log.at(3), 0, outsideOf(service.url))).toMatchObject({ lines: [mine] });
    await service.close();
    const plain = await openWebService(() => ({ status: 409, body: "7\n" }));
    expect(await askWitness({ ...target, address: plain.url }, log.at(9), 0, outsideOf(plain.url))).toEqual({
      state: "failed",
      size: 0,
      problem: "The witness answered 409",
    });
    await plain.close();
    for (const each of [own, twin, other]) await each.close();
  });

  test("a good cosignature from last week is no statement about now", async () => {
    const own = await openWitness("witness.example/w3", [log], () => Date.now() - 7 * 86_400_000);
    const said = await askWitness(to(own), log.at(3), 0, outsideOf(own.origin));
    expect(said).toMatchObject({ state: "failed", problem: expect.stringContaining("clock") });
    await own.close();
  });

  test("its request reads back as it was written", () => {
    expect(() => parseAddCheckpoint("old 0\n")).toThrow(/no empty line/);
    const request = { old: 3, proof: log.proof(3, 7), note: log.note(7) };
    const read = parseAddCheckpoint(addCheckpointText(request));
    expect([read.old, read.note, read.proof.map((hash) => Buffer.from(hash).toString("hex"))]).toEqual([
      3,
      request.note,
      request.proof.map((hash) => Buffer.from(hash).toString("hex")),
    ]);
  });
});
