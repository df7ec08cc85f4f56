// Each guard of what reads lines, leaves, tiles, notes and proofs, by something that is almost right.
import { createHash } from "node:crypto";
import { describe, expect, it, test } from "vitest";
import { base64url, utf8 } from "./encoding.ts";
import { canonicalText, commitmentInput, parseLeaf } from "./leaf.ts";
import { FormatError } from "./format-error.ts";
import { linesOf } from "./lines.ts";
import { nodeProvider } from "./node.ts";
import { openNote, parseNote, parseVkey, readVkeys, signatureLine } from "./note.ts";
import { compute } from "./node.ts";
import { isProofBundle, readBundleLine, readProofBundle } from "./read-line.ts";
import {
  bundleLines,
  closed,
  platformPart,
  platformSigners,
  proofOfLeaf,
  TestLog,
  TestSigner,
} from "./testing/bundle-maker.ts";
import { forged, judge, told } from "./testing/judge.ts";
import { entryBundle, hashesOfTile, parseEntryBundle, tileOfNode } from "./tile.ts";

const log = new TestLog({ tenant: "019aa000-0000-7000-8000-000000000001" });
log.grow(40);
const [platform, witness] = platformSigners();
const [head = {}, checkpoint = {}, range = {}, leaf = {}] = bundleLines(log);
const record = { record: "documents.document", row: "a", version: "1", values: {} };
type Line = Readonly<Record<string, unknown>>;
/** One honest line of each kind, and which of its members may be left out. */
const lines: readonly [line: Line, optional: readonly string[]][] = [
  [{ ...head }, []],
  [{ ...checkpoint, proof: "" }, ["proof"]],
  [{ kind: "consistency", from: 1, to: 2, proof: "" }, []],
  [{ kind: "platform", ...platformPart(log) }, []],
  [{ kind: "anchor", type: "rfc3161", note: "", token: "" }, []],
  [{ kind: "anchor", type: "witness", note: "" }, []],
  [{ kind: "anchor", type: "copy", note: "", to: "", at: "" }, []],
  [{ kind: "epoch", index: 1, at: log.part(1) }, ["at"]],
  [{ kind: "erasure", index: 1, at: { ...log.part(1), record } }, ["at"]],
  [{ ...range }, []],
  [{ ...leaf, record, proof: "" }, ["open", "record", "proof"]],
  [{ kind: "end", leaves: 1 }, []],
];
const text = (line: unknown) => JSON.stringify(line);
const other = (value: unknown): unknown =>
  typeof value === "number" ? String(value) : typeof value === "string" ? 7 : "x";
const without = (line: Line, name: string): Line =>
  Object.fromEntries(Object.entries(line).filter(([each]) => each !== name));

