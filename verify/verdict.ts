import { hex } from "./encoding.ts";
import { bestTime, type Evidence } from "./evidence.ts";
import type { CheckpointTime, Finding, Findings, LostRange, Trust } from "./finding.ts";
import type { HeadLine } from "./format.ts";
import type { Outcome } from "./outcome.ts";
import { trustOf, type Keys, type OpenCheckpoint } from "./trust.ts";

export type Counts = {
  readonly leaves: number;
  /** Leaves that are shown to lie under the signed checkpoint. */
  readonly verified: number;
  readonly fieldsShown: number;
  readonly fieldsErased: number;
  readonly fieldsClosed: number;
  readonly rows: number;
  readonly checkpoints: number;
  readonly anchors: number;
  readonly erasures: number;
  readonly restores: number;
};

export type Verdict = {
  readonly outcome: Outcome;
  readonly kind: "bundle" | "proof";
  readonly origin: string | null;
  readonly tenant: string | null;
  readonly trust: Trust;
  readonly counts: Counts;
  /** Leaves [from, to). */
  readonly range: { readonly from: number; readonly to: number } | null;
  /** Every leaf of the range was inside. Never true of a selection, nor of a single proof. */
  readonly complete: boolean;
  readonly filtered: boolean;
  readonly checkpoint: { readonly size: number; readonly root: string; readonly time: CheckpointTime | null } | null;
  /** Who could show a change besides the server itself. Empty: nobody outside has a copy. */
  readonly evidentTo: readonly string[];
  readonly restores: readonly LostRange[];
  readonly findings: readonly Finding[];
  /** Of a proof: the document that came along and that the leaf commits to. */
  readonly enclosed?: { readonly field: string; readonly document: Readonly<Record<string, unknown>> };
  /** How many findings there were; `findings` holds the first hundred. */
  readonly findingCount: number;
};

/** One outcome of everything found; the worst wins, and with nothing checked there is nothing good. */
export function outcomeOf(found: {
  readonly findings: Findings;
  readonly leaves: number;
  readonly verified: number;
  readonly erased: number;
  readonly restores: number;
}): Outcome {
  if (found.findings.has("fault")) return "TAMPERED";
  if (found.findings.has("rollback")) return "ROLLED_BACK";
  if (found.leaves === 0) return "NOTHING_VERIFIED";
  if (found.findings.has("gap")) return "INCOMPLETE";
  if (found.verified === 0) return "NOTHING_VERIFIED";
  if (found.restores > 0) return "CONTINUED_AFTER_RESTORE";
  return found.erased > 0 ? "VERIFIED_WITH_ERASURES" : "VERIFIED";
}

/** Puts together what a bundle or a proof came to. */
export function verdictOf(found: {
  readonly kind: Verdict["kind"];
  readonly head: Pick<HeadLine, "origin" | "tenant">;
  readonly keys: Keys;
  /** A checkpoint the reader kept is continued by the newest. */
  readonly kept: boolean;
  readonly newest: OpenCheckpoint | undefined;
  readonly evidence: Evidence | undefined;
  readonly findings: Findings;
  readonly restores: readonly LostRange[];
  readonly range: { readonly from: number; readonly to: number };
  readonly filtered: boolean;
  readonly lastLeafAt: string;
  readonly counts: Counts;
}): Verdict {
  const { newest, evidence, findings, counts } = found;
  const outcome = outcomeOf({ findings, ...counts, erased: counts.fieldsErased });
  const whole = counts.verified === found.range.to - found.range.from;
  const times = [
    ...(evidence?.times ?? []),
    ...(found.lastLeafAt === "" ? [] : [{ at: found.lastLeafAt, by: "leaf" as const, name: "the newest leaf" }]),
  ];
  return {
    outcome,
    kind: found.kind,
    origin: found.head.origin,
    tenant: found.head.tenant,
    trust: trustOf(found.keys, found.kept, newest, evidence?.platforms ?? [], evidence?.witnessed ?? []),
    counts,
    range: found.range,
    complete:
      found.kind === "bundle" &&
      !found.filtered &&
      whole &&
      counts.verified > 0 &&
      !findings.has("gap") &&
      !findings.has("fault"),
    filtered: found.filtered,
    checkpoint:
      newest === undefined
        ? null
        : { size: newest.checkpoint.size, root: hex(newest.checkpoint.root), time: bestTime(times) },
    evidentTo: evidence?.evidentTo ?? [],
    restores: found.restores.map(({ from, to, index, owners }) => ({ from, to, index, owners })),
    findings: findings.list,
    findingCount: findings.count,
  };
}
