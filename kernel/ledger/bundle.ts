import {
  consistencyRanges,
  formatVersion,
  hashRow,
  parseCheckpoint,
  parseNote,
  type Anchor,
  type BundleLine,
  type LeafPart,
  type PlatformPart,
} from "@probity/verify";
import type { Kernel } from "../kernel.ts";
import type { Credential } from "../work/credential.ts";
import type { Tx } from "../work/door.ts";
import { outsideEvidence } from "./anchor/view.ts";
import { openLeaves } from "./bundle-open.ts";
import { BundleTree } from "./bundle-tree.ts";
import { logIdentity, logState, logVkey, platformPart, type LogState } from "./checkpoint-proof.ts";
import { proofFromTiles, tenantTiles } from "./tile-source.ts";
import { exportPage, selectionOf, type LeafRange, type LedgerFilter } from "./export-page.ts";

const pageSize = 500;
const erasureAction = "privacy.erasure.executed";
const epochAction = "kernel.ledger.epoch.opened";

/** What is known of a log besides its leaves: whose signatures count, and what lies outside. */
export type Evidence = {
  readonly vkeys: readonly string[];
  readonly platform?: PlatformPart | undefined;
  readonly anchors?: readonly Anchor[];
  /** From each earlier checkpoint of this log that was given outside to the newest. */
  readonly consistency?: readonly { readonly from: number; readonly to: number; readonly proof: string }[];
};

export type BundlePlan = {
  readonly tenant: string;
  readonly head: Pick<LogState, "origin" | "size" | "note">;
  readonly range: LeafRange;
  readonly filter: LedgerFilter;
  readonly evidence: Evidence;
};

/** Whose signatures count, and the way of the newest checkpoint into the platform log; undefined before the first signature. */
export async function evidenceOf(tx: Tx): Promise<{ head: LogState; evidence: Evidence } | undefined> {
  const head = await logState(tx);
  const identity = await logIdentity(tx);
  if (head === undefined || identity === undefined) return undefined;
  const platform = await platformPart(tx, head);
  // A restore's leaf shows the last checkpoint before, signed under the name that ended.
  const origins = [head.origin, ...(platform === undefined ? [] : [platform.origin])].flatMap(namesOf);
  const outside = await outsideEvidence(tx);
  const vkeys = [...origins.map((origin) => logVkey(origin, identity.publicKey)), ...outside.vkeys];
  const consistency = await earlierCopies(tx, head, outside.anchors);
  return { head, evidence: { vkeys, platform: platform?.part, anchors: outside.anchors, consistency } };
}

/** What connects copies that were sent earlier with the newest checkpoint, where the log still continues them. */
async function earlierCopies(tx: Tx, { origin, size }: LogState, anchors: readonly Anchor[]) {
  const sizes = anchors.flatMap(({ note }) => {
    const checkpoint = parseCheckpoint(parseNote(note).text);
    return checkpoint.origin === origin && checkpoint.size > 0 && checkpoint.size < size ? [checkpoint.size] : [];
  });
  const found: { from: number; to: number; proof: string }[] = [];
  for (const from of [...new Set(sizes)].toSorted((a, b) => a - b)) {
    const proof = await proofFromTiles(tenantTiles(tx), size, consistencyRanges(from, size));
    found.push({ from, to: size, proof: hashRow(proof) });
  }
  return found;
}

/** The names a log has had: after each declared restore it goes on under the next number. */
function namesOf(origin: string): string[] {
  const [, base = origin, epoch = "1"] = /^(.*\/logs\/[^/]+)\/([0-9]+)$/.exec(origin) ?? [];
  const earlier = Array.from({ length: Number(epoch) - 1 }, (_, before) =>
    before === 0 ? base : `${base}/${before + 1}`,
  );
  return [origin, ...earlier];
}

/**
 * The lines of a bundle, made as they are asked for: each portion is a short transaction of its own, so that neither the log
 * nor this process waits for who reads slowly. A whole range lets its leaves give the root; a selection proves each leaf.
 * Whatever explains a gap comes along, wherever in the log it lies.
 */