describe("LED-03 a line is read to the last member", () => {
  test.each(
    lines.map(([line, optional]) => [`${String(line["kind"])} ${String(line["type"] ?? "")}`, line, optional] as const),
  )("%s", (_, line, optional) => {
    expect(readBundleLine(text(line))).toEqual(line);
    expect(() => readBundleLine(text({ ...line, more: 1 }))).toThrow(FormatError);
    for (const name of Object.keys(line)) {
      expect(() => readBundleLine(text({ ...line, [name]: other(line[name]) })), `another ${name}`).toThrow(
        FormatError,
      );
      if (!optional.includes(name))
        expect(() => readBundleLine(text(without(line, name))), `no ${name}`).toThrow(FormatError);
      else expect(readBundleLine(text(without(line, name)))).toEqual(without(line, name));
    }
  });
  test("numbers are places, lists are of texts, objects are no lists", () => {
    for (const from of [-1, 1.5, 2 ** 53, null])
      expect(() => readBundleLine(text({ ...head, from }))).toThrow("a whole number");
    for (const vkeys of [[1], ["a", 1], {}])
      expect(() => readBundleLine(text({ ...head, vkeys }))).toThrow("a list of texts");
    for (const filter of [[], "x", 1]) expect(() => readBundleLine(text({ ...head, filter }))).toThrow("an object");
    for (const line of ["[]", "null", "1", '"x"', "{"]) expect(() => readBundleLine(line)).toThrow(FormatError);
    for (const index of [-1, 1.5]) expect(() => readBundleLine(text({ ...leaf, index }))).toThrow("what a leaf has");
    expect(() => readBundleLine(text({ ...head, v: "2" }))).toThrow("a version this verifier does not know");
    expect(() => readBundleLine(text({ kind: "more" }))).toThrow("of no kind");
    expect(() => readBundleLine(text({ kind: "anchor", type: "x", note: "" }))).toThrow("of no type");
    for (const kind of ["epoch", "erasure"])
      expect(() => readBundleLine(text({ kind, index: 1, at: { ...log.part(1), kind: "leaf" } }))).toThrow("not known");
    expect(() => readBundleLine('{"kind":"leaf"}')).toThrow(FormatError);
  });
  test("what a leaf shows is in one of three states, and a row in none or two", () => {
    const [salt, value, commitment] = ["a", "b", "c"];
    const opened = (open: unknown) => () => readBundleLine(text({ ...leaf, open }));
    for (const good of [{ salt }, { salt, value }, { commitment }]) expect(opened({ a: good })).not.toThrow();
    for (const bad of [
      {},
      { value },
      { salt, commitment },
      { value, commitment },
      { salt, value, commitment },
      { salt: 1 },
      { salt, more: "x" },
      [],
      "x",
      null,
    ])
      expect(opened({ a: bad }), `${text(bad)}`).toThrow(FormatError);
    expect(() => readBundleLine(text(leaf).replace('"open":{', '"open":{"__proto__":{"salt":"a"},'))).toThrow(
      FormatError,
    );
    for (const open of [null, 7, "", []])
      expect(() => readBundleLine(text({ ...leaf, open })), `${text(open)}`).toThrow(FormatError);
    const rowed = (row: unknown) => () => readBundleLine(text({ ...leaf, record: row }));
    for (const state of ["missing", "altered"]) expect(rowed({ ...record, state })).not.toThrow();
    for (const bad of [
      { ...record, state: "fine" },
      { ...record, more: 1 },
      { ...record, values: [] },
      { ...record, row: 1 },
      without(record, "version"),
    ])
      expect(rowed(bad), `${text(bad)}`).toThrow(FormatError);
  });
  test("a proof is read as strictly", () => {
    const whole: Line = {
      ...proofOfLeaf(log, 3),
      record,
      platform: platformPart(log),
      anchors: [{ type: "witness", note: "" }],
      enclosed: { field: "a", document: {} },
    };
    expect(readProofBundle(text(whole))).toEqual(whole);
    for (const name of Object.keys(whole)) {
      expect(() => readProofBundle(text({ ...whole, [name]: other(whole[name]) })), `another ${name}`).toThrow(
        FormatError,
      );
      const may = ["open", "record", "platform", "anchors", "enclosed"].includes(name);
      if (may) expect(readProofBundle(text(without(whole, name)))).toEqual(without(whole, name));
      else expect(() => readProofBundle(text(without(whole, name))), `no ${name}`).toThrow(FormatError);
    }
    for (const bad of [
      { anchors: {} },
      { anchors: [1] },
      { more: 1 },
      { enclosed: { field: "a", document: {}, more: 1 } },
      { platform: { ...platformPart(log), more: 1 } },
      { platform: { ...platformPart(log), kind: "platform" } },
      { anchors: [{ kind: "anchor", type: "witness", note: "" }] },
      { open: { title: {} } },
    ])
      expect(() => readProofBundle(text({ ...whole, ...bad })), `${text(bad)}`).toThrow(FormatError);
    expect([
      isProofBundle(text(whole)),
      isProofBundle(text(head)),
      isProofBundle(text(leaf)),
      isProofBundle("x"),
    ]).toEqual([true, false, false, false]);
  });
});

