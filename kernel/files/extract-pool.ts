import type { ChildProcess } from "node:child_process";
import { Places, type Claim } from "../isolation/place.ts";
import { ExtractionBusyError } from "./error.ts";
import { extractIn, startExtractor } from "./extract.ts";
import type { ExtractionInput, ExtractionOptions, ReadDocument } from "./extract.ts";
import { Judge, type Judged } from "./judge.ts";
import type { FileLimits } from "./limit.ts";

export interface ExtractionPoolOptions {
  readonly limits: FileLimits;
  readonly ocr: boolean;
  /** Documents read at once. Default 2. */
  readonly concurrency?: number;
  /** Documents that may wait; one more throws `ExtractionBusyError`. Default 200. */
  readonly queueLength?: number;
}

/** Whose document it is: a visitor's waits behind those of members, and its work ends with its signal. */
export type ExtractionClaim = Claim;

/**
 * Bounds how many documents are read at once. A child reads one document and dies, so that nothing of one tenant can be
 * left for the next; one is kept started ahead to hide the 40 ms that takes. Uploads are judged and answers are checked in
 * a thread beside the one that serves requests.
 */
export class ExtractionPool {
  readonly #options: ExtractionPoolOptions;
  readonly #places: Places;
  readonly #judge: Judge;
  #idle: Promise<ChildProcess> | undefined;
  #closed = false;

  constructor(options: ExtractionPoolOptions) {
    this.#options = options;
    this.#judge = new Judge(options.limits);
    this.#places = new Places({
      running: options.concurrency ?? 2,
      waiting: options.queueLength ?? 200,
      full: (waiting) => new ExtractionBusyError(waiting),
    });
  }

  /** Judges an upload by its content, within limits that a policy may have narrowed; nothing is stored or read yet. */
  inspect(bytes: Uint8Array, fileName: string, limits: FileLimits, claim: ExtractionClaim = {}): Promise<Judged> {
    return this.#judge.inspect(bytes, fileName, limits, claim);
  }

  /** Judges by its content a file that is to be kept beside a record. */
  inspectAttachment(bytes: Uint8Array, fileName: string, limits: FileLimits): ReturnType<Judge["attach"]> {
    return this.#judge.attach(bytes, fileName, limits);
  }

  /** Reads one document when its turn comes. The claim's signal takes it out of the queue or kills its child. */
  async extract(input: ExtractionInput, claim: ExtractionClaim = {}): Promise<ReadDocument> {
    return this.#places.hold(claim, async () => {
      const child = await this.#takeChild();
      const options: ExtractionOptions = {
        limits: this.#options.limits,
        ocr: this.#options.ocr,
        ...(claim.signal === undefined ? {} : { signal: claim.signal }),
      };
      try {
        return await extractIn(child, input, options, (output) => this.#judge.decode(output, input.fileName, claim));
      } finally {
        child.kill("SIGKILL");
      }
    });
  }

  /** Ends the waiting; documents being read are finished. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#places.close(new Error("the extraction pool is closed"));
    const idle = this.#idle;
    this.#idle = undefined;
    (await idle)?.kill("SIGKILL");
    await this.#judge.close();
  }

  async #takeChild(): Promise<ChildProcess> {
    const ready = this.#idle;
    this.#idle = this.#closed ? undefined : startExtractor(this.#options);
    this.#idle?.catch(() => undefined);
    const child = await ready;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) return child;
    return startExtractor(this.#options);
  }
}
