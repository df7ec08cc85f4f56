// Each guard of the verifier by a file that only it refuses, and by what it says: another guard's refusal does not count.
import { describe, expect, it, test } from "vitest";
import { parseCheckpoint } from "./checkpoint.ts";
import { fromHashRow, fromHex, sameBytes, utf8 } from "./encoding.ts";
import { verifyFile } from "./file.ts";
import type { BundleLine } from "./format.ts";
import { Frontier } from "./frontier.ts";
import { nodeProvider } from "./node.ts";
import type { Outcome } from "./outcome.ts";
import { bundleLines, bundleText, proofOfLeaf, TestLog, TestSigner } from "./testing/bundle-maker.ts";
import { forged, judge, told, verifyText } from "./testing/judge.ts";

const tenant = "019aa000-0000-7000-8000-000000000001";
const log = new TestLog({ tenant });
log.grow(40);
const honest = bundleLines(log);
const pin = { keys: [log.signer.vkey] };
const stranger = new TestSigner(log.origin, "stranger");
const foreign = new TestLog({ tenant: "019aa000-0000-7000-8000-000000000002" });
foreign.grow(3);

type Own = Parameters<typeof judge>[2];
const found = (file: string | readonly BundleLine[], own: Own = pin, remarks = false) => told(file, own, remarks);
function headed(changes: Partial<BundleLine & { kind: "bundle" }>, lines = honest): BundleLine[] {
  return lines.map((line) => (line.kind === "bundle" ? { ...line, ...changes } : line));
}
const after = (place: number, ...more: BundleLine[]): BundleLine[] => honest.toSpliced(place, 0, ...more);