describe("LED-03 a leaf has one spelling", () => {
  const flat = "not a flat object of strings";
  const form = "not in canonical form";
  test.each([
    ["no JSON", "{", "not JSON"],
    ["nothing in it", "{}", form],
    ["a digit, as long as nothing in it", "7", flat],
    ["a list", '["a"]', flat],
    ["nothing", "null", flat],
    ["a text", '"a"', flat],
    ["a number", '{"a":1}', flat],
    ["a name that is none", '{"__proto__":"a"}', flat],
    ["another order", '{"b":"1","a":"1"}', "not in order"],
    ["white space", '{"a": "1"}', form],
    ["a name twice", '{"a":"1","a":"1"}', form],
    ["an escape that need not be", '{"a":"\\u0041"}', form],
    ["a slash that is escaped", '{"a":"\\/"}', form],
  ])("%s", (_, bad, says) => {
    expect(() => parseLeaf(bad)).toThrow(says);
  });
  it("takes what is canonical, escapes included", () => {
    for (const good of ['{"a":"1"}', '{"a":"\\n","b":"ü"}']) expect(parseLeaf(good)).toEqual(JSON.parse(good));
  });
  test("values JSON can't hold, and salts that are none", () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, "\ud800", undefined, () => 1, Symbol("a")])
      expect(() => canonicalText(bad)).toThrow("JSON can't hold");
    expect(canonicalText({ b: [1, null], a: undefined, Z: "x" })).toBe('{"Z":"x","b":[1,null]}');
    for (const length of [0, 15, 17])
      expect(() => commitmentInput(new Uint8Array(length), "a", "b")).toThrow("16 bytes");
  });
  test("what is shown of it: salts and commitments of their length, in any order, each of the row's values", async () => {
    const proof = proofOfLeaf(log, 4);
    const { open } = proof;
    const title = open?.["title"];
    if (open === undefined || title === undefined || !("value" in title)) throw new Error("no title");
    const shown = (more: Line) => told(text({ ...proof, ...more }), { keys: [log.signer.vkey] }, true);
    expect(await shown({ open: Object.fromEntries(Object.entries(open).toReversed()) })).toEqual(["VERIFIED"]);
    const short = base64url(new Uint8Array(31));
    expect(await shown({ open: { ...open, title: { commitment: short } } })).toEqual([
      "TAMPERED",
      "A commitment is not a hash",
    ]);
    expect(await shown({ open: { ...open, title: { ...title, salt: base64url(new Uint8Array(15)) } } })).toEqual([
      "TAMPERED",
      "A salt can't be read",
    ]);
    expect(await shown({ open: { ...open, title: { salt: title.salt } } })).toEqual([
      "TAMPERED",
      "The value of “title” is neither shown nor in a row",
    ]);
    const row = { record: "documents.document", row: "00000000-0000-7000-8000-00000000000a", version: "5" };
    const rowed = (values: Line, more: Line = {}, states: Line = {}) =>
      shown({ record: { ...row, ...more, values, ...states } });
    expect(await rowed({ title: "Title 4" })).toEqual(["VERIFIED"]);
    expect(await rowed({ title: "Title 5" })).toEqual([
      "TAMPERED",
      "The row's “title” is not what its leaf commits to",
    ]);
    expect(await rowed({ more: 1 })).toEqual(["TAMPERED", "The row's “more” is not shown by its leaf"]);
    expect(await rowed({ toString: 1 })).toEqual(["TAMPERED", "The row's “toString” is not shown by its leaf"]);
    expect(await rowed({ title: "Title 4" }, { row: "b" })).toEqual([
      "TAMPERED",
      "The row beside the leaf is not the one it speaks of",
    ]);
    expect(await rowed({}, {}, { state: "missing" })).toEqual([
      "TAMPERED",
      "The row that the leaf speaks of is gone, and no leaf says why",
    ]);
    expect(await rowed({}, {}, { state: "altered" })).toEqual([
      "TAMPERED",
      "The row that the leaf speaks of was changed, and no leaf says so",
    ]);
    expect(await shown({ open: closed(open, ["title"]), record: { ...row, values: { title: "Title 4" } } })).toEqual([
      "TAMPERED",
      "The row's “title” is not shown by its leaf",
    ]);
    expect(
      await shown({ open: { ...open, title: { salt: title.salt } }, record: { ...row, values: { title: "Title 5" } } }),
    ).toEqual(["TAMPERED", "The row, or what else is shown of the leaf, is not what it commits to"]);
    expect(await shown({ open: {} })).toEqual(["VERIFIED", "The leaf's fields are not shown"]);
  });
});

