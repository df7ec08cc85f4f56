import { createHash } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";

const Kept = Type.Object({
  origin: Type.String(),
  size: Type.Integer({ minimum: 0 }),
  root: Type.String(),
  /** The checkpoint with the log's signature and ours, as monitors get it. */
  note: Type.String(),
});
const reader = Compile(Kept);
/** What a witness signed last for one log. */
export type WitnessedHead = Static<typeof Kept>;

/** The head under which another was kept meanwhile: nothing was written. */
export class HeadMoved extends Error {
  override readonly name = "HeadMoved";
}

/**
 * A witness's memory: one folder a log, one file a step, `0000000007` after `0000000006`. A step is made by a link, which
 * fails where the step exists: of two that checked against the same head only one goes on, whichever process it is in
 * (tlog-witness: the check and the write are one). What is written is on the disk before anything is answered.
 */
export class WitnessState {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** The newest head of a log with its step, or step 0 where nothing was signed yet. */
  head(origin: string): { readonly step: number; readonly kept: WitnessedHead | undefined } {
    const folder = this.#of(origin);
    const step = newest(folder);
    if (step === 0) return { step, kept: undefined };
    return { step, kept: reader.Parse(JSON.parse(readFileSync(join(folder, nameOf(step)), "utf8"))) };
  }

  /** The kept head of the log whose name has this SHA-256, for monitors. */
  headByHash(hash: string): WitnessedHead | undefined {
    if (!/^[0-9a-f]{64}$/.test(hash)) return undefined;
    const folder = join(this.#folder, hash);
    const step = newest(folder);
    return step === 0 ? undefined : reader.Parse(JSON.parse(readFileSync(join(folder, nameOf(step)), "utf8")));
  }

  /**
   * Keeps the step after `step`.
   * @throws HeadMoved when somebody else did.
   */
  keep(step: number, head: WitnessedHead): void {
    const folder = this.#of(head.origin);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const temporary = join(folder, `.${process.pid}`);
    const file = openSync(temporary, "w", 0o600);
    writeSync(file, JSON.stringify(head));
    fsyncSync(file);
    closeSync(file);
    const next = join(folder, nameOf(step + 1));
    try {
      linkSync(temporary, next);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EEXIST") throw new HeadMoved();
      throw error;
    } finally {
      rmSync(temporary);
    }
    // Somebody far ahead may have taken the old step away: then this one is behind theirs and counts for nothing.
    if (newest(folder) !== step + 1) {
      rmSync(next);
      throw new HeadMoved();
    }
    syncFolder(folder);
    for (const name of readdirSync(folder)) if (/^\d+$/.test(name) && Number(name) < step) rmSync(join(folder, name));
  }

  /** Two notes of one size with two roots, both signed by the log: the proof that it forked, kept for whoever asks. */
  keepEvidence(origin: string, first: string, second: string): void {
    const folder = join(this.#folder, "evidence");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const text = `${first}\n${second}`;
    const name = createHash("sha256").update(text).digest("hex");
    if (readdirSync(folder).length >= 1_000 || readdirSync(folder).includes(name)) return;
    const file = openSync(join(folder, name), "w", 0o600);
    writeSync(file, `${origin}\n\n${text}`);
    fsyncSync(file);
    closeSync(file);
  }

  #of(origin: string): string {
    return join(this.#folder, createHash("sha256").update(origin).digest("hex"));
  }
}

function nameOf(step: number): string {
  return String(step).padStart(10, "0");
}

function newest(folder: string): number {
  try {
    return Math.max(
      0,
      ...readdirSync(folder)
        .filter((name) => /^\d+$/.test(name))
        .map(Number),
    );
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return 0;
    throw error;
  }
}

function syncFolder(folder: string): void {
  // Windows has no folder to sync.
  if (process.platform === "win32") return;
  const file = openSync(folder, "r");
  fsyncSync(file);
  closeSync(file);
}