export async function* bundleLines(
  kernel: Pick<Kernel, "door" | "keyring">,
  credential: Credential,
  permission: string,
  plan: BundlePlan,
): AsyncGenerator<string> {
  const { head, range, filter, evidence } = plan;
  const selection = selectionOf(filter);
  const tree = new BundleTree(head.size);
  const work = <T>(run: (tx: Tx) => Promise<T>) => kernel.door.work(credential, permission, run);
  yield line({
    kind: "bundle",
    v: formatVersion,
    origin: head.origin,
    tenant: plan.tenant,
    madeAt: new Date().toISOString(),
    from: range.from,
    to: range.to,
    complete: selection === null,
    filter: selection,
    unfilteredCount: range.to - range.from,
    vkeys: evidence.vkeys,
  });
  yield line({ kind: "checkpoint", note: head.note });
  if (evidence.platform !== undefined) yield line({ kind: "platform", ...evidence.platform });
  for (const anchor of evidence.anchors ?? []) yield line({ kind: "anchor", ...anchor });
  for (const part of evidence.consistency ?? []) yield line({ kind: "consistency", ...part });
  if (selection === null && range.to > range.from)
    yield line({ kind: "range", ...(await work((tx) => tree.beside(tx, range.from, range.to))) });

  let leaves = 0;
  const explained = new Set<number>();
  for (let next = range.from; next < range.to;) {
    const { parts, last } = await work((tx) => portion(kernel, tx, tree, plan, next));
    next = last ?? range.to;
    leaves += parts.length;
    for (const { action, ...part } of parts) {
      yield line({ kind: "leaf", ...part });
      if (action === erasureAction || action === epochAction) explained.add(part.index);
    }
  }
  for (const { action, part } of await work((tx) => explanations(kernel, tx, tree, explained)))
    yield line({ kind: action === erasureAction ? "erasure" : "epoch", index: part.index, at: part });
  yield line({ kind: "end", leaves });
}

async function portion(
  kernel: Pick<Kernel, "keyring">,
  tx: Tx,
  tree: BundleTree,
  { range, filter }: BundlePlan,
  next: number,
): Promise<{ parts: (LeafPart & { action: string })[]; last: number | undefined }> {
  const rows = await exportPage(tx, range, filter, next, pageSize);
  const shown = await openLeaves(tx, kernel.keyring, rows);
  const indices = rows.map(({ seq }) => seq);
  const proofs = selectionOf(filter) === null ? [] : await tree.inclusion(tx, indices);
  const parts = rows.map(({ seq, leaf, action }, place) => ({
    index: seq,
    leaf: leaf.toString("utf8"),
    ...shown[place],
    ...(proofs[place] === undefined ? {} : { proof: proofs[place] }),
    action,
  }));
  const newest = indices.at(-1);
  return { parts, last: rows.length < pageSize || newest === undefined ? undefined : newest + 1 };
}

/** The leaves that explain closed fields and restores and are not among those that were written. */
async function explanations(
  kernel: Pick<Kernel, "keyring">,
  tx: Tx,
  tree: BundleTree,
  written: ReadonlySet<number>,
): Promise<{ action: string; part: LeafPart }[]> {
  const found: { action: string; part: LeafPart }[] = [];
  for (const action of [erasureAction, epochAction]) {
    const all = { from: 0, to: tree.size };
    for (let next = 0; next < tree.size;) {
      const rows = await exportPage(tx, all, { action }, next, pageSize);
      next = rows.length < pageSize ? tree.size : (rows.at(-1)?.seq ?? tree.size) + 1;
      const missing = rows.filter(({ seq }) => !written.has(seq));
      const shown = await openLeaves(tx, kernel.keyring, missing);
      const proofs = await tree.inclusion(
        tx,
        missing.map(({ seq }) => seq),
      );
      for (const [place, { seq, leaf }] of missing.entries()) {
        const part = { index: seq, leaf: leaf.toString("utf8"), ...shown[place], proof: proofs[place] ?? "" };
        found.push({ action, part });
      }
    }
  }
  return found;
}

function line(value: BundleLine): string {
  return `${JSON.stringify(value)}\n`;
}