describe("LED-03 each guard of a bundle refuses alone", () => {
  const rows: readonly [
    what: string,
    file: () => string | readonly BundleLine[],
    outcome: Outcome,
    ...says: string[],
  ][] = [
    [
      "a checkpoint of another log beside the right one",
      () => after(1, { kind: "checkpoint", note: foreign.note() }),
      "TAMPERED",
      "A checkpoint is of another log",
      "A checkpoint is signed by nobody known",
    ],
    [
      "an older checkpoint by a stranger",
      () => after(1, { kind: "checkpoint", note: log.note(20, [stranger]) }),
      "INCOMPLETE",
      "A checkpoint is signed by nobody known",
    ],
    [
      "an older checkpoint with a broken signature",
      () => after(1, { kind: "checkpoint", note: forged(log.note(20)) }),
      "TAMPERED",
      `The signature of ${log.origin} (${log.signer.vkey.split("+")[1]}) does not fit its text`,
    ],
    [
      "fewer leaves at the end than there are",
      () => [...honest.slice(0, -1), { kind: "end", leaves: 39 }],
      "INCOMPLETE",
      "The file says it has 39 leaves and has 40",
    ],
    [
      "a leaf past the range",
      () => headed({ to: 39, unfilteredCount: 39 }),
      "TAMPERED",
      "A leaf stands where it can't: twice, out of order or outside the range",
      "The hashes beside the range do not fit the checkpoint",
    ],
    [
      "a workspace that is not the log's",
      () => headed({ tenant: foreign.tenant }).filter((line) => line.kind !== "leaf"),
      "TAMPERED",
      "The file names a workspace and another's log",
      "The file says it has 40 leaves and has 0",
      "40 leaves are missing",
    ],
    [
      "a count that does not fit the range",
      () => headed({ unfilteredCount: 39 }),
      "TAMPERED",
      "The file's range and its count do not fit",
    ],
    [
      "a range that ends before it begins",
      () =>
        headed(
          { from: 3, to: 2, unfilteredCount: 1 },
          honest.filter((line) => line.kind !== "leaf"),
        ),
      "TAMPERED",
      "The file's range and its count do not fit",
      "The file says it has 40 leaves and has 0",
    ],
    [
      "one leaf left out",
      () => honest.filter((line) => line.kind !== "leaf" || line.index !== 7),
      "INCOMPLETE",
      "A leaf is missing",
      "The file says it has 40 leaves and has 39",
    ],
    [
      "more than the checkpoint signs",
      () => bundleLines(log, { to: 40, size: 30 }),
      "INCOMPLETE",
      "The newest checkpoint ends at 30: what follows is not signed",
    ],
    [
      "a head inside",
      () => after(5, ...honest.slice(0, 1)),
      "TAMPERED",
      "A bundle begins inside the bundle",
      "The file stops before its end",
      "38 leaves are missing",
    ],
    [
      "a leaf after the end",
      () => [...honest, ...honest.slice(-2, -1)],
      "TAMPERED",
      "Something follows the bundle's end",
    ],
    ["two ends", () => [...honest, ...honest.slice(-1)], "TAMPERED", "Something follows the bundle's end"],
    [
      "a line that is no line",
      () => `${bundleText(honest.slice(0, 2))}nonsense\n`,
      "TAMPERED",
      "Line 3: The line is not JSON",
      "The file stops before its end",
      "40 leaves are missing",
    ],
    [
      "an end inside a line",
      () => bundleText(honest).slice(0, -4),
      "INCOMPLETE",
      "The file ends inside a line",
      "The file stops before its end",
    ],
    [
      "a leaf that is no leaf",
      () =>
        honest.map((line) => (line.kind === "leaf" && line.index === 3 ? { kind: "leaf", index: 3, leaf: "x" } : line)),
      "TAMPERED",
      "The leaf is not JSON",
      "What the leaf commits to is not shown, and by no erasure",
      "The leaves do not give the root that was signed: something in [0, 40) was changed",
    ],
    [
      "hashes beside the range that are none",
      () => bundleLines(log, { from: 2 }).map((line) => (line.kind === "range" ? { ...line, left: "AAAA" } : line)),
      "TAMPERED",
      "The hashes beside the range do not fit it",
    ],
    [
      "a consistency proof that is none",
      () => after(2, { kind: "consistency", from: 12, to: 40, proof: "x" }),
      "TAMPERED",
      "A consistency proof can't be read",
    ],
  ];
  test.each(rows.map(([what, ...row]) => [what, row] as const))("%s", async (_, [file, ...says]) => {
    expect(await found(file())).toEqual(says);
  });

  it("begins as a bundle does, or says why nothing was verified", async () => {
    expect(await found(honest.slice(2), pin, true)).toEqual([
      "NOTHING_VERIFIED",
      "The file does not begin as a bundle does",
    ]);
    expect(await found("hello\n", pin, true)).toEqual(["NOTHING_VERIFIED", "Line 1: The line is not JSON"]);
    expect(await found("", pin, true)).toEqual(["NOTHING_VERIFIED", "The file is empty"]);
    expect(await found(`${"x".repeat(2_000)}\n`.repeat(600), pin, true)).toEqual([
      "NOTHING_VERIFIED",
      "Line 1: The line is not JSON",
    ]);
  });

  it("needs no newline at its end, nor hashes beside a range that is everything", async () => {
    expect(await found(bundleText(honest).trimEnd())).toEqual(["VERIFIED"]);
    expect(await found(honest.filter((line) => line.kind !== "range"))).toEqual(["VERIFIED"]);
    expect(await found(bundleLines(log, { from: 2, only: [3, 4] }))).toEqual(["VERIFIED"]);
  });

  it("holds bytes that are text", async () => {
    const bytes = utf8(bundleText(honest));
    const cut = (at: number) =>
      verifyFile([bytes.subarray(0, at), Uint8Array.of(0xff), bytes.subarray(at)], { provider: nodeProvider, ...pin });
    for (const at of [0, bytes.length - 40]) {
      const verdict = await cut(at);
      expect([verdict.outcome, verdict.findings[0]?.text]).toEqual([
        at === 0 ? "NOTHING_VERIFIED" : "TAMPERED",
        "The file holds bytes that are not text",
      ]);
    }
    // A character that is never finished.
    const unfinished = await verifyFile([bytes, Uint8Array.of(0xc3)], { provider: nodeProvider, ...pin });
    expect([unfinished.outcome, unfinished.findings[0]?.text]).toEqual([
      "TAMPERED",
      "The file holds bytes that are not text",
    ]);
  });

  it("is read in batches, and told of as it is read", async () => {
    const long = new TestLog({ tenant });
    long.grow(600);
    const own = { keys: [long.signer.vkey] };
    const told: number[] = [];
    await judge(bundleLines(long), "VERIFIED", { ...own, onProgress: (_, leaves) => told.push(leaves) });
    expect(told.at(-1)).toBe(600);
    const without = bundleLines(long, { from: 2 }).filter((line) => line.kind !== "range");
    expect(await found(without, own)).toEqual(["INCOMPLETE", "The hashes beside the range are missing"]);
    const bad = bundleLines(long).map((line) =>
      line.kind === "leaf" ? { kind: line.kind, index: line.index, leaf: line.leaf } : line,
    );
    const many = await verifyText(bad, own);
    expect([many.outcome, many.findings.length, many.findingCount]).toEqual(["INCOMPLETE", 100, 600]);
  });

  test("where something was changed is narrowed down by what was signed before, by whom is known alone", async () => {
    const changed = honest.map((line) =>
      line.kind === "leaf" && line.index === 20 ? { ...line, ...log.part(21), index: 20 } : line,
    );
    const signed = (size: number, signer = log.signer): BundleLine => ({
      kind: "checkpoint",
      note: log.note(size, [signer]),
    });
    const verdict = await judge(
      changed.toSpliced(1, 0, signed(10), signed(30), signed(15, stranger), signed(25, stranger)),
      "TAMPERED",
      pin,
    );
    expect(verdict.findings.find(({ text }) => text.includes("something in"))).toEqual({
      sort: "fault",
      text: "The leaves do not give the root that was signed: something in [10, 30) was changed",
      index: 10,
    });
  });

  test("what follows a missing leaf is not held against an older checkpoint", async () => {
    const lines = after(1, { kind: "checkpoint", note: log.note(20) }).filter(
      (line) => line.kind !== "leaf" || line.index !== 7,
    );
    expect((await found(lines)).at(-1)).toBe(
      "A checkpoint of 20 leaves can't be connected with the newest: its proof is missing",
    );
  });

  test("an older checkpoint brings its own proof", async () => {
    const part = bundleLines(log, { from: 15 });
    const older = (proof?: string): BundleLine => ({
      kind: "checkpoint",
      note: log.note(12),
      ...(proof === undefined ? {} : { proof }),
    });
    expect(await found(part.toSpliced(1, 0, older(log.consistency(12))))).toEqual(["VERIFIED"]);
    expect((await found(part.toSpliced(1, 0, older())))[0]).toBe("INCOMPLETE");
    expect((await found(part.toSpliced(1, 0, older(log.consistency(13)))))[0]).toBe("TAMPERED");
  });

  test("a selection is nothing without a checkpoint before it that somebody known signed", async () => {
    const lines = bundleLines(log, { only: [3, 4] });
    const late = [...lines.slice(0, 1), ...lines.slice(2, -1), ...lines.slice(1, 2), ...lines.slice(-1)];
    for (const file of [late, bundleLines(log, { only: [3, 4], vkeys: [] })]) {
      const verdict = await judge(file, "NOTHING_VERIFIED", {});
      expect(verdict.counts.verified).toBe(0);
      if (file !== late)
        expect(verdict.findings).toEqual([{ sort: "remark", text: "No known key signed the checkpoint" }]);
    }
    const moved = lines.map((line) =>
      line.kind === "leaf" && line.index === 4 ? { ...line, proof: log.inclusion(5) } : line,
    );
    expect(await found(moved)).toEqual(["TAMPERED", "The leaf is not in the signed log"]);
    expect(
      await found(
        lines.map((line) =>
          line.kind === "leaf" ? { kind: line.kind, index: line.index, leaf: line.leaf, open: line.open ?? {} } : line,
        ),
      ),
    ).toEqual(["TAMPERED", "The leaf is not in the signed log", "The leaf is not in the signed log"]);
  });

  test("the time of the newest leaf is the checkpoint's only where it is the last", async () => {
    expect((await judge(bundleLines(log, { to: 7 }), "VERIFIED", pin)).checkpoint?.time).toBeNull();
    expect((await judge(JSON.stringify(proofOfLeaf(log, 38)), "VERIFIED", pin)).checkpoint?.time).toBeNull();
    expect((await judge(JSON.stringify(proofOfLeaf(log, 39)), "VERIFIED", pin)).checkpoint?.time?.by).toBe("leaf");
  });
});

