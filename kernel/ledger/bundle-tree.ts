import {
  hashesOfTile,
  hashRow,
  inclusionRanges,
  merkleRoot,
  proofOf,
  rangeNodes,
  tileOfNode,
  tilePath,
  type LeafRange,
  type NodeAt,
  type Tile,
} from "@probity/verify";
import { compute } from "@probity/verify/node";
import type { Tx } from "../work/door.ts";
import { tenantTiles } from "./tile-source.ts";

const keptTiles = 256;

/**
 * The tree of a log at one size, read from its tiles as they are asked for. What is not full yet lies in the events (level 0)
 * and in the roots of the tiles below. A few hundred tiles are kept: proofs of neighbours need the same ones.
 */
export class BundleTree {
  readonly size: number;
  readonly #tiles = new Map<string, readonly Uint8Array[]>();

  constructor(size: number) {
    this.size = size;
  }

  /** The inclusion proofs of these leaves, each as one row of hashes. */
  async inclusion(tx: Tx, indices: readonly number[]): Promise<string[]> {
    const ranges = indices.map((index) => inclusionRanges(index, this.size));
    await this.#prepare(tx, ranges.flat());
    return ranges.map((each) => hashRow(compute(proofOf(each, this.#at))));
  }

  /** The hashes left and right of a range, so that its leaves give the root. */
  async beside(tx: Tx, from: number, to: number): Promise<{ left: string; right: string }> {
    await this.#prepare(tx, [
      [0, from],
      [to, this.size],
    ]);
    const row = (begin: number, end: number) => hashRow(rangeNodes(begin, end).map(this.#at));
    return { left: row(0, from), right: row(to, this.size) };
  }

  readonly #at = (node: NodeAt): Uint8Array => {
    const { tile, from, to } = tileOfNode(node, this.size);
    const hashes = this.#tiles.get(tilePath(tile));
    if (hashes === undefined) throw new Error(`A tile was not read: ${tilePath(tile)}`);
    return compute(merkleRoot(hashes.slice(from, to)));
  };

  async #prepare(tx: Tx, ranges: readonly LeafRange[]): Promise<void> {
    const wanted = new Map<string, Tile>();
    for (const [begin, end] of ranges) {
      for (const node of rangeNodes(begin, end)) {
        const { tile } = tileOfNode(node, this.size);
        wanted.set(tilePath(tile), tile);
      }
    }
    const missing = [...wanted].filter(([path]) => !this.#tiles.has(path));
    const held = [...this.#tiles.keys()].filter((path) => !wanted.has(path));
    for (const path of held.slice(0, Math.max(0, held.length + wanted.size - keptTiles))) this.#tiles.delete(path);
    for (const [path, tile] of missing) this.#tiles.set(path, await readTile(tx, tile));
  }
}

async function readTile(tx: Tx, tile: Tile): Promise<readonly Uint8Array[]> {
  const bytes = await tenantTiles(tx).hashes(tile);
  if (bytes === undefined) throw new Error(`The log has no ${tilePath(tile)}`);
  return hashesOfTile(bytes);
}
