// Whose signatures count: the keys the reader brought, or else those the file names.
import { parseCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { hex, sameBytes } from "./encoding.ts";
import { runLater, type Provider } from "./hash.ts";
import { cosignatureType, ed25519Type, NoteRefused, openNote, parseNote, parseVkey, type VerifierKey } from "./note.ts";
import type { Trust } from "./finding.ts";

/**
 * Which log an origin speaks of. After a declared restore a log goes on as `<origin>/2`, `<origin>/3`: one origin must never
 * sign two histories (tlog-checkpoint), and it is the same log still.
 */
export function logOf(origin: string): string {
  return origin.replace(/\/([2-9]|[1-9][0-9]+)$/, "");
}

/** The platform log of the instance a tenant's log is on. */
export function platformOf(origin: string): string {
  return `${logOf(origin).replace(/\/logs\/[^/]*$/, "")}/logs/platform`;
}

export type OpenCheckpoint = {
  readonly checkpoint: Checkpoint;
  /** The signed text. */
  readonly text: string;
  /** The log's own keys that signed. Empty: nobody we know. */
  readonly signers: readonly VerifierKey[];
  readonly cosignatures: readonly { readonly name: string; readonly keyId: string; readonly timeSeconds: number }[];
  /** Why it does not count. Nobody signed it then, and `text` of it is of no worth. */
  readonly fault?: string;
};

/** The keys of one file, by what they may sign. */
export class Keys {
  readonly #log: VerifierKey[];
  readonly #platform: VerifierKey[];
  readonly #witness: VerifierKey[];
  readonly #provider: Provider;
  /** Who vouches for the log's keys and for the witnesses'. */
  readonly pinned: { readonly log: boolean; readonly platform: boolean; readonly witness: boolean };
  /** The reader brought keys, and none of them is for this log. */
  readonly strange: boolean;

  private constructor(
    origin: string,
    brought: readonly VerifierKey[],
    named: readonly VerifierKey[],
    provider: Provider,
  ) {
    const choose = (fits: (key: VerifierKey) => boolean): [VerifierKey[], boolean] => {
      const pinned = brought.filter(fits);
      // One key signs under a new name after a restore: who brought it under the old one brought it.
      const again = named.filter((key) => fits(key) && pinned.some((own) => sameBytes(own.publicKey, key.publicKey)));
      return pinned.length > 0 ? [unique([...pinned, ...again]), true] : [unique(named.filter(fits)), false];
    };
    const own = logOf(origin);
    const [log, logPinned] = choose(({ name, type }) => type === ed25519Type && logOf(name) === own);
    const [platform, platformPinned] = choose(
      ({ name, type }) => type === ed25519Type && logOf(name) === platformOf(origin),
    );
    const [witness, witnessPinned] = choose(({ type }) => type === cosignatureType);
    [this.#log, this.#platform, this.#witness] = [log, platform, witness];
    this.pinned = { log: logPinned, platform: platformPinned, witness: witnessPinned };
    this.strange = brought.some(({ type }) => type === ed25519Type) && !logPinned && !platformPinned;
    this.#provider = provider;
  }

  static async of(
    origin: string,
    brought: readonly string[],
    named: readonly string[],
    provider: Provider,
  ): Promise<Keys> {
    const read = (texts: readonly string[]): Promise<VerifierKey[]> =>
      Promise.all(texts.map((text) => runLater(parseVkey(text), provider.hashAll)));
    return new Keys(origin, await read(brought), await read(named), provider);
  }

  /** The reader brought the platform log's key alone: only a way to it makes this log's key more than a claim. */
  get needsPlatform(): boolean {
    return this.pinned.platform && !this.pinned.log;
  }
  get witnessCount(): number {
    return this.#witness.length;
  }
  openLog(note: string): Promise<OpenCheckpoint> {
    return this.#open(note, this.#log);
  }
  openPlatform(note: string): Promise<OpenCheckpoint> {
    return this.#open(note, this.#platform);
  }

  /** A note of this log or of the platform's, by whichever of their keys and of the witnesses' signed it. */
  openAny(note: string): Promise<OpenCheckpoint> {
    return this.#open(note, [...this.#log, ...this.#platform]);
  }

  async #open(note: string, log: readonly VerifierKey[]): Promise<OpenCheckpoint> {
    const parsed = parseNote(note);
    const checkpoint = parseCheckpoint(parsed.text);
    const nobody = { checkpoint, text: parsed.text, signers: [], cosignatures: [] };
    try {
      const good = await openNote(parsed, [...log, ...this.#witness], this.#provider);
      return {
        checkpoint,
        text: parsed.text,
        signers: good
          .map(({ key }) => key)
          .filter(({ type, name }) => type === ed25519Type && name === checkpoint.origin),
        cosignatures: good.flatMap(({ key, timeSeconds }) =>
          timeSeconds === undefined ? [] : [{ name: key.name, keyId: key.keyId, timeSeconds }],
        ),
      };
    } catch (error) {
      if (!(error instanceof NoteRefused)) throw error;
      return error.reason === "unsigned" ? nobody : { ...nobody, fault: error.message };
    }
  }
}

/** What is said of trust once the newest checkpoint and the platform's are known. */
export function trustOf(
  keys: Keys,
  kept: boolean,
  newest: OpenCheckpoint | undefined,
  platforms: readonly OpenCheckpoint[],
  witnessed: readonly string[],
): Trust {
  const log = newest?.signers ?? [];
  const over = platforms.flatMap(({ signers }) => signers);
  const byPlatform = keys.pinned.platform && over.length > 0;
  const mode = log.length === 0 ? "none" : keys.pinned.log || byPlatform || kept ? "pinned" : "first-use";
  return {
    mode,
    keys: [
      ...log.map(({ name, keyId }) => ({ name, keyId, role: "log" as const })),
      ...over.map(({ name, keyId }) => ({ name, keyId, role: "platform" as const })),
    ],
    witnesses: { signed: witnessed.length, of: keys.witnessCount, pinned: keys.pinned.witness, names: witnessed },
  };
}

function unique(keys: readonly VerifierKey[]): VerifierKey[] {
  return [...new Map(keys.map((key) => [`${key.name}+${key.keyId}+${hex(key.publicKey)}`, key])).values()];
}
