// The edges of what may be shown of a leaf, and of what a proof of one says.
import { describe, expect, test } from "vitest";
import { base64url, fromBase64url } from "./encoding.ts";
import { canonicalText } from "./leaf.ts";
import {
  bundleLines,
  bundleText,
  closed,
  platformPart,
  platformSigners,
  proofOfLeaf,
  TestLog,
  TestSigner,
} from "./testing/bundle-maker.ts";
import { told, verifyText } from "./testing/judge.ts";

const tenant = "019aa000-0000-7000-8000-000000000001";
const text = (line: unknown) => JSON.stringify(line);

describe("LED-03 what is shown of a leaf is what it commits to, to the byte", () => {
  const log = new TestLog({ tenant });
  log.add({ action: "documents.document.updated", fields: { title: "Title" } });
  const own = { keys: [log.signer.vkey] };
  const proof = proofOfLeaf(log, 0);
  const title = proof.open?.["title"];
  if (title === undefined || !("value" in title)) throw new Error("no title");
  const shown = (more: object) => told(text({ ...proof, ...more }), own);

  test("a salt of a byte more would write itself over the name it stands before", async () => {
    const salt = base64url(Uint8Array.of(...(fromBase64url(title.salt) ?? []), "t".charCodeAt(0)));
    expect(await shown({ open: { xitle: { salt, value: title.value } } })).toEqual([
      "TAMPERED",
      "A salt can't be read",
    ]);
  });
  test("a commitment of a byte more is none", async () => {
    expect(await shown({ open: { title: { commitment: base64url(new Uint8Array(33)) } } })).toEqual([
      "TAMPERED",
      "A commitment is not a hash",
    ]);
  });
  test("what every object has is no value of a row", async () => {
    const record = { record: "a", row: "b", version: "1" };
    const rowed = new TestLog({ tenant });
    rowed.add({ action: "x", fields: { toString: "y" }, record });
    const { open, ...rest } = proofOfLeaf(rowed, 0);
    const [field] = Object.values(open ?? {});
    const salt = field !== undefined && "salt" in field ? field.salt : "";
    expect(salt).not.toBe("");
    expect(await told(text({ ...rest, open: { toString: { salt } }, record: { ...record, values: {} } }))).toEqual([
      "TAMPERED",
      "The value of “toString” is neither shown nor in a row",
    ]);
  });
  test("a value nested without an end is answered like any other that is wrong, wherever it stands", async () => {
    const deep = (count: number) => `${"[".repeat(count)}${"]".repeat(count)}`;
    expect(canonicalText(JSON.parse(deep(500)))).toHaveLength(1_000);
    const record = { record: "a", row: "b", version: "1" };
    const rowed = new TestLog({ tenant });
    rowed.add({ action: "x", fields: { title: "y" }, record });
    const row = { record: { ...record, values: { title: "DEEP" } } };
    const lines = bundleLines(rowed).map((line) => (line.kind === "leaf" ? { ...line, ...row } : line));
    for (const file of [
      text(proofOfLeaf(rowed, 0, row)),
      text(proofOfLeaf(rowed, 0, { enclosed: { field: "title", document: { a: "DEEP" } } })),
      bundleText(lines),
    ])
      expect(await told(file.replace('"DEEP"', deep(100_000)), { keys: [rowed.signer.vkey] })).toEqual([
        "TAMPERED",
        "A value is nested too deeply",
      ]);
  });
  test("a leaf that commits to nothing has nothing to show", async () => {
    const plain = new TestLog({ tenant });
    plain.add({ action: "x" });
    expect(await told(bundleLines(plain), { keys: [plain.signer.vkey] }, true)).toEqual(["VERIFIED"]);
    expect(await told(text(proofOfLeaf(plain, 0)), { keys: [plain.signer.vkey] }, true)).toEqual(["VERIFIED"]);
  });
});