describe("LED-03 tiles, notes and files", () => {
  test("rows of hashes, bundles of entries, nodes that are not there yet", () => {
    expect(hashesOfTile(new Uint8Array(256 * 32))).toHaveLength(256);
    for (const length of [31, 257 * 32])
      expect(() => hashesOfTile(new Uint8Array(length))).toThrow("not a row of hashes");
    expect(parseEntryBundle(entryBundle([new Uint8Array(0xffff)]))).toHaveLength(1);
    expect(() => entryBundle([new Uint8Array(0x10000)])).toThrow("longer than 65,535");
    for (const cut of [[0], [0, 2, 1], [0, 0, 0]])
      expect(() => parseEntryBundle(Uint8Array.from(cut))).toThrow("ends inside an entry");
    expect(parseEntryBundle(new Uint8Array(512))).toHaveLength(256);
    expect(() => parseEntryBundle(new Uint8Array(514))).toThrow("over 256");
    expect(tileOfNode({ level: 1, index: 0 }, 2).to).toBe(2);
    expect(() => tileOfNode({ level: 1, index: 0 }, 1)).toThrow("does not hold this node yet");
  });
  test("signatures of another length, at times no one writes, under names that are none", async () => {
    const body = "a\n";
    const long = `${body}\n${witness.line(body)}`;
    const keys = await readVkeys([log.signer.vkey, witness.vkey], nodeProvider);
    await expect(openNote(parseNote(long), keys, nodeProvider)).resolves.toHaveLength(1);
    const { keyId, bytes } = parseNote(long).signatures[0] ?? { keyId: "", bytes: new Uint8Array() };
    for (const changed of [bytes.subarray(1), Uint8Array.of(...bytes, 0)])
      await expect(
        openNote(parseNote(`${body}\n${signatureLine(witness.name, keyId, changed)}`), keys, nodeProvider),
      ).rejects.toThrow("does not fit");
    const far = `${body}\n${witness.line(body, 2 ** 60)}`;
    await expect(openNote(parseNote(far), keys, nodeProvider)).rejects.toThrow("does not fit");
    const own = parseNote(`${body}\n${log.signer.line(body)}`).signatures[0];
    for (const changed of [own?.bytes.subarray(1) ?? bytes, Uint8Array.of(...(own?.bytes ?? bytes), 0)])
      await expect(
        openNote(
          parseNote(`${body}\n${signatureLine(log.signer.name, own?.keyId ?? "", changed)}`),
          keys,
          nodeProvider,
        ),
      ).rejects.toThrow("does not fit");
    for (const [name, id] of [
      ["", keyId],
      ["a b", keyId],
      ["a+b", keyId],
      ["a", "00"],
      ["a", "xx"],
    ] as const)
      expect(() => signatureLine(name, id, bytes)).toThrow("a key's name and id");
    expect(() => parseNote(`${"a".repeat(1_000_001)}\n\n— a AAAAAAAA\n`)).toThrow("longer than a million");
    expect(() => parseNote("\ud800\n\n— a AAAAAAAA\n")).toThrow("must not hold");
    expect(() => parseNote("a\n\n— a AAAAAAAA b\n")).toThrow("can't be read");
    expect(() => parseNote("a\n\n— a AAAAAA==\n")).toThrow("can't be read");
    for (const vkey of ["a+00000000+AQ==", "a+00000000+", "a+0000+AQID", "a b+00000000+AQID", "a+00000000+AQID"])
      expect(() => compute(parseVkey(vkey))).toThrow();
  });
  test("a line without an end is given up on", async () => {
    const take = async (chunks: Uint8Array[]) => {
      let count = 0;
      for await (const portion of linesOf(chunks)) count += portion.lines.length;
      return count;
    };
    const long = utf8("x".repeat(16 * 1024 * 1024));
    expect(await take([long, utf8("\n")])).toBe(1);
    await expect(take([long, utf8("x")])).rejects.toThrow("longer than a bundle's lines");
  });
});

