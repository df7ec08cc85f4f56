// Makes bundles and proofs of a test log. Every part can be left out or replaced: that is what they are for.
import { createHash } from "node:crypto";
import { checkpointText } from "../checkpoint.ts";
import { hashRow, hex, utf8 } from "../encoding.ts";
import type { BundleLine, HeadLine, LeafLine, PlatformPart, ProofBundle } from "../format.ts";
import { canonicalText } from "../leaf.ts";
import { leafHash, merkleRoot } from "../merkle.ts";
import { compute } from "../node.ts";
import { noteText } from "../note.ts";
import { inclusionRanges, proofFromLeaves, rangeNodes } from "../proof.ts";
import { TestSigner, type TestLog } from "./test-log.ts";

export { closed, TestLog, TestSigner } from "./test-log.ts";

export type BundleOptions = {
  readonly from?: number;
  readonly to?: number;
  readonly size?: number;
  /** Indices of a selection; absent: the whole range. */
  readonly only?: readonly number[];
  readonly platform?: PlatformPart;
  readonly more?: readonly BundleLine[];
  readonly signer?: TestSigner;
  readonly vkeys?: readonly string[];
};

/** The lines of an honest bundle. */
export function bundleLines(log: TestLog, options: BundleOptions = {}): BundleLine[] {
  const size = options.size ?? log.size;
  const { from = 0, to = size, only } = options;
  const signer = options.signer ?? log.signer;
  const head: HeadLine = {
    kind: "bundle",
    v: "1",
    origin: signer.name,
    tenant: log.tenant,
    madeAt: "2026-11-22T08:00:00.000Z",
    from,
    to,
    complete: only === undefined,
    filter: only === undefined ? null : { action: "documents.document.updated" },
    unfilteredCount: to - from,
    vkeys: options.vkeys ?? [
      log.signer.vkey,
      ...(signer === log.signer ? [] : [signer.vkey]),
      ...platformSigners().map(({ vkey }) => vkey),
    ],
  };
  const hashes = log.hashes(size);
  const row = (begin: number, end: number): string =>
    hashRow(
      rangeNodes(begin, end).map(({ level, index }) =>
        compute(merkleRoot(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level))),
      ),
    );
  const indices = only ?? Array.from({ length: to - from }, (_, place) => from + place);
  const leaves = indices.map((index): LeafLine => ({
    kind: "leaf",
    ...log.part(index),
    ...(only === undefined ? {} : { proof: log.inclusion(index, size) }),
  }));
  return [
    head,
    { kind: "checkpoint", note: log.note(size, [signer], signer.name) },
    ...(options.platform === undefined ? [] : [{ kind: "platform" as const, ...options.platform }]),
    ...(options.more ?? []),
    ...(only === undefined ? [{ kind: "range" as const, left: row(0, from), right: row(to, size) }] : []),
    ...leaves,
    { kind: "end", leaves: leaves.length },
  ];
}

/** Lines as the file holds them. */
export function bundleText(lines: readonly BundleLine[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

export function proofOfLeaf(log: TestLog, index: number, more: Partial<ProofBundle> = {}): ProofBundle {
  return {
    kind: "proof",
    v: "1",
    origin: log.origin,
    // Witnesses' keys are the reader's to bring: named by the file itself they would prove nothing.
    vkeys: [log.signer.vkey, platformSigners()[0].vkey],
    ...log.part(index),
    proof: log.inclusion(index),
    checkpoint: log.note(),
    ...more,
  };
}

/** The keys of the test instance's platform log and of a witness. */
export function platformSigners(): [platform: TestSigner, witness: TestSigner] {
  return [
    new TestSigner("probity.example/logs/platform", "platform"),
    new TestSigner("witness.example/one", "witness", 4),
  ];
}

/** A platform log with `ticks` leaves, the last of which holds this log's checkpoint beside two others. */
export function platformPart(log: TestLog, ticks = 5, size = log.size, witnessed = true): PlatformPart {
  const [platform, witness] = platformSigners();
  const text = checkpointText(log.origin, size, log.root(size));
  const heads = [utf8("probity.example/logs/0\n1\nx\n"), utf8(text), utf8("probity.example/logs/z\n1\nx\n")].map(
    (each) => compute(leafHash(each)),
  );
  const leafOf = (root: string): string =>
    canonicalText({ v: "1", at: "2026-11-21T13:00:00.000Z", heads: root, count: "3" });
  const leaves = Array.from({ length: ticks }, (_, tick) =>
    leafOf(
      tick === ticks - 1 ? hex(compute(merkleRoot(heads))) : createHash("sha256").update(String(tick)).digest("hex"),
    ),
  );
  const hashes = leaves.map((leaf) => compute(leafHash(utf8(leaf))));
  const platformText = checkpointText(platform.name, ticks, compute(merkleRoot(hashes)));
  return {
    note: noteText(platformText, [platform.line(platformText), ...(witnessed ? [witness.line(platformText)] : [])]),
    leaf: leaves.at(-1) ?? "",
    index: ticks - 1,
    proof: hashRow(compute(proofFromLeaves(inclusionRanges(ticks - 1, ticks), hashes))),
    place: 1,
    placeProof: hashRow(compute(proofFromLeaves(inclusionRanges(1, 3), heads))),
  };
}
