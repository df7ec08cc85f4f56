import { sign, type KeyObject } from "node:crypto";
import {
  base64,
  cosignatureBytes,
  cosignatureMessage,
  cosignatureType,
  FormatError,
  fromBase64,
  keyIdOf,
  merkleRoot,
  NoteRefused,
  openNote,
  parseCheckpoint,
  parseNote,
  parseVkey,
  signatureLine,
  verifyConsistency,
  vkeyText,
  type Checkpoint,
  type VerifierKey,
} from "@probity/verify";
import { compute, nodeProvider } from "@probity/verify/node";
import { parseAddCheckpoint, type AddCheckpoint } from "./request.ts";
import { HeadMoved, type WitnessState } from "./state.ts";

/** Ed25519; `publicKey` are its raw 32 bytes. One key is one witness's: the cosignature does not name who made it. */
export type WitnessKey = { readonly key: KeyObject; readonly publicKey: Buffer };
export type WatchedLog = { readonly origin: string; readonly vkeys: readonly string[] };
export type WitnessAnswer = { readonly status: number; readonly type: string; readonly body: string };

const plain = "text/plain; charset=utf-8";
const sizeType = "text/x.tlog.size";

/**
 * The whole of what a witness decides (C2SP tlog-witness): it cosigns a checkpoint only when a log it knows signed it and
 * it continues the last one it cosigned for that log, and only after having written down that it did.
 */
export class WitnessCore {
  readonly #name: string;
  readonly #key: WitnessKey;
  readonly #keyId: string;
  readonly #state: WitnessState;
  readonly #logs: ReadonlyMap<string, readonly VerifierKey[]>;
  readonly #now: () => number;

  constructor(
    name: string,
    key: WitnessKey,
    state: WitnessState,
    logs: readonly WatchedLog[],
    now: () => number = Date.now,
  ) {
    this.#name = name;
    this.#key = key;
    this.#keyId = compute(keyIdOf(name, cosignatureType, key.publicKey));
    this.#state = state;
    this.#logs = new Map(logs.map((log) => [log.origin, log.vkeys.map((text) => compute(parseVkey(text)))]));
    this.#now = now;
  }

  /** What logs are given to check our cosignatures with. */
  get vkey(): string {
    return compute(vkeyText(this.#name, cosignatureType, this.#key.publicKey));
  }

  async addCheckpoint(body: string): Promise<WitnessAnswer> {
    let request: AddCheckpoint;
    let text: string;
    let checkpoint: Checkpoint;
    try {
      request = parseAddCheckpoint(body);
      const note = parseNote(request.note);
      text = note.text;
      checkpoint = parseCheckpoint(text);
      const keys = this.#logs.get(checkpoint.origin);
      if (keys === undefined) return said(404, "This witness does not watch the log.");
      await openNote(note, keys, nodeProvider);
    } catch (error) {
      if (error instanceof NoteRefused) return said(403, "No known key of the log signed this checkpoint.");
      if (error instanceof FormatError) return said(400, `${error.message}.`);
      throw error;
    }
    if (request.old > checkpoint.size) return said(400, "The old size is larger than the checkpoint's.");
    try {
      return this.#cosign(request, text, checkpoint);
    } catch (error) {
      // Another process of this witness took the step: who asked is told where it stands now.
      if (error instanceof HeadMoved) return this.#conflict(checkpoint.origin);
      throw error;
    }
  }

  /** The newest checkpoint of a log with our cosignature, by the SHA-256 of the log's name. */
  monitored(originHash: string): string | undefined {
    return this.#state.headByHash(originHash)?.note;
  }

  /** Without a pause between the check and the write: nothing else of this process runs in between. */
  #cosign({ old, proof, note }: AddCheckpoint, text: string, checkpoint: Checkpoint): WitnessAnswer {
    const { origin, size, root } = checkpoint;
    const { step, kept } = this.#state.head(origin);
    if (old !== (kept?.size ?? 0)) return this.#conflict(origin);
    const keptRoot = kept === undefined ? undefined : (fromBase64(kept.root) ?? new Uint8Array());
    if (kept !== undefined && size === kept.size && kept.root !== base64(root)) {
      this.#state.keepEvidence(origin, kept.note, note);
      return said(422, "The log signed another root of this size before.");
    }
    const continues =
      old === 0
        ? proof.length === 0 && (size > 0 || base64(root) === base64(compute(merkleRoot([]))))
        : keptRoot !== undefined && compute(verifyConsistency(old, size, keptRoot, root, proof));
    if (!continues) return said(422, "The proof does not show that the log continues what was cosigned before.");
    const timeSeconds = Math.floor(this.#now() / 1000);
    const signature = sign(null, cosignatureMessage(timeSeconds, text), this.#key.key);
    const line = signatureLine(this.#name, this.#keyId, cosignatureBytes(timeSeconds, signature));
    this.#state.keep(step, { origin, size, root: base64(root), note: `${note}${line}` });
    return { status: 200, type: plain, body: line };
  }

  #conflict(origin: string): WitnessAnswer {
    return { status: 409, type: sizeType, body: `${this.#state.head(origin).kept?.size ?? 0}\n` };
  }
}

function said(status: number, text: string): WitnessAnswer {
  return { status, type: plain, body: `${text}\n` };
}