describe("SIG-03 each guard of a proof refuses alone", () => {
  const proof = proofOfLeaf(log, 17);
  const stranger = new TestSigner(log.origin, "stranger");
  const foreign = new TestLog({ tenant: "019aa000-0000-7000-8000-000000000002" });
  foreign.grow(40);
  const pin = { keys: [log.signer.vkey] };
  const proved = (more: object, own: Parameters<typeof judge>[2] = pin) => told(text({ ...proof, ...more }), own, true);
  it("by whom it is signed", async () => {
    expect(await proved({ checkpoint: log.note(40, [stranger]) })).toEqual([
      "TAMPERED",
      "The checkpoint is not signed by the key you brought",
    ]);
    expect(await proved({ checkpoint: log.note(40, [stranger]) }, {})).toEqual([
      "NOTHING_VERIFIED",
      "No known key signed the checkpoint",
    ]);
    expect((await proved({ checkpoint: forged(log.note()) }))[1]).toMatch(/does not fit its text/);
    // The same key, under a name the checkpoint does not bear.
    const renamed = new TestSigner(`${log.origin}/2`, "log");
    expect(await proved({ checkpoint: log.note(40, [renamed]), vkeys: [renamed.vkey] })).toEqual([
      "TAMPERED",
      "The checkpoint is not signed by the key you brought",
    ]);
    expect(await proved({}, { keys: [foreign.signer.vkey] })).toEqual([
      "INCOMPLETE",
      "None of the keys you brought is for this log",
    ]);
    expect(await proved({}, { keys: [platform.vkey] })).toEqual([
      "INCOMPLETE",
      "The key you brought is the platform log's, and the file does not lead to it",
    ]);
    expect(await proved({ platform: platformPart(log) }, { keys: [platform.vkey] })).toEqual(["VERIFIED"]);
  });
  it("what it is of", async () => {
    expect(await proved({ checkpoint: foreign.note() }, {})).toContain("The checkpoint is of another log");
    expect(await proved({ origin: foreign.origin, vkeys: [foreign.signer.vkey], ...log.part(17) }, {})).toContain(
      "The leaf is of another workspace than the log",
    );
    expect(await proved({ proof: log.inclusion(16) })).toEqual(["TAMPERED", "The leaf is not in the signed log"]);
    expect(await proved({ checkpoint: "x" })).toEqual(["TAMPERED", "The note has no signatures under an empty line"]);
    expect(await proved({ more: 1 })).toEqual(["NOTHING_VERIFIED", "“more” is not known here"]);
    expect(await proved({ leaf: "x", open: undefined })).toEqual([
      "TAMPERED",
      "The leaf is not JSON",
      "The leaf is not in the signed log",
      "The leaf's fields are not shown",
    ]);
  });
  it("what it encloses", async () => {
    const own = new TestLog({ tenant: log.tenant });
    const document = { a: 1 };
    const hash = createHash("sha256").update('{"a":1}').digest("hex");
    own.add({ action: "x", fields: { receipt: hash } });
    const enclosing = (enclosed: object) => text(proofOfLeaf(own, 0, { ...enclosed }));
    const good = await judge(enclosing({ enclosed: { field: "receipt", document } }), "VERIFIED", {
      keys: [own.signer.vkey],
    });
    expect(good.enclosed).toEqual({ field: "receipt", document });
    for (const bad of [
      { field: "receipt", document: { a: 2 } },
      { field: "other", document },
    ]) {
      expect(await told(enclosing({ enclosed: bad }))).toEqual([
        "TAMPERED",
        "The document in the file is not the one the leaf commits to",
      ]);
    }
    const counted = await judge(text(proof), "VERIFIED", pin);
    expect([counted.enclosed, counted.counts.rows, counted.counts.fieldsShown]).toEqual([undefined, 0, 2]);
  });
});
