// The edges of trees and tiles: which tiles are new, which paths are one, which hashes beside a range belong to it.
import { describe, expect, test } from "vitest";
import { compute } from "./node.ts";
import { foldNodes } from "./proof.ts";
import { bundleLines, TestLog } from "./testing/bundle-maker.ts";
import { judge, told } from "./testing/judge.ts";
import { newTiles, parseTilePath, tilePath, widthOfTile, type Tile } from "./tile.ts";

const tenant = "019aa000-0000-7000-8000-000000000001";
const log = new TestLog({ tenant });
log.grow(40);
const pin = { keys: [log.signer.vkey] };
const hash = Buffer.alloc(32).toString("base64");

describe("LED-03 a tile is written when it is new or wider, and only then", () => {
  const all = (size: number): Tile[] =>
    [0, 1, 2].flatMap((level) =>
      Array.from({ length: 300 }, (_, index) => ({ level, index, width: widthOfTile(level, index, size) })).filter(
        ({ width }) => width > 0,
      ),
    );
  test.each([
    [0, 1],
    [1, 1],
    [5, 9],
    [0, 256],
    [255, 256],
    [256, 256],
    [256, 257],
    [300, 511],
    [300, 512],
    [511, 70_000],
    [65_535, 65_536],
    [65_536, 65_800],
  ])("from %i leaves to %i", (before, after) => {
    const had = new Set(all(before).map(tilePath));
    const wanted = all(after).map(tilePath);
    expect(newTiles(before, after).map(tilePath)).toEqual(wanted.filter((path) => !had.has(path)));
  });
  test("past the end there is none, however far", () => {
    expect([widthOfTile(0, 40, 10), widthOfTile("entries", 2, 10), widthOfTile(1, 3, 300)]).toEqual([0, 0, 0]);
  });
});

describe("LED-03 a tile has one path", () => {
  test("at every level there is, and at no place that can't be counted", () => {
    for (let level = 0; level < 64; level++)
      expect(parseTilePath(`tile/${level}/000`)).toEqual({ level, index: 0, width: 256 });
    // 2^53 + 2: a number of its own, and the next but one from which numbers are left out.
    expect(parseTilePath("tile/0/x009/x007/x199/x254/x740/994")).toBeUndefined();
    expect(parseTilePath("tile/0/x009/x007/x199/x254/x740/991")?.index).toBe(Number.MAX_SAFE_INTEGER);
  });
  test("no root is made of nothing", () => {
    expect(() => compute(foldNodes([]))).toThrow("No root without a node");
  });
});

describe("LED-03 the hashes beside a range are its own", () => {
  const beside = (sides: { left?: string; right?: string }, from = 2, to = 40) =>
    bundleLines(log, { from, to }).map((line) => (line.kind === "range" ? { ...line, ...sides } : line));
  test("none left of it that does not belong there, none right of it that can't be read", async () => {
    const says = ["TAMPERED", "The hashes beside the range do not fit it"];
    for (const sides of [{ left: "" }, { left: hash + hash }, { left: "x" }, { right: "x" }])
      expect(await told(beside(sides), pin)).toEqual(says);
  });
  test("none right of it that does not belong there", async () => {
    const says = ["TAMPERED", "The hashes beside the range do not fit the checkpoint"];
    expect(await told(beside({ right: hash }), pin)).toEqual(says);
    for (const right of ["", hash]) expect(await told(beside({ right }, 2, 20), pin)).toEqual(says);
  });
  test("a leaf whose own proof can't be read is not in the log, as one whose proof is another's", async () => {
    const lines = bundleLines(log, { only: [3] }).map((line) =>
      line.kind === "leaf" ? { ...line, proof: "x" } : line,
    );
    expect(await told(lines, pin)).toEqual(["TAMPERED", "The leaf is not in the signed log"]);
  });
  test("the checkpoint of an empty log is continued by every other, with no proof", async () => {
    const verdict = await judge(bundleLines(log, { from: 15 }), "VERIFIED", { checkpoint: log.note(0) });
    expect(verdict.trust.mode).toBe("pinned");
  });
  test("a checkpoint where the file begins is continued by what lies left of it, with no proof", async () => {
    const verdict = await judge(bundleLines(log, { from: 15 }), "VERIFIED", { checkpoint: log.note(15) });
    expect(verdict.trust.mode).toBe("pinned");
  });
  test("a checkpoint beyond the file's end is a log that went back, whatever proof comes along", async () => {
    const longer = new TestLog({ tenant });
    longer.entries.push(...log.entries);
    longer.grow(3);
    const proof = { kind: "consistency", from: 43, to: 40, proof: "" } as const;
    await judge(bundleLines(log, { more: [proof] }), "ROLLED_BACK", { checkpoint: longer.note() });
  });
});
