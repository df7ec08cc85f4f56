import type { Kernel } from "../kernel.ts";
import type { RecordDeclaration } from "../record/define-record.ts";
import type { Tx } from "../work/door.ts";

export type CodedReason = { readonly code: string; readonly label: string };

/** One signature, or several of one kind, that a record asks for. */
export type SigningStep = {
  readonly id: string;
  /** What is done by it: "Review". */
  readonly title: string;
  /** What the record is once all its signatures are there: "reviewed". */
  readonly state: string;
  readonly permission: string;
  /** What a signature may say, as it is printed: "Reviewed and found complete" (11.50(a)(3)). */
  readonly meanings: readonly string[];
  /** How many different people sign this step. */
  readonly signers: number;
  /** Nobody signs their own work: `authors` of the subject may not (four eyes). */
  readonly independent: boolean;
  /** Reason codes offered with it; `reason` says whether one is asked for. */
  readonly reasons?: readonly CodedReason[];
  readonly reason: "none" | "optional" | "required";
};

/** What is signed, as it stands: named for the reader, and whole for the hash. */
export type SigningSubject = {
  readonly title: string;
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  /** Everything the signature stands for, as plain JSON: the same content gives the same bytes (RFC 8785). */
  readonly content: unknown;
  /** Memberships of those who worked on it. */
  readonly authors: readonly string[];
};

/** Who takes a lock off, and the reasons offered. The same permission stands in `kernel.govern_lock` of the table. */
export type Unlocking = { readonly permission: string; readonly reasons: readonly CodedReason[] };

/** A signature that was just given, in its own transaction. */
export type GivenSignature = {
  readonly id: string;
  readonly rowId: string;
  readonly version: number;
  readonly step: string;
  readonly printedName: string;
};

/** What a record type declares to be signed and locked. */
export type Signing = {
  readonly record: RecordDeclaration;
  /** In this order; none is skipped (11.10(f)). */
  readonly steps: readonly SigningStep[];
  /** Null where what was signed stays locked for good. */
  readonly unlock: Unlocking | null;
  /** Reads what is signed; throws a Problem where it is not ready to be. */
  readonly subject: (kernel: Kernel, tx: Tx, rowId: string) => Promise<SigningSubject>;
  /** What follows from a signature, in its transaction: both happen or neither. */
  readonly signed?: (kernel: Kernel, tx: Tx, given: GivenSignature) => Promise<void>;
};

const every = new Map<string, Signing>();

/**
 * Declares that records of this type are signed: routes under the record's own address, the order of signatures, four
 * eyes, lock and unlock come from it. The table calls `kernel.govern_lock`.
 */
export function defineSigning(signing: Signing): Signing {
  const name = signing.record.name;
  if (every.has(name)) throw new Error(`Signing of ${name} is declared twice`);
  if (signing.steps.length === 0) throw new Error(`Signing of ${name} names no signature`);
  for (const step of signing.steps) {
    if (!/^[a-z][a-z-]{0,39}$/.test(step.id)) throw new Error(`Signing of ${name}: no step may be named ${step.id}`);
    if (step.meanings.length === 0) throw new Error(`Signing of ${name}: ${step.id} has no meaning`);
  }
  every.set(name, signing);
  return signing;
}

/** Every declared signing of the given records. */
export function declaredSignings(records: readonly RecordDeclaration[]): readonly Signing[] {
  return records.flatMap((record) => every.get(record.name) ?? []);
}
