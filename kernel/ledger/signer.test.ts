import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import {
  consistencyRanges,
  hashRow,
  leafHash,
  merkleRoot,
  parseCheckpoint,
  parseEntryBundle,
  parseNote,
  proofFromLeaves,
  proofOf,
  verifyConsistency,
} from "@probity/verify";
import { compute } from "@probity/verify/node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GrownTree } from "./publish-tree.ts";
import { SignerCore, type SignRequest } from "./signer-core.ts";
import { openSigner } from "./signer.ts";
import { openSignerKey } from "./signer-key.ts";
import { SignerState } from "./signer-state.ts";

const leaves = Array.from({ length: 300 }, (_, index) => compute(leafHash(Buffer.from(`leaf ${index}`))));
const others = Array.from({ length: 300 }, (_, index) => compute(leafHash(Buffer.from(`other ${index}`))));
const rootOf = (size: number, from = leaves) =>
  Buffer.from(compute(merkleRoot(from.slice(0, size)))).toString("base64");
const request = (old: number, size: number, from = leaves): SignRequest => ({
  origin: "h/logs/a",
  old,
  size,
  root: rootOf(size, from),
  proof: old === 0 || old >= size ? "" : hashRow(compute(proofFromLeaves(consistencyRanges(old, size), from))),
});

let folder: string;
const open = () => new SignerCore(openSignerKey(join(folder, "log.key")), new SignerState(join(folder, "signer")));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "probity-signer-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the signer", () => {
  test("LED-03 signs what continues the last it signed, and remembers it over its own end", () => {
    expect(open().sign([request(0, 5)])).toEqual([{ signature: expect.any(String) }]);
    expect(open().sign([request(5, 130)])).toEqual([{ signature: expect.any(String) }]);
    expect(open().heads()).toEqual([{ origin: "h/logs/a", size: 130, root: rootOf(130) }]);
    expect(open().sign([request(130, 130)])).toEqual([{ signature: expect.any(String) }]);
  });

  test.each([
    ["goes back", request(130, 100), "rolled_back"],
    ["forks at the same size", request(130, 130, others), "forked"],
    ["forks beyond it", request(130, 200, others), "forked"],
    ["comes with another's proof", { ...request(130, 200), proof: request(120, 200).proof }, "forked"],
    ["comes without a proof", { ...request(130, 200), proof: "" }, "forked"],
    ["does not know what was signed last", request(100, 200), "stale"],
    ["claims that nothing was signed", request(0, 200), "stale"],
    [
      "begins under a name that only a declared restore gives",
      { ...request(0, 5), origin: "h/logs/a/2" },
      "undeclared",
    ],
  ])("LED-03 refuses what %s, and remembers no more than before", (_, wrong, refused) => {
    const core = open();
    core.sign([request(0, 130)]);
    expect(core.sign([wrong])).toMatchObject([{ refused }]);
    expect(open().heads()).toEqual([{ origin: "h/logs/a", size: 130, root: rootOf(130) }]);
  });

  test("LED-03 ends a name on the word of two owners alone, and never signs more under it", () => {
    const core = open();
    core.sign([request(0, 130)]);
    const continuation = { ended: "h/logs/a", origin: "h/logs/a/2" };
    expect(() => core.continue([{ ...continuation, owners: ["one", "one"] }])).toThrow(/two owners/i);
    expect(() => core.continue([{ ended: "h/logs/a", origin: "h/logs/b/2", owners: ["one", "two"] }])).toThrow(
      /name of its own/,
    );
    core.continue([{ ...continuation, owners: ["one", "two"] }]);
    const again = open();
    expect(again.sign([request(130, 200)])).toMatchObject([{ refused: "ended" }]);
    expect(again.sign([{ ...request(0, 90), origin: "h/logs/a/2" }])).toEqual([{ signature: expect.any(String) }]);
  });

  test("LED-03 a line cut off by a crash is dropped; a spoilt one, a folder put back under it, or a key others can read is an error", () => {
    const core = open();
    core.sign([request(0, 5)]);
    const path = join(folder, "signer/heads");
    appendFileSync(path, '{"origin":"h/logs/a","size":9,"ro');
    expect(open().heads()).toEqual([{ origin: "h/logs/a", size: 5, root: rootOf(5) }]);
    const old = readFileSync(path);
    const running = open();
    running.sign([request(5, 9)]);
    writeFileSync(path, old);
    expect(() => running.sign([request(9, 12)])).toThrow(/changed by somebody else/);
    truncateSync(path, 40);
    appendFileSync(path, "\n");
    expect(() => open()).toThrow(/spoilt/);
    expect(statSync(join(folder, "log.key")).mode & 0o077).toBe(0);
  });

  test("LED-03 runs as a process of its own, which ends with whoever started it", async () => {
    const signer = await openSigner({
      kind: "child",
      keyFile: join(folder, "log.key"),
      stateFolder: join(folder, "signer"),
    });
    expect(await signer.sign([request(0, 5)])).toEqual([{ signature: expect.any(String) }]);
    expect(await signer.sign([request(5, 3)])).toMatchObject([{ refused: "rolled_back" }]);
    await signer.close();
    await expect(signer.sign([request(5, 6)])).rejects.toThrow();
    expect(open().heads()).toHaveLength(1);
  });
});

describe("a tree that grows", () => {
  test("LED-03 edges, roots and consistency proofs are those of brute force, for any three sizes", () => {
    const sizes = fc.tuple(fc.nat(300), fc.nat(300), fc.nat(300)).map((each) => each.toSorted((a, b) => a - b));
    fc.assert(
      fc.property(sizes, ([before = 0, signed = 0, size = 0]) => {
        fc.pre(size > 0);
        const old = new GrownTree(0, [], leaves.slice(0, before));
        const tree = new GrownTree(before, before === 0 ? [] : old.frontier(), leaves.slice(before, size));
        expect(tree.root().toString("base64")).toBe(rootOf(size));
        if (signed === 0 || signed < before || signed === size) return;
        expect(tree.root(signed).toString("base64")).toBe(rootOf(signed));
        const proof = compute(proofOf(consistencyRanges(signed, size), tree.at));
        const [one, two] = [rootOf(signed), rootOf(size)].map((each) => Buffer.from(each, "base64"));
        expect(compute(verifyConsistency(signed, size, one ?? Buffer.alloc(0), two ?? Buffer.alloc(0), proof))).toBe(
          true,
        );
      }),
      { numRuns: 60 },
    );
  });

  const vectors = join(import.meta.dirname, "../../../shared/vectors/tessera/testdata/log");
  test.skipIf(!existsSync(vectors))(
    "LED-03 the entries of tessera's log give tessera's checkpoints, grown one by one",
    () => {
      const entries = parseEntryBundle(readFileSync(join(vectors, "tile/entries/000.p/15")));
      let tree = new GrownTree(0, [], []);
      for (const [index, entry] of entries.entries()) {
        tree = new GrownTree(index, index === 0 ? [] : tree.frontier(), [compute(leafHash(entry))]);
        const { size, root } = parseCheckpoint(
          parseNote(readFileSync(join(vectors, `checkpoint.${index + 1}`), "utf8")).text,
        );
        expect([size, tree.root().toString("hex")]).toEqual([index + 1, Buffer.from(root).toString("hex")]);
      }
      expect(entries).toHaveLength(15);
    },
  );
});