describe("LED-03 a kept checkpoint that does not fit makes no key a trusted one", () => {
  const rows: readonly [what: string, checkpoint: () => string, outcome: Outcome, says: RegExp][] = [
    ["by a stranger", () => log.note(20, [stranger]), "TAMPERED", /not signed by the same key/],
    ["with a broken signature", () => forged(log.note(20)), "TAMPERED", /not signed by the same key/],
    [
      "longer than the file",
      () => {
        const longer = new TestLog({ tenant });
        longer.entries.push(...log.entries);
        longer.grow(3);
        return longer.note();
      },
      "ROLLED_BACK",
      /has 43 leaves; the file ends at 40/,
    ],
  ];
  test.each(rows)("%s", async (_, checkpoint, outcome, says) => {
    const verdict = await judge(honest, outcome, { checkpoint: checkpoint() });
    expect([verdict.trust.mode, verdict.findings.some(({ text }) => says.test(text))]).toEqual(["first-use", true]);
  });
  test("of a proof", async () => {
    const text = JSON.stringify(proofOfLeaf(log, 17));
    const rewritten = new TestLog({ tenant });
    rewritten.grow(40);
    expect((await judge(text, "VERIFIED", { checkpoint: log.note() })).trust.mode).toBe("pinned");
    expect(await found(text, { checkpoint: log.note(20) }, true)).toEqual([
      "VERIFIED",
      "A proof of one leaf can't be connected with the checkpoint you kept",
    ]);
    expect(await found(text, { checkpoint: rewritten.note() })).toEqual([
      "TAMPERED",
      "The checkpoint you kept is of another history",
    ]);
    for (const checkpoint of [log.note(40, [stranger]), forged(log.note())])
      expect(await found(text, { checkpoint })).toEqual([
        "TAMPERED",
        "The checkpoint you kept and this file are not signed by the same key",
      ]);
    await expect(verifyText(text, { checkpoint: foreign.note() })).rejects.toThrow(/The checkpoint is of/);
  });
});

