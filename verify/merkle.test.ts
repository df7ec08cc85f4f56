import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { Frontier } from "./frontier.ts";
import { fromBase64, fromHex, hex, utf8 } from "./encoding.ts";
import {
  leafHash,
  merkleRoot,
  nodeHash,
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
  verifySubtreeInclusion,
} from "./merkle.ts";
import type { Plan } from "./hash.ts";
import { compute } from "./node.ts";
import { consistencyRanges, foldNodes, inclusionRanges, proofFromLeaves, proofOf, rangeNodes } from "./proof.ts";

const vectors = "/work/shared/vectors/merkle/testdata";
const leaves = Array.from({ length: 300 }, (_, index) => compute(leafHash(utf8(`leaf ${index}`))));

/** RFC 6962 §2.1, word for word: the reference everything else is compared with. */
function referenceRoot(hashes: readonly Uint8Array[]): Uint8Array {
  const [first] = hashes;
  if (first === undefined || hashes.length === 1) return first ?? new Uint8Array();
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  return compute(nodeHash(referenceRoot(hashes.slice(0, split)), referenceRoot(hashes.slice(split))));
}

/** SUBTREE_PROOF of the draft on Merkle tree certificates (§4.4.1), word for word. */
function referenceProof(start: number, end: number, row: readonly Uint8Array[], known: boolean): Uint8Array[] {
  if (start === 0 && end === row.length) return known ? [] : [referenceRoot(row)];
  let split = 1;
  while (split * 2 < row.length) split *= 2;
  const [left, right] = [row.slice(0, split), row.slice(split)];
  if (end <= split) return [...referenceProof(start, end, left, known), referenceRoot(right)];
  if (split <= start) return [...referenceProof(start - split, end - split, right, known), referenceRoot(left)];
  return [...referenceProof(0, end - split, right, false), referenceRoot(left)];
}

type Vector = Readonly<Record<string, unknown>>;
function read(path: string): Vector {
  const vector: Vector = JSON.parse(readFileSync(path, "utf8"));
  return vector;
}
function hashOf(value: unknown): Uint8Array {
  return (typeof value === "string" ? fromBase64(value) : undefined) ?? new Uint8Array();
}
function proofIn(vector: Vector): Uint8Array[] {
  return Array.isArray(vector["proof"]) ? vector["proof"].map(hashOf) : [];
}

describe.skipIf(!existsSync(vectors))(
  "LED-03 the transparency-dev/merkle vectors (Apache-2.0) are judged as published",
  () => {
    const place = (vector: Vector, name: string) => Number(vector[name]);
    const root = (vector: Vector, name: string) => hashOf(vector[name]);
    const judges: Readonly<Record<string, [count: number, judge: (vector: Vector) => Plan<boolean>]>> = {
      inclusion: [
        98,
        (v) =>
          verifyInclusion(place(v, "leafIdx"), place(v, "treeSize"), root(v, "leafHash"), proofIn(v), root(v, "root")),
      ],
      consistency: [
        98,
        (v) => verifyConsistency(place(v, "size1"), place(v, "size2"), root(v, "root1"), root(v, "root2"), proofIn(v)),
      ],
      subtreeinclusion: [
        204,
        (v) => verifySubtreeInclusion(place(v, "leafIdx"), partOf(v), root(v, "leafHash"), proofIn(v), root(v, "root")),
      ],
      subtreeconsistency: [
        118,
        (v) => verifySubtreeConsistency(partOf(v), place(v, "size"), root(v, "root1"), root(v, "root2"), proofIn(v)),
      ],
    };
    const partOf = (vector: Vector) => ({ start: place(vector, "start"), end: place(vector, "end") });
    test("none of the published files is left out", () => {
      const judged = Object.values(judges).reduce((sum, [count]) => sum + count, 0);
      expect(globSync(join(vectors, "**/*.json"))).toHaveLength(judged);
    });
    it.each(Object.entries(judges))("%s", (folder, [count, judge]) => {
      const paths = globSync(join(vectors, folder, "**/*.json"));
      expect(paths.length).toBe(count);
      for (const path of paths) {
        const vector = read(path);
        expect(compute(judge(vector)), `${path}: ${String(vector["desc"])}`).toBe(vector["wantErr"] !== true);
      }
    });
  },
);

