import { FormatError } from "./format-error.ts";
import type { BundleLine, LeafPart } from "./format.ts";
import type { LinePortion } from "./lines.ts";
import { readBundleLine } from "./read-line.ts";
import { BundleState, type VerifyOptions } from "./bundle-state.ts";
import type { Verdict } from "./verdict.ts";

const batchLength = 512;

/** Verifies a bundle as it arrives: no more than a batch of leaves is held. */
export async function verifyBundle(
  portions: AsyncIterable<LinePortion> | Iterable<LinePortion>,
  options: VerifyOptions,
): Promise<Verdict> {
  const reader = new BundleReader(options);
  try {
    for await (const { lines, bytes, cut } of portions) {
      for (const line of lines) {
        // A leaf waits for its batch: only some lines are worth a turn of the event loop.
        const pending = reader.take(line);
        if (pending !== undefined) await pending;
      }
      if (cut !== undefined) await reader.takeCut(cut);
      options.onProgress?.(bytes, reader.leaves);
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    reader.refuse(error.message);
  }
  return reader.finish();
}

/** Takes lines in order and hands their sense to the state. */
class BundleReader {
  readonly #options: VerifyOptions;
  #state: BundleState | undefined;
  #batch: LeafPart[] = [];
  #line = 0;
  #ended = false;
  #why = "The file is empty";
  leaves = 0;

  constructor(options: VerifyOptions) {
    this.#options = options;
  }

  take(text: string): Promise<void> | undefined {
    this.#line += 1;
    let line: BundleLine;
    try {
      line = readBundleLine(text);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      throw new FormatError(`Line ${this.#line}: ${error.message}`);
    }
    if (line.kind !== "leaf" || this.#state === undefined || this.#ended) return this.#use(line);
    this.#batch.push(line);
    this.leaves += 1;
    return this.#batch.length >= batchLength ? this.#flush() : undefined;
  }

  /** The last line, without its newline: whole, or where the file was cut. */
  async takeCut(text: string): Promise<void> {
    try {
      readBundleLine(text);
    } catch {
      this.#state?.findings.add("gap", "The file ends inside a line");
      return;
    }
    await this.take(text);
  }

  refuse(reason: string): void {
    this.#why = reason;
    this.#state?.findings.add("fault", reason);
  }

  async finish(): Promise<Verdict> {
    if (this.#state === undefined) return nothing(this.#why);
    try {
      await this.#flush();
      return await this.#state.settle();
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#state.findings.add("fault", error.message);
      return this.#state.verdict();
    }
  }

  async #use(line: BundleLine): Promise<void> {
    if (this.#ended) throw new FormatError("Something follows the bundle's end");
    const state = this.#state;
    if (state === undefined) {
      if (line.kind !== "bundle") throw new FormatError("The file does not begin as a bundle does");
      this.#state = await BundleState.of(line, this.#options);
      return;
    }
    await this.#flush();
    if (line.kind === "bundle") throw new FormatError("A bundle begins inside the bundle");
    if (line.kind === "end") this.#ended = true;
    await state.take(line);
  }

  async #flush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    if (batch.length > 0) await this.#state?.takeLeaves(batch);
  }
}

/** The verdict about a file that is no bundle. */
export function nothing(reason: string): Verdict {
  return {
    outcome: "NOTHING_VERIFIED",
    kind: "bundle",
    origin: null,
    tenant: null,
    trust: { mode: "none", keys: [], witnesses: { signed: 0, of: 0, pinned: false, names: [] } },
    counts: {
      leaves: 0,
      verified: 0,
      fieldsShown: 0,
      fieldsErased: 0,
      fieldsClosed: 0,
      rows: 0,
      checkpoints: 0,
      anchors: 0,
      erasures: 0,
      restores: 0,
    },
    range: null,
    complete: false,
    filtered: false,
    checkpoint: null,
    evidentTo: [],
    restores: [],
    findings: [{ sort: "remark", text: reason }],
    findingCount: 1,
  };
}
