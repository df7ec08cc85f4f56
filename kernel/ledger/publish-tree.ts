import { hash } from "node:crypto";
import { foldNodes, newTiles, nodeInput, rangeNodes, tileHeight, tileWidth, type NodeAt } from "@probity/verify";
import { compute } from "@probity/verify/node";

/** A tile that became full; it never changes again. `root` is its hash in the level above. */
export type FullTile = {
  readonly level: number;
  readonly index: number;
  readonly hashes: Buffer;
  readonly root: Uint8Array;
};

type Row = { readonly first: number; readonly hashes: Uint8Array[] };

/**
 * A tree that grew from one right edge to a larger size: every perfect subtree that ends right of the old size, beside the
 * old edge. That is all the hashes a new edge, a new tile and a consistency proof are made of, each computed once.
 */
export class GrownTree {
  readonly before: number;
  readonly size: number;
  readonly #rows: Row[] = [];

  constructor(before: number, frontier: readonly Uint8Array[], leaves: readonly Uint8Array[]) {
    this.before = before;
    this.size = before + leaves.length;
    const edge = new Map<number, Uint8Array>();
    for (const [place, { level }] of rangeNodes(0, before).entries()) {
      const known = frontier[place];
      if (known?.length !== 32) throw new Error("An edge has one hash for each bit of its size");
      edge.set(level, known);
    }
    let fresh: readonly Uint8Array[] = leaves;
    for (let level = 0; fresh.length > 0 || edge.size > 0; level += 1) {
      const known = edge.get(level);
      edge.delete(level);
      const hashes = known === undefined ? [...fresh] : [known, ...fresh];
      this.#rows.push({ first: Math.floor(before / 2 ** level) - (known === undefined ? 0 : 1), hashes });
      const parents: Uint8Array[] = [];
      for (let index = 0; index + 1 < hashes.length; index += 2) {
        const [left, right] = [hashes[index], hashes[index + 1]];
        if (left !== undefined && right !== undefined) parents.push(hash("sha256", nodeInput(left, right), "buffer"));
      }
      fresh = parents;
    }
  }

  /** The hash of a perfect subtree; only those that the growth knows. */
  readonly at = ({ level, index }: NodeAt): Uint8Array => {
    const row = this.#rows[level];
    const known = row?.hashes[index - row.first];
    if (known === undefined) throw new Error(`The growth does not know node ${level}/${index}`);
    return known;
  };

  /** The right edge at a size from the old one on. */
  frontier(size = this.size): Uint8Array[] {
    return rangeNodes(0, size).map(this.at);
  }

  root(size = this.size): Buffer {
    return Buffer.from(compute(foldNodes(this.frontier(size))));
  }

  /**
   * The tiles that became full. `leading` are the leaf hashes between the start of the old size's tile and the old size;
   * `rootsOf` gives the roots of older tiles.
   */
  async fullTiles(
    leading: readonly Uint8Array[],
    rootsOf: (level: number, from: number, to: number) => Promise<readonly Uint8Array[]>,
  ): Promise<FullTile[]> {
    const tiles: FullTile[] = [];
    for (const { level, index, width } of newTiles(this.before, this.size)) {
      if (width < tileWidth || typeof level !== "number") continue;
      const first = index * tileWidth;
      const row = this.#rows[level * tileHeight];
      const known = row === undefined ? first : Math.max(first, row.first);
      const older =
        known === first ? [] : level === 0 ? leading.slice(0, known - first) : await rootsOf(level - 1, first, known);
      const own = row?.hashes.slice(known - row.first, first + tileWidth - row.first) ?? [];
      const hashes = Buffer.concat([...older, ...own]);
      if (hashes.length !== tileWidth * 32) throw new Error(`Tile ${level}/${index} is not whole`);
      tiles.push({ level, index, hashes, root: this.at({ level: (level + 1) * tileHeight, index }) });
    }
    return tiles;
  }
}

/** A row of hashes, taken apart. */
export function hashesOf(row: Buffer): Uint8Array[] {
  return Array.from({ length: row.length / 32 }, (_, index) => row.subarray(index * 32, index * 32 + 32));
}