describe("SIG-03 what a proof is of, and who says so", () => {
  const log = new TestLog({ tenant });
  log.grow(40);
  const pin = { keys: [log.signer.vkey] };
  const proof = proofOfLeaf(log, 17, { platform: platformPart(log) });
  const stranger = new TestSigner(log.origin, "stranger");
  const [platform] = platformSigners();
  const verdictOf = (more: object, own: Parameters<typeof told>[1] = pin) =>
    verifyText(text({ ...proof, ...more }), own);

  test("after a declared restore the log is the same still, under its next name", async () => {
    const restored = new TestLog({ tenant });
    restored.grow(10);
    const kept = restored.note(5);
    const signer = restored.restore(7, restored.note());
    const own = { keys: [restored.signer.vkey] };
    const note = restored.note(restored.size, [signer], signer.name);
    const after = (origin: string) =>
      text(proofOfLeaf(restored, 3, { origin, vkeys: [signer.vkey], checkpoint: note }));
    for (const origin of [restored.origin, signer.name]) expect(await told(after(origin), own)).toEqual(["VERIFIED"]);
    // The kept checkpoint bears the name before: it can't be connected, and is not another log's.
    expect(await told(after(signer.name), { ...own, checkpoint: kept }, true)).toEqual([
      "VERIFIED",
      "A proof of one leaf can't be connected with the checkpoint you kept",
    ]);
  });

  test("a leaf that names no workspace, or the end of one, is of another", async () => {
    for (const named of ["", "01"]) {
      const odd = new TestLog({ tenant: named });
      odd.grow(1);
      const whole = new TestLog({ tenant });
      whole.entries.push(...odd.entries);
      expect(await told(text(proofOfLeaf(whole, 0)), { keys: [whole.signer.vkey] })).toEqual([
        "TAMPERED",
        "The leaf is of another workspace than the log",
      ]);
    }
  });

  test("what nobody known signed leads nowhere: no time, no witness, no platform log", async () => {
    const unsigned = { checkpoint: log.note(40, [stranger]) };
    const verdict = await verdictOf(unsigned, { keys: [platform.vkey] });
    expect([verdict.outcome, verdict.evidentTo, verdict.trust.mode, verdict.counts.verified]).toEqual([
      "INCOMPLETE",
      [],
      "none",
      0,
    ]);
    expect(verdict.findings.map((each) => each.text)).toContain(
      "The key you brought is the platform log's, and the file does not lead to it",
    );
  });

  test("a leaf that is not in the log, or not what it commits to, is not counted", async () => {
    const closing = { open: closed(proof.open ?? {}, ["title"]) };
    expect((await verdictOf(closing)).counts).toMatchObject({ verified: 1, fieldsClosed: 1 });
    for (const wrong of [
      { ...closing, proof: log.inclusion(16) },
      { ...closing, checkpoint: log.note(40, [stranger]) },
    ])
      expect((await verdictOf(wrong)).counts).toMatchObject({ verified: 0, fieldsClosed: 0 });
    const changed = await verdictOf({ open: log.part(16).open });
    expect([changed.outcome, changed.counts.verified]).toEqual(["TAMPERED", 0]);
    const seen: unknown[] = [];
    await verdictOf({ open: log.part(16).open }, { ...pin, onLeaf: ({ fault }) => seen.push(fault) });
    expect(seen).toEqual(["What is shown of the leaf is not what it commits to"]);
  });

  test("its row and its anchors count, and a key of its own makes nobody trusted", async () => {
    const row = { record: "documents.document", row: "00000000-0000-7000-8000-00000000000a", version: "18" };
    const [, witness] = platformSigners();
    const note = log.note(40, [log.signer, witness]);
    const verdict = await verdictOf(
      { record: { ...row, values: { title: "Title 17" } }, anchors: [{ type: "witness", note }] },
      { keys: [witness.vkey] },
    );
    expect([verdict.outcome, verdict.counts.rows, verdict.counts.anchors, verdict.trust.mode]).toEqual([
      "VERIFIED",
      1,
      1,
      "first-use",
    ]);
  });
});
