import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** What the signer signed last for one log. */
export type SignedHead = { readonly origin: string; readonly size: number; readonly root: string };
/** A log that ended, and the one that goes on in its place after a declared restore. */
export type Continuation = { readonly ended: string; readonly origin: string; readonly owners: readonly string[] };

const compactBytes = 32 * 1024 * 1024;

/**
 * The signer's memory: the size and root it signed last for each log, outside the database on purpose, so that a restored
 * database can't make it sign a second history. One file of lines that only grows; a batch is one write and one fsync, and
 * is on the disk before any signature leaves. Each line carries a check value: a line cut off by a crash was never
 * answered and is dropped, a spoilt one anywhere else is an error.
 */
export class SignerState {
  readonly #path: string;
  readonly #heads = new Map<string, SignedHead>();
  readonly #continuations = new Map<string, Continuation>();
  #file: number;
  #bytes: number;
  #inode: number;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#path = join(folder, "heads");
    if (!existsSync(this.#path)) closeSync(openSync(this.#path, "a", 0o600));
    syncFolder(folder);
    [this.#file, this.#bytes, this.#inode] = this.#open();
    if (this.#bytes > compactBytes) this.#compact(folder);
  }

  heads(): SignedHead[] {
    return [...this.#heads.values()];
  }
  head(origin: string): SignedHead | undefined {
    return this.#heads.get(origin);
  }
  /** Whether this log has ended, and by what it was continued. */
  continuation(ended: string): Continuation | undefined {
    return this.#continuations.get(ended);
  }
  isContinuation(origin: string): boolean {
    return [...this.#continuations.values()].some((each) => each.origin === origin);
  }

  /** Keeps all of these before it returns. */
  keep(entries: readonly (SignedHead | Continuation)[]): void {
    if (entries.length === 0) return;
    // Somebody else wrote, or put a folder back, while this one ran: what is on the disk counts.
    const now = statSync(this.#path);
    if (now.ino !== this.#inode || now.size !== this.#bytes)
      throw new Error(`${this.#path} was changed by somebody else. Nothing was signed. Start the signer again.`);
    const text = Buffer.from(entries.map(lineOf).join(""), "utf8");
    let written = 0;
    while (written < text.length)
      written += writeSync(this.#file, text, written, text.length - written, this.#bytes + written);
    fdatasyncSync(this.#file);
    this.#bytes += text.length;
    for (const entry of entries) this.#apply(entry);
    if (this.#bytes > compactBytes + this.#heads.size * 400) this.#compact(join(this.#path, ".."));
  }

  close(): void {
    closeSync(this.#file);
  }

  #open(): [file: number, bytes: number, inode: number] {
    const text = readFileSync(this.#path, "utf8");
    const lines = text.split("\n");
    const torn = lines.pop() ?? "";
    for (const [index, line] of lines.entries()) {
      const entry = readLine(line);
      if (entry === undefined)
        throw new Error(
          `${this.#path} is spoilt in line ${index + 1}. Nothing was signed. Put it back from your safe copy; the log does not go on without it.`,
        );
      this.#apply(entry);
    }
    const file = openSync(this.#path, "r+");
    const bytes = Buffer.byteLength(text) - Buffer.byteLength(torn);
    if (torn !== "") {
      ftruncateSync(file, bytes);
      fsyncSync(file);
    }
    return [file, bytes, statSync(this.#path).ino];
  }

  /** The newest line of each log alone, in a file put in the old one's place. */
  #compact(folder: string): void {
    const text = [...this.#heads.values(), ...this.#continuations.values()].map(lineOf).join("");
    const temporary = `${this.#path}.new`;
    const file = openSync(temporary, "w", 0o600);
    writeSync(file, text);
    fsyncSync(file);
    closeSync(file);
    renameSync(temporary, this.#path);
    syncFolder(folder);
    closeSync(this.#file);
    this.#file = openSync(this.#path, "r+");
    this.#bytes = Buffer.byteLength(text);
    this.#inode = statSync(this.#path).ino;
  }

  #apply(entry: SignedHead | Continuation): void {
    if ("ended" in entry) this.#continuations.set(entry.ended, entry);
    else this.#heads.set(entry.origin, entry);
  }
}

function lineOf(entry: SignedHead | Continuation): string {
  const text =
    "ended" in entry
      ? JSON.stringify({ ended: entry.ended, origin: entry.origin, owners: entry.owners })
      : JSON.stringify({ origin: entry.origin, size: entry.size, root: entry.root });
  return `${text} ${checkOf(text)}\n`;
}

function readLine(line: string): SignedHead | Continuation | undefined {
  const split = line.lastIndexOf(" ");
  const text = line.slice(0, split);
  if (split < 0 || checkOf(text) !== line.slice(split + 1)) return undefined;
  const entry: unknown = JSON.parse(text);
  if (typeof entry !== "object" || entry === null || !("origin" in entry) || typeof entry.origin !== "string")
    return undefined;
  const { origin } = entry;
  if ("ended" in entry && typeof entry.ended === "string" && "owners" in entry && Array.isArray(entry.owners))
    return { ended: entry.ended, origin, owners: entry.owners.map(String) };
  if ("size" in entry && typeof entry.size === "number" && "root" in entry && typeof entry.root === "string")
    return { origin, size: entry.size, root: entry.root };
  return undefined;
}

function checkOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

/** A rename or a new file is on the disk only when its folder is; Windows can't, and keeps it otherwise. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(folder, "r");
  fsyncSync(handle);
  closeSync(handle);
}
