import { sql } from "kysely";
import {
  ed25519Type,
  formatVersion,
  hashRow,
  inclusionRanges,
  vkeyText,
  type FieldOpening,
  type Openings,
  type PlatformPart,
  type ProofBundle,
} from "@probity/verify";
import { compute } from "@probity/verify/node";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { platformTiles, proofFromTiles, tenantTiles, type TileSource } from "./tile-source.ts";

/** The newest signed checkpoint of the bound tenant's log, and where it stands in the platform's. */
export type LogState = {
  readonly origin: string;
  readonly epoch: number;
  readonly size: number;
  readonly note: string;
  readonly signedAt: Date;
  readonly platformIndex: number | null;
  readonly place: number | null;
  readonly placeProof: Buffer | null;
};

/** Undefined before the first checkpoint. */
export async function logState(tx: Pick<Tx, "first">): Promise<LogState | undefined> {
  const row = await tx.first(query.selectFrom("kernel.ledger_log").selectAll());
  // After a declared restore nothing is signed under the new name yet: the old name's checkpoint is not this log's.
  if (row === undefined || !row.note.startsWith(`${row.origin}\n`)) return undefined;
  return {
    origin: row.origin,
    epoch: row.epoch,
    size: Number(row.size),
    note: row.note,
    signedAt: new Date(row.signed_at),
    platformIndex: row.platform_index === null ? null : Number(row.platform_index),
    place: row.head_place,
    placeProof: row.head_proof,
  };
}

/** Host and key of the instance's logs; undefined before the first signature. */
export async function logIdentity(
  tx: Pick<Tx, "first">,
): Promise<{ readonly host: string; readonly publicKey: Buffer } | undefined> {
  const row = await tx.first(
    query.selectFrom(sql<{ host: string; public_key: Buffer }>`kernel.log_identity()`.as("i")).selectAll(),
  );
  return row && { host: row.host, publicKey: row.public_key };
}

/** The key of a log as others write it down (C2SP signed-note): its name is the log's origin. */
export function logVkey(origin: string, publicKey: Uint8Array): string {
  return compute(vkeyText(origin, ed25519Type, publicKey));
}

export type ProvenLeaf = { readonly index: number; readonly leaf: Buffer; readonly openings: unknown };

/**
 * Everything somebody needs to check one leaf without this server: the leaf with what opens its fields, its way to the
 * newest signed checkpoint, and that checkpoint's way into the platform log. Undefined while no checkpoint covers the leaf.
 */
export async function proofBundle(tx: Tx, { index, leaf, openings }: ProvenLeaf): Promise<ProofBundle | undefined> {
  const state = await logState(tx);
  const identity = await logIdentity(tx);
  if (state === undefined || identity === undefined || index >= state.size) return undefined;
  const proof = await proofFromTiles(tenantTiles(tx), state.size, inclusionRanges(index, state.size));
  const platform = await platformPart(tx, state);
  const vkeys = [logVkey(state.origin, identity.publicKey)];
  if (platform) vkeys.push(logVkey(platform.origin, identity.publicKey));
  const open = openingsOf(openings);
  return {
    kind: "proof",
    v: formatVersion,
    origin: state.origin,
    vkeys,
    index,
    leaf: leaf.toString("utf8"),
    ...(open === undefined ? {} : { open }),
    proof: hashRow(proof),
    checkpoint: state.note,
    ...(platform === undefined ? {} : { platform: platform.part }),
  };
}

/** That a tenant's checkpoint is among those the platform log commits to. */
export async function platformPart(
  tx: Pick<Tx, "all" | "first">,
  state: Pick<LogState, "platformIndex" | "place" | "placeProof">,
): Promise<{ readonly origin: string; readonly part: PlatformPart } | undefined> {
  const { platformIndex: index, place, placeProof } = state;
  if (index === null || place === null || placeProof === null) return undefined;
  const newest = await tx.first(
    query
      .selectFrom(sql<{ origin: string; size: string; note: string }>`kernel.platform_checkpoint(false)`.as("p"))
      .selectAll(),
  );
  const size = Number(newest?.size ?? 0);
  if (newest === undefined || index >= size) return undefined;
  const source: TileSource = platformTiles(async (statement) => tx.all(statement));
  const [leaf] = (await source.entries(index, index + 1)) ?? [];
  if (leaf === undefined) return undefined;
  const proof = await proofFromTiles(source, size, inclusionRanges(index, size));
  return {
    origin: newest.origin,
    part: {
      note: newest.note,
      leaf: leaf.toString("utf8"),
      index,
      proof: hashRow(proof),
      place,
      placeProof: placeProof.toString("base64"),
    },
  };
}

/** What opens a leaf's fields, as it is stored beside it. */
export function openingsOf(stored: unknown): Openings | undefined {
  if (typeof stored !== "object" || stored === null) return undefined;
  const open: Record<string, FieldOpening> = {};
  for (const [name, kept] of Object.entries(stored)) {
    const salt: unknown = Reflect.get(kept, "salt");
    const value: unknown = Reflect.get(kept, "value");
    const commitment: unknown = Reflect.get(kept, "commitment");
    if (typeof salt === "string") open[name] = typeof value === "string" ? { salt, value } : { salt };
    else if (typeof commitment === "string") open[name] = { commitment };
  }
  return open;
}
