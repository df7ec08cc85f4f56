import { foldNodes, Frontier, rangeNodes } from "@probity/verify";
import { compute } from "@probity/verify/node";
import { originOf, platformLogId } from "./platform.ts";
import type { PublishedLog, PublishStore } from "./publish-store.ts";
import { hashesOf } from "./publish-tree.ts";
import type { SignedHead } from "./signer-state.ts";

/** Why a log is not signed any further. Each means that somebody outside may hold a checkpoint this database can't continue. */
export type HaltReason = "rolled_back" | "forked" | "signer_lost" | "damaged";
/** `from` and `to`: leaves that were signed and are gone, or can't be shown to be the same. */
export type Halt = {
  readonly logId: string;
  readonly origin: string;
  readonly epoch: number;
  readonly reason: HaltReason;
  readonly from: number;
  readonly to: number;
  /** What was signed at `to`; empty where nobody remembers. */
  readonly root: string;
  /** The checkpoint that shows it and who keeps it, where somebody outside does. */
  readonly note?: string;
  readonly holder?: string;
};

const pieceLeaves = 100_000;

/**
 * Compares the database with the signer's memory, which a restore does not touch. What is the same, or what the signer is
 * one crash ahead or one server behind of, goes on; anything else is halted before anything is signed.
 */
export async function checkHeads(
  store: Pick<PublishStore, "leafHashes">,
  host: string,
  published: readonly PublishedLog[],
  headSizes: (logId: string) => Promise<number>,
  signed: readonly SignedHead[],
): Promise<Halt[]> {
  const halts: Halt[] = [];
  const byOrigin = new Map(published.map((log) => [log.origin, log]));
  const known = new Set(signed.map(({ origin }) => origin));
  for (const head of signed) {
    const log = byOrigin.get(head.origin) ?? (await missingLog(host, head.origin, published, headSizes));
    if (log === undefined) continue;
    const reason = await judge(store, log, head);
    if (reason !== undefined) halts.push(haltOf(log, head, reason));
  }
  for (const log of published) {
    if (log.origin === null || known.has(log.origin)) continue;
    // A declared continuation that has signed nothing yet is not lost.
    if (log.epoch > 1) continue;
    halts.push({ ...placeOf(log), origin: log.origin, reason: "signer_lost", from: log.size, to: log.size, root: "" });
  }
  return halts;
}

async function judge(
  store: Pick<PublishStore, "leafHashes">,
  log: PublishedLog,
  head: SignedHead,
): Promise<HaltReason | undefined> {
  if (log.head < log.size) return "rolled_back";
  if (!isWhole(log)) return "forked";
  if (head.size === log.size) return log.root?.toString("base64") === head.root ? undefined : "forked";
  if (head.size > log.head) return "rolled_back";
  const base = head.size > log.size ? Frontier.of(log.size, hashesOf(log.frontier)) : Frontier.of(0, []);
  const root = await rootAt(store, log.logId, base, head.size);
  return root === head.root ? undefined : "forked";
}

/** Whether what was published of a log fits together: an edge of the right length that gives its root. */
export function isWhole({ size, frontier, root }: Pick<PublishedLog, "size" | "frontier" | "root">): boolean {
  if (size === 0) return frontier.length === 0;
  if (rangeNodes(0, size).length * 32 !== frontier.length) return false;
  return root?.equals(compute(foldNodes(hashesOf(frontier)))) ?? false;
}

/** The root of a log at a size, from its leaves right of a known edge. Undefined where leaves are missing. */
export async function rootAt(
  store: Pick<PublishStore, "leafHashes">,
  logId: string,
  base: Frontier,
  size: number,
): Promise<string | undefined> {
  while (base.size < size) {
    const upto = Math.min(size, base.size + pieceLeaves);
    const leaves = await store.leafHashes(logId, base.size, upto);
    if (leaves.length !== upto - base.size) return undefined;
    compute(base.append(leaves));
  }
  return Buffer.from(compute(base.root())).toString("base64");
}

/** A log the signer knows and the database does not: never published there, or gone from it. */
export async function missingLog(
  host: string,
  origin: string,
  published: readonly PublishedLog[],
  headSizes: (logId: string) => Promise<number>,
): Promise<PublishedLog | undefined> {
  const [, id = "", epoch = "1"] = /\/logs\/([^/]+)(?:\/([0-9]+))?$/.exec(origin) ?? [];
  const logId = id === "platform" ? platformLogId : id;
  if (origin !== originOf(host, logId, Number(epoch))) return undefined;
  // The database already goes on under a later name: what ended is the signer's to know.
  if (published.some((log) => log.logId === logId && log.epoch > Number(epoch))) return undefined;
  return {
    logId,
    origin,
    epoch: Number(epoch),
    size: 0,
    root: null,
    frontier: Buffer.alloc(0),
    head: await headSizes(logId),
  };
}

/** What of `log` is not signed any further, given what was signed last. */
export function haltOf(log: PublishedLog, head: SignedHead, reason: HaltReason): Halt {
  const kept = reason === "forked" && head.size <= log.size ? 0 : Math.min(log.size, log.head);
  return {
    ...placeOf(log),
    origin: head.origin,
    reason,
    from: Math.min(kept, head.size),
    to: head.size,
    root: head.root,
  };
}

function placeOf({ logId, epoch }: PublishedLog): Pick<Halt, "logId" | "epoch"> {
  return { logId, epoch };
}
