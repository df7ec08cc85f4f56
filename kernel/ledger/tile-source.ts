import { sql, type Compilable } from "kysely";
import {
  hashesOfTile,
  hashFromTile,
  proofOf,
  rangeNodes,
  tileOfNode,
  tilePath,
  tileWidth,
  widthOfTile,
  type LeafRange,
  type NodeAt,
  type Tile,
} from "@probity/verify";
import { compute } from "@probity/verify/node";
import type { Kernel } from "../kernel.ts";
import type { Row } from "../work/batch.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";

/** Where a log's hashes are read: each tile as wide as it is asked for, undefined where the log is not that wide. */
export type TileSource = {
  hashes(tile: Tile): Promise<Buffer | undefined>;
  /** The leaves themselves, [from, to), at most 256; undefined where one of them is not there. */
  entries(from: number, to: number): Promise<Buffer[] | undefined>;
};

/** The bound tenant's log. */
export function tenantTiles(tx: Pick<Tx, "all">): TileSource {
  return {
    hashes: async ({ level, index, width }) => {
      if (typeof level !== "number") return undefined;
      const first = index * tileWidth;
      if (width === tileWidth) {
        const [tile] = await tx.all(
          query
            .selectFrom("kernel.ledger_tile")
            .select("hashes")
            .where("level", "=", level)
            .where("index", "=", String(index)),
        );
        return tile?.hashes;
      }
      if (level === 0) {
        const leaves = await tx.all(
          query
            .selectFrom("kernel.ledger_event")
            .select("leaf_hash as hash")
            .where("seq", ">=", String(first))
            .where("seq", "<", String(first + width))
            .orderBy("seq"),
        );
        return whole(leaves, width);
      }
      const roots = await tx.all(
        query
          .selectFrom("kernel.ledger_tile")
          .select("root as hash")
          .where("level", "=", level - 1)
          .where("index", ">=", String(first))
          .where("index", "<", String(first + width))
          .orderBy("index"),
      );
      return whole(roots, width);
    },
    entries: async (from, to) => {
      const rows = await tx.all(
        query
          .selectFrom("kernel.ledger_event")
          .select("leaf")
          .where("seq", ">=", String(from))
          .where("seq", "<", String(to))
          .orderBy("seq"),
      );
      return rows.length === to - from ? rows.map(({ leaf }) => leaf) : undefined;
    },
  };
}

/** The platform's log, which anybody may read. */
export function platformTiles(rowsOf: (statement: Compilable<unknown>) => Promise<Row[]>): TileSource {
  const leaves = (from: number, to: number) =>
    rowsOf(query.selectFrom(sql`kernel.platform_leaves(${from}, ${to})`.as("l")).selectAll());
  const tiles = (level: number, from: number, to: number) =>
    rowsOf(query.selectFrom(sql`kernel.platform_tiles(${level}, ${from}, ${to})`.as("t")).selectAll());
  return {
    hashes: async ({ level, index, width }) => {
      if (typeof level !== "number") return undefined;
      const first = index * tileWidth;
      if (width === tileWidth) return bytesOf((await tiles(level, index, index + 1))[0]?.["hashes"]);
      const rows = level === 0 ? await leaves(first, first + width) : await tiles(level - 1, first, first + width);
      return whole(
        rows.map((row) => ({ hash: bytesOf(row[level === 0 ? "leaf_hash" : "root"]) ?? Buffer.alloc(0) })),
        width,
      );
    },
    entries: async (from, to) => {
      const rows = (await leaves(from, to)).map((row) => bytesOf(row["leaf"]));
      const found = rows.filter((leaf) => leaf !== undefined);
      return found.length === to - from ? found : undefined;
    },
  };
}

/** The platform's log for a caller without a workspace. */
export function publicPlatform(kernel: Pick<Kernel, "door">): TileSource {
  return platformTiles(async (statement) => {
    const { sql: text, parameters } = statement.compile();
    return kernel.door.callFunction({ sql: text, parameters: [...parameters] });
  });
}

/** The hashes of perfect subtrees of a log of `size` leaves, in the order asked for; each tile is read once. */
export async function nodesOf(source: TileSource, size: number, nodes: readonly NodeAt[]): Promise<Uint8Array[]> {
  const read = new Map<string, Buffer>();
  const hashes: Uint8Array[] = [];
  for (const node of nodes) {
    const place = tileOfNode(node, size);
    const path = tilePath(place.tile);
    const bytes = read.get(path) ?? (await source.hashes(place.tile));
    if (bytes === undefined) throw new Error(`The log of ${size} leaves has no ${path}`);
    read.set(path, bytes);
    hashes.push(compute(hashFromTile(place, bytes)));
  }
  return hashes;
}

/** A proof over ranges (inclusionRanges, consistencyRanges) from a log's tiles. */
export async function proofFromTiles(
  source: TileSource,
  size: number,
  ranges: readonly LeafRange[],
): Promise<Uint8Array[]> {
  const nodes = ranges.flatMap(([begin, end]) => rangeNodes(begin, end));
  const hashes = await nodesOf(source, size, nodes);
  const known = new Map(nodes.map((node, index) => [`${node.level}/${node.index}`, hashes[index]]));
  const at = ({ level, index }: NodeAt): Uint8Array => {
    const hash = known.get(`${level}/${index}`);
    if (hash === undefined) throw new Error("A node that was not read");
    return hash;
  };
  return compute(proofOf(ranges, at));
}

/** What is served of a tile: undefined unless a log of this size has it just that wide or wider. */
export async function servedTile(source: TileSource, tile: Tile, size: number): Promise<Buffer | Buffer[] | undefined> {
  if (tile.width > widthOfTile(tile.level, tile.index, size)) return undefined;
  if (tile.level !== "entries") return source.hashes(tile);
  const first = tile.index * tileWidth;
  return source.entries(first, first + tile.width);
}

function whole(rows: readonly { readonly hash: Buffer }[], width: number): Buffer | undefined {
  const bytes = Buffer.concat(rows.map(({ hash }) => hash));
  return hashesOfTile(bytes).length === width ? bytes : undefined;
}

function bytesOf(value: unknown): Buffer | undefined {
  return Buffer.isBuffer(value) ? value : undefined;
}
