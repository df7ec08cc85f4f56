import { sign } from "node:crypto";
import { checkpointText, fromHashRow, fromBase64, verifyConsistency } from "@probity/verify";
import { compute } from "@probity/verify/node";
import type { SignerKey } from "./signer-key.ts";
import type { Continuation, SignedHead, SignerState } from "./signer-state.ts";

/**
 * One log that grew from what was signed last. `proof` is the consistency proof (a row of hashes in base64) from `old` to
 * `size`; empty where nothing was signed before (old 0) or nothing is new.
 */
export type SignRequest = {
  readonly origin: string;
  readonly old: number;
  readonly size: number;
  readonly root: string;
  readonly proof: string;
};

/** Why something is not signed: the log would go back, would fork, or the caller does not know what was signed last. */
export type Refusal = "stale" | "rolled_back" | "forked" | "ended" | "undeclared";
export type SignAnswer =
  | { readonly signature: string }
  | { readonly refused: Refusal; readonly size: number; readonly root: string };

/**
 * The whole of what the signer decides. It signs a checkpoint only when it continues the last one it signed for that log,
 * and only after having written down that it did (C2SP tlog-tiles: a log must not sign a checkpoint inconsistent with one
 * it signed before). It believes nobody about what the last one was.
 */
export class SignerCore {
  readonly #key: SignerKey;
  readonly #state: SignerState;

  constructor(key: SignerKey, state: SignerState) {
    this.#key = key;
    this.#state = state;
  }

  get publicKey(): Buffer {
    return this.#key.publicKey;
  }
  /** What was signed last, of every log that goes on. */
  heads(): SignedHead[] {
    return this.#state.heads().filter(({ origin }) => this.#state.continuation(origin) === undefined);
  }

  /** A batch is kept as one: all of it is on the disk before the first signature exists. */
  sign(requests: readonly SignRequest[]): SignAnswer[] {
    const refusals = requests.map((request) => this.#refusal(request));
    const kept = requests.filter(
      ({ origin, size }, index) => refusals[index] === undefined && this.#state.head(origin)?.size !== size,
    );
    if (new Set(requests.map(({ origin }) => origin)).size !== requests.length)
      throw new Error("A log may be signed once in a batch");
    this.#state.keep(kept.map(({ origin, size, root }) => ({ origin, size, root })));
    return requests.map(({ origin, size, root }, index) => {
      const refused = refusals[index];
      if (refused !== undefined) {
        const last = this.#state.head(origin);
        return { refused, size: last?.size ?? 0, root: last?.root ?? "" };
      }
      const text = checkpointText(origin, size, Buffer.from(root, "base64"));
      return { signature: sign(null, Buffer.from(text, "utf8"), this.#key.key).toString("base64") };
    });
  }

  /** Ends logs that a restore threw back; the log under the new name may begin. Two owners stand for it. */
  continue(continuations: readonly Continuation[]): void {
    for (const { ended, origin, owners } of continuations) {
      if (new Set(owners).size < 2) throw new Error("Two owners declare a restore");
      if (baseOf(ended) !== baseOf(origin) || ended === origin || this.#state.head(origin) !== undefined)
        throw new Error("A log goes on under a new name of its own");
    }
    this.#state.keep(continuations.filter(({ ended, origin }) => this.#state.continuation(ended)?.origin !== origin));
  }

  #refusal({ origin, old, size, root, proof }: SignRequest): Refusal | undefined {
    const hash = fromBase64(root);
    const hashes = fromHashRow(proof);
    if (!Number.isSafeInteger(size) || size < 1 || hash?.length !== 32 || hashes === undefined) return "forked";
    const last = this.#state.head(origin);
    if (last === undefined) {
      if (origin !== baseOf(origin) && !this.#state.isContinuation(origin)) return "undeclared";
      return old === 0 ? undefined : "stale";
    }
    if (size < last.size) return "rolled_back";
    if (size === last.size) return root === last.root ? undefined : "forked";
    if (this.#state.continuation(origin) !== undefined) return "ended";
    if (old !== last.size) return "stale";
    const oldRoot = Buffer.from(last.root, "base64");
    return compute(verifyConsistency(last.size, size, oldRoot, hash, hashes)) ? undefined : "forked";
  }
}

/** A log's name without the number it bears since a declared restore. */
export function baseOf(origin: string): string {
  return origin.replace(/\/[2-9]$|\/[1-9][0-9]+$/, "");
}