describe("LED-03 the small readers refuse what is almost right", () => {
  const root = "A".repeat(43);
  test.each([
    ["no log", `\n1\n${root}=\n`, "names no log"],
    ["a number with a zero before it", `a\n01\n${root}=\n`, "size is not a number"],
    ["a number below zero", `a\n-1\n${root}=\n`, "size is not a number"],
    ["a number no one counts to", `a\n9007199254740993\n${root}=\n`, "size is not a number"],
    ["a short root", `a\n1\n${"A".repeat(40)}\n`, "not a hash of 32 bytes"],
    ["no root", `a\n1\n\n`, "not a hash of 32 bytes"],
    ["an empty extension", `a\n1\n${root}=\nx\n\n`, "empty extension line"],
    ["no newline at its end", `a\n1\n${root}=\nx`, "does not end with a newline"],
    ["two lines", "a\n1\n", "does not end with a newline"],
  ])("a checkpoint with %s", (_, text, says) => {
    expect(() => parseCheckpoint(text)).toThrow(says);
  });
  test("bytes, hex and rows of hashes", () => {
    expect([
      sameBytes(Uint8Array.of(1), Uint8Array.of(1, 2)),
      sameBytes(Uint8Array.of(1, 2), Uint8Array.of(1)),
      sameBytes(Uint8Array.of(1), Uint8Array.of(1)),
    ]).toEqual([false, false, true]);
    expect(["0", "0G", "AB", "ab\n"].map(fromHex)).toEqual([undefined, undefined, undefined, undefined]);
    expect([fromHashRow("AAAA"), fromHashRow("?"), fromHashRow("")]).toEqual([undefined, undefined, []]);
  });
  test("a frontier has a hash for each bit of its size, and takes subtrees where they can begin", () => {
    const hash = new Uint8Array(32);
    for (const [size, hashes] of [
      [3, [hash]],
      [1, [hash, hash]],
      [1, [hash.subarray(1)]],
      [-1, []],
      [0.5, []],
    ] as const)
      expect(() => Frontier.of(size, hashes)).toThrow("one hash of 32 bytes");
    expect(() => Frontier.of(1, [hash]).appendNode(1, hash).next()).toThrow("multiple of its own size");
  });
});
