import type { ChildProcess } from "node:child_process";
import { ExtractionBusyError } from "./error.ts";
import { extractIn, startExtractor } from "./extract.ts";
import type { ExtractedDocument, ExtractionInput, ExtractionOptions } from "./extract.ts";
import type { FileLimits } from "./limit.ts";

export interface ExtractionPoolOptions {
  readonly limits: FileLimits;
  readonly ocr: boolean;
  /** Documents read at once. Default 2. */
  readonly concurrency?: number;
  /** Documents that may wait; one more throws `ExtractionBusyError`. Default 200. */
  readonly queueLength?: number;
}

interface Waiting {
  readonly start: () => void;
  readonly cancel: (reason: unknown) => void;
}

/**
 * Bounds how many documents are read at once. A child reads one document and dies, so that nothing of one tenant can be
 * left for the next; one is kept started ahead to hide the 40 ms that takes.
 */
export class ExtractionPool {
  readonly #options: ExtractionPoolOptions;
  readonly #concurrency: number;
  readonly #queueLength: number;
  readonly #queue: Waiting[] = [];
  #running = 0;
  #idle: Promise<ChildProcess> | undefined;
  #closed = false;

  constructor(options: ExtractionPoolOptions) {
    this.#options = options;
    this.#concurrency = options.concurrency ?? 2;
    this.#queueLength = options.queueLength ?? 200;
  }

  /** Reads one document when its turn comes. `signal` takes it out of the queue or kills its child. */
  async extract(input: ExtractionInput, signal?: AbortSignal): Promise<ExtractedDocument> {
    signal?.throwIfAborted();
    await this.#turn(signal);
    try {
      const child = await this.#takeChild();
      const options: ExtractionOptions = {
        limits: this.#options.limits,
        ocr: this.#options.ocr,
        ...(signal === undefined ? {} : { signal }),
      };
      try {
        return await extractIn(child, input, options);
      } finally {
        child.kill("SIGKILL");
      }
    } finally {
      this.#running -= 1;
      this.#queue.shift()?.start();
    }
  }

  /** Ends the waiting; documents being read are finished. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#queue.splice(0)) waiting.cancel(new Error("the extraction pool is closed"));
    const idle = this.#idle;
    this.#idle = undefined;
    (await idle)?.kill("SIGKILL");
  }

  async #turn(signal: AbortSignal | undefined): Promise<void> {
    if (this.#closed) throw new Error("the extraction pool is closed");
    if (this.#running >= this.#concurrency) {
      if (this.#queue.length >= this.#queueLength) throw new ExtractionBusyError(this.#queue.length);
      await new Promise<void>((resolve, reject) => {
        const leave = () => {
          const index = this.#queue.indexOf(waiting);
          if (index >= 0) this.#queue.splice(index, 1);
          reject(signal?.reason);
        };
        const waiting: Waiting = {
          start: () => {
            signal?.removeEventListener("abort", leave);
            this.#running += 1;
            resolve();
          },
          cancel: reject,
        };
        signal?.addEventListener("abort", leave, { once: true });
        this.#queue.push(waiting);
      });
      return;
    }
    this.#running += 1;
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