describe("LED-03 the tree of RFC 6962", () => {
  it("has the published hashes", () => {
    expect(hex(compute(merkleRoot([])))).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(hex(compute(leafHash(new Uint8Array())))).toBe(
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    );
    // The eight leaves everybody tests with, and the root over them (transparency-dev/merkle testonly, Apache-2.0).
    const eight = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const hashes = eight.map((text) => compute(leafHash(fromHex(text) ?? new Uint8Array())));
    expect(hex(compute(merkleRoot(hashes)))).toBe("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
  });

  test("root, frontier and perfect subtrees agree with the reference for every size to 300", () => {
    const frontier = new Frontier();
    for (let size = 1; size <= 300; size++) {
      const row = leaves.slice(0, size);
      const root = hex(referenceRoot(row));
      compute(frontier.append(leaves.slice(size - 1, size)));
      expect(hex(compute(merkleRoot(row)))).toBe(root);
      expect(hex(compute(frontier.root()))).toBe(root);
      expect(hex(compute(Frontier.of(size, frontier.hashes()).root()))).toBe(root);
      const nodes = rangeNodes(0, size).map(({ level, index }) =>
        compute(merkleRoot(row.slice(index * 2 ** level, (index + 1) * 2 ** level))),
      );
      expect(hex(compute(foldNodes(nodes)))).toBe(root);
    }
  });

  test("every leaf of every size to 300 is shown to be included, and nothing else is", () => {
    for (let size = 1; size <= 300; size += size < 70 ? 1 : 23) {
      const row = leaves.slice(0, size);
      const root = compute(merkleRoot(row));
      for (let index = 0; index < size; index += size < 70 ? 1 : 7) {
        const proof = compute(proofFromLeaves(inclusionRanges(index, size), row));
        const leaf = row[index] ?? new Uint8Array();
        expect(compute(verifyInclusion(index, size, leaf, proof, root))).toBe(true);
        expect(compute(verifyInclusion(index, size, leaves[299 - index] ?? leaf, proof, root))).toBe(false);
        expect(compute(verifyInclusion(index + 1, size, leaf, proof, root))).toBe(false);
        expect(compute(verifyInclusion(index, size, leaf, [...proof, root], root))).toBe(false);
        if (proof.length > 0) expect(compute(verifyInclusion(index, size, leaf, proof.slice(1), root))).toBe(false);
      }
    }
  });

  test("every pair of sizes to 64, and many to 300, is shown to be consistent; a changed past never is", () => {
    for (let size = 1; size <= 300; size += size < 64 ? 1 : 29) {
      const row = leaves.slice(0, size);
      const root = compute(merkleRoot(row));
      for (let old = 1; old <= size; old += size < 64 ? 1 : 11) {
        const oldRoot = compute(merkleRoot(row.slice(0, old)));
        const proof = compute(proofFromLeaves(consistencyRanges(old, size), row));
        expect(compute(verifyConsistency(old, size, oldRoot, root, proof)), `${old} → ${size}`).toBe(true);
        const forged = compute(merkleRoot([...row.slice(1, old), row[0] ?? root, ...(old === 1 ? [root] : [])]));
        expect(compute(verifyConsistency(old, size, forged, root, proof))).toBe(false);
        expect(compute(verifyConsistency(old, size, oldRoot, root, [...proof, root]))).toBe(false);
      }
    }
  });

  test("every part that is a tree of its own is shown to stand unchanged, with its leaves, in every size to 24", () => {
    for (let size = 1; size <= 24; size++) {
      const row = leaves.slice(0, size);
      const root = referenceRoot(row);
      for (let start = 0; start < size; start++)
        for (let end = start + 1; end <= size; end++) {
          const part = { start, end };
          const mine = row.slice(start, end);
          const partRoot = referenceRoot(mine);
          if (start % 2 ** Math.ceil(Math.log2(end - start)) !== 0) {
            expect(compute(verifySubtreeConsistency(part, size, partRoot, root, []))).toBe(false);
            continue;
          }
          const proof = referenceProof(start, end, row, true);
          const shown = (bytes: Uint8Array, more: readonly Uint8Array[] = proof) =>
            compute(verifySubtreeConsistency(part, size, bytes, root, more));
          expect([shown(partRoot), shown(leaves[299] ?? root), shown(partRoot, [...proof, root])]).toEqual([
            true,
            false,
            false,
          ]);
          if (proof.length > 0) expect(shown(partRoot, proof.slice(1))).toBe(false);
          const inside = compute(proofFromLeaves(inclusionRanges(end - start - 1, end - start), mine));
          const last = row[end - 1] ?? root;
          expect(compute(verifySubtreeInclusion(end - 1, part, last, inside, partRoot))).toBe(true);
          expect(compute(verifySubtreeInclusion(end, part, last, inside, partRoot))).toBe(false);
          const first = row[start] ?? root;
          const alone = { start, end: start + 1 };
          expect(compute(verifySubtreeInclusion(start, alone, first, [], first))).toBe(true);
          expect(compute(verifySubtreeInclusion(start - 1, alone, first, [], first))).toBe(false);
        }
    }
  });

  test("no place or size that is no count, no part that is no tree, no hash of another length shows anything", () => {
    const [one = new Uint8Array(), two = one, three = one, four = one] = leaves;
    const pair = compute(nodeHash(three, four));
    for (const [index, size] of [
      [0.5, 1],
      [Number.NaN, 1],
      [-1, 1],
      [0, Number.POSITIVE_INFINITY],
      [0, 0.5],
      [0, -1],
    ] as const)
      expect([index, size, compute(verifyInclusion(index, size, one, [], one))]).toEqual([index, size, false]);
    // Leaves 3 and 4 are neighbours, and under no one node of any tree.
    expect(compute(verifySubtreeInclusion(3, { start: 3, end: 5 }, three, [four], pair))).toBe(false);
    const parts = [
      { part: { start: 3, end: 5 }, size: 5 },
      { part: { start: -1, end: 0 }, size: 1 },
      { part: { start: 0, end: 4 }, size: 2 },
      { part: { start: 0, end: 0.5 }, size: 1 },
      { part: { start: 0, end: 1 }, size: 1.5 },
    ];
    for (const { part, size } of parts)
      expect([part, compute(verifySubtreeConsistency(part, size, pair, pair, []))]).toEqual([part, false]);
    const short = two.slice(0, 31);
    expect(compute(verifyConsistency(1, 2, one, compute(nodeHash(one, short)), [short]))).toBe(false);
  });

  test("proofs from perfect subtrees are those from all leaves, for any size and place", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), fc.nat(), (size, a, b) => {
        const row = leaves.slice(0, size);
        const hashAt = ({ level, index }: { level: number; index: number }): Uint8Array =>
          compute(merkleRoot(row.slice(index * 2 ** level, (index + 1) * 2 ** level)));
        for (const ranges of [inclusionRanges(a % size, size), consistencyRanges((b % size) + 1, size)]) {
          const quick = compute(proofOf(ranges, hashAt)).map(hex);
          expect(quick).toEqual(compute(proofFromLeaves(ranges, row)).map(hex));
        }
      }),
    );
  });

  test("a frontier grows to the same edge in any batches, by leaves or by whole subtrees", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 7 }), fc.nat(299), (steps, cut) => {
        const frontier = new Frontier();
        for (const step of steps) compute(frontier.append(leaves.slice(frontier.size, frontier.size + step)));
        const size = frontier.size;
        expect(hex(compute(frontier.root()))).toBe(hex(compute(merkleRoot(leaves.slice(0, size)))));
        const from = Math.min(cut, size);
        const bySubtree = new Frontier();
        for (const { level, index } of [...rangeNodes(0, from), ...rangeNodes(from, size)])
          compute(
            bySubtree.appendNode(
              level,
              compute(merkleRoot(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level))),
            ),
          );
        expect(bySubtree.hashes().map(hex)).toEqual(frontier.hashes().map(hex));
      }),
    );
  });

  test("sizes beyond 32 bits are counted exactly", () => {
    const size = 2 ** 40 + 5;
    expect(inclusionRanges(2 ** 40 + 1, size).length).toBe(4);
    expect(rangeNodes(0, size).map(({ level }) => level)).toEqual([40, 2, 0]);
  });
});
