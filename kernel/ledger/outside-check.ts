import {
  FormatError,
  foldNodes,
  merkleRoot,
  NoteRefused,
  openNote,
  parseCheckpoint,
  parseNote,
  parseVkey,
  rangeNodes,
  type Checkpoint,
} from "@probity/verify";
import { compute, nodeProvider } from "@probity/verify/node";
import { logVkey } from "./checkpoint-proof.ts";
import { missingLog, type Halt } from "./publish-check.ts";
import type { PublishedLog, PublishStore } from "./publish-store.ts";

/** A checkpoint as somebody outside keeps it. */
export type KeptCheckpoint = { readonly holder: string; readonly note: string };

type Store = Pick<PublishStore, "leafHashes" | "tileRoots">;
const tileLevel = 8;

/**
 * Compares the log with what was given outside: a machine that was put back whole has database and signer of one mind, and
 * only those elsewhere know better. A checkpoint counts where this log's own key signed it, so that nobody outside can have a
 * log halted that gave none. What there is less of than was given, or another, is halted before anything is signed.
 */
export async function checkKept(
  store: Store,
  log: { readonly host: string; readonly publicKey: Buffer },
  published: readonly PublishedLog[],
  headSizes: (logId: string) => Promise<number>,
  kept: readonly KeptCheckpoint[],
): Promise<Halt[]> {
  const halts = new Map<string, Halt>();
  for (const { holder, note } of kept) {
    const checkpoint = await ownCheckpoint(note, log);
    if (checkpoint === undefined) continue;
    const { origin, size, root } = checkpoint;
    const here =
      published.find((each) => each.origin === origin) ?? (await missingLog(log.host, origin, published, headSizes));
    if (here === undefined) continue;
    const reason = await judge(store, here, checkpoint);
    const worst = halts.get(here.logId);
    if (reason === undefined || (worst !== undefined && worst.to >= size)) continue;
    const from = reason === "forked" ? 0 : Math.min(here.size, here.head, size);
    const lost = { from, to: size, root: Buffer.from(root).toString("base64") };
    halts.set(here.logId, { logId: here.logId, origin, epoch: here.epoch, reason, ...lost, note, holder });
  }
  return [...halts.values()];
}

/** The checkpoint in a note, where the log's own key signed it. */
async function ownCheckpoint(
  text: string,
  { publicKey }: { readonly publicKey: Buffer },
): Promise<Checkpoint | undefined> {
  try {
    const note = parseNote(text);
    const checkpoint = parseCheckpoint(note.text);
    await openNote(note, [compute(parseVkey(logVkey(checkpoint.origin, publicKey)))], nodeProvider);
    return checkpoint;
  } catch (error) {
    if (error instanceof FormatError || error instanceof NoteRefused) return undefined;
    throw error;
  }
}

async function judge(
  store: Store,
  log: PublishedLog,
  { size, root }: Checkpoint,
): Promise<"rolled_back" | "forked" | undefined> {
  if (size > log.head) return "rolled_back";
  if (size === 0) return undefined;
  const found = await rootOfSize(store, log.logId, Math.min(size, log.size), size);
  return found !== undefined && Buffer.from(found).equals(root) ? undefined : "forked";
}

/** The root of a log at a size it has, from the roots of its full tiles and the leaves beside them. */
async function rootOfSize(store: Store, logId: string, tiled: number, size: number): Promise<Uint8Array | undefined> {
  const full = Math.floor(tiled / 2 ** tileLevel) * 2 ** tileLevel;
  const nodes: Uint8Array[] = [];
  for (const { level, index } of rangeNodes(0, size)) {
    const [from, to] = [index * 2 ** level, (index + 1) * 2 ** level];
    const byTile = level >= tileLevel && to <= full;
    const hashes = byTile
      ? await store.tileRoots(logId, 0, from / 2 ** tileLevel, to / 2 ** tileLevel)
      : await store.leafHashes(logId, from, to);
    if (hashes.length !== (byTile ? (to - from) / 2 ** tileLevel : to - from)) return undefined;
    nodes.push(compute(merkleRoot(hashes)));
  }
  return compute(foldNodes(nodes));
}
