// C2SP tlog-tiles: where a log's hashes and entries lie.
import { FormatError } from "./format-error.ts";
import { concat } from "./encoding.ts";
import { hashLength, type Plan } from "./hash.ts";
import { merkleRoot } from "./merkle.ts";
import { rangeNodes, type LeafRange, type NodeAt } from "./proof.ts";

export const tileHeight = 8;
/** A full tile's hashes, and a full bundle's entries. */
export const tileWidth = 256;

/** A tile of hashes at level 0–63, or (`level` "entries") a bundle of entries. `width` 256 is a full one. */
export type Tile = { readonly level: number | "entries"; readonly index: number; readonly width: number };

/** `tile/<L>/<N>[.p/<W>]`, N in groups of three digits. */
export function tilePath(tile: Tile): string {
  const groups: string[] = [];
  let rest = tile.index;
  do {
    groups.unshift(`${groups.length === 0 ? "" : "x"}${String(rest % 1000).padStart(3, "0")}`);
    rest = Math.floor(rest / 1000);
  } while (rest > 0);
  return `tile/${tile.level}/${groups.join("/")}${tile.width === tileWidth ? "" : `.p/${tile.width}`}`;
}

/** Reads a tile's path; undefined for anything `tilePath` would not write. */
export function parseTilePath(path: string): Tile | undefined {
  const match =
    /^tile\/(entries|0|[1-9]|[1-5][0-9]|6[0-3])\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(path);
  if (match === null) return undefined;
  const [, level = "", groups = "", partial] = match;
  const tile: Tile = {
    level: level === "entries" ? level : Number(level),
    index: Number(groups.replaceAll(/[x/]/g, "")),
    width: partial === undefined ? tileWidth : Number(partial),
  };
  return Number.isSafeInteger(tile.index) && tilePath(tile) === path ? tile : undefined;
}

/** How many hashes tile `index` of `level` holds in a tree of this size: 0 where there is none. */
export function widthOfTile(level: number | "entries", index: number, size: number): number {
  const hashes = level === "entries" ? size : Math.floor(size / tileWidth ** level);
  return Math.max(0, Math.min(tileWidth, hashes - index * tileWidth));
}

/** Every tile of hashes a log of `newSize` has that one of `oldSize` had not, or had not as wide. */
export function newTiles(oldSize: number, newSize: number): Tile[] {
  const tiles: Tile[] = [];
  for (let level = 0; Math.floor(newSize / tileWidth ** level) > 0; level++) {
    const before = Math.floor(oldSize / tileWidth ** level);
    const now = Math.floor(newSize / tileWidth ** level);
    if (now === before) continue;
    for (let index = Math.floor(before / tileWidth); index * tileWidth < now; index++)
      tiles.push({ level, index, width: widthOfTile(level, index, newSize) });
  }
  return tiles;
}

/** In which tile a node lies: as the root over hashes [from, to) of it. */
export function tileOfNode(
  node: NodeAt,
  size: number,
): { readonly tile: Tile; readonly from: number; readonly to: number } {
  const level = Math.floor(node.level / tileHeight);
  const count = 2 ** (node.level % tileHeight);
  const first = node.index * count;
  const index = Math.floor(first / tileWidth);
  const width = widthOfTile(level, index, size);
  const from = first % tileWidth;
  if (from + count > width) throw new Error("The tree does not hold this node yet");
  return { tile: { level, index, width }, from, to: from + count };
}

/** A node's hash from the bytes of its tile. */
export function hashFromTile(
  place: { readonly from: number; readonly to: number },
  bytes: Uint8Array,
): Plan<Uint8Array> {
  return merkleRoot(hashesOfTile(bytes).slice(place.from, place.to));
}

/** The tiles that the proofs over these ranges need, each once. */
export function tilesOfRanges(ranges: readonly LeafRange[], size: number): Tile[] {
  const tiles = new Map<string, Tile>();
  for (const [begin, end] of ranges) {
    for (const node of rangeNodes(begin, end)) {
      const { tile } = tileOfNode(node, size);
      tiles.set(tilePath(tile), tile);
    }
  }
  return [...tiles.values()];
}

export function hashesOfTile(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length % hashLength !== 0 || bytes.length > tileWidth * hashLength)
    throw new FormatError("A tile is not a row of hashes");
  return Array.from({ length: bytes.length / hashLength }, (_, index) =>
    bytes.subarray(index * hashLength, (index + 1) * hashLength),
  );
}

/** An entry bundle: each entry after its length in two bytes, big-endian. */
export function entryBundle(entries: readonly Uint8Array[]): Uint8Array {
  return concat(
    ...entries.flatMap((entry) => {
      if (entry.length > 0xffff) throw new FormatError("An entry is longer than 65,535 bytes");
      return [Uint8Array.of(entry.length >> 8, entry.length & 255), entry];
    }),
  );
}

export function parseEntryBundle(bytes: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = at + 2 + (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
    if (at + 2 > bytes.length || end > bytes.length) throw new FormatError("An entry bundle ends inside an entry");
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  if (entries.length > tileWidth) throw new FormatError("An entry bundle holds over 256 entries");
  return entries;
}
