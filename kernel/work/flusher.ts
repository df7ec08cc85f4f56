import type { ClientConfig } from "pg";
import { openLine, type Line } from "./line.ts";
import { sql } from "./sql.ts";

/** Resolves when all that was committed before it was called is on disk; fails when that can't be known any more. */
export type Flush = () => Promise<void>;

/**
 * Brings to the disk what lanes commit without waiting for it (`synchronous_commit = off`), many commits with one write. A
 * commit of its own, which does wait, writes the log up to itself and so all that was committed before (PostgreSQL 18
 * manual, "Asynchronous Commit"). Nobody is answered before that.
 */
export class Flusher {
  readonly #config: ClientConfig;
  #flushing: Flushing | undefined;
  #opening: Promise<void> | undefined;
  #notBeforeMs = 0;
  #ended = false;

  constructor(config: ClientConfig) {
    this.#config = config;
  }

  /**
   * For what is committed on `server` from now on; undefined while there is none, and such a commit waits for the disk itself.
   * Asked for before the commit is sent: a server that falls meanwhile takes this connection with it, and a flush by another,
   * after the server has come back, would confirm what it has lost.
   */
  on(server: string): Flush | undefined {
    const flushing = this.#flushing;
    if (flushing?.line.server === server) return () => flushing.flush();
    // One that is left on a server nobody writes to any more makes room.
    if (flushing?.line.unanswered === 0) void this.#drop(flushing);
    if (!this.#ended && Date.now() >= this.#notBeforeMs) this.#opening ??= this.#open();
    return undefined;
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#opening;
    await this.#flushing?.line.end();
  }

  /** A server that lets nobody flush this way is not asked for each commit. */
  async #open(): Promise<void> {
    try {
      const line = await openLine(this.#config, (gone) => {
        if (this.#flushing?.line === gone) this.#flushing = undefined;
      });
      const flushing = new Flushing(line, () => void this.#drop(flushing));
      await flushing.flush();
      if (!line.isGone) this.#flushing = flushing;
    } catch {
      this.#notBeforeMs = Date.now() + retryMs;
    } finally {
      this.#opening = undefined;
    }
  }

  async #drop(flushing: Flushing): Promise<void> {
    if (this.#flushing === flushing) this.#flushing = undefined;
    await flushing.line.end();
  }
}

const retryMs = 10_000;

class Flushing {
  readonly line: Line;
  /** Called when a flush fails: what can't flush is no flusher, though its connection may be whole. */
  readonly #onFailed: () => void;
  #running: Promise<unknown> = Promise.resolve();
  /** Not sent yet: serves all who ask until then. */
  #next: Promise<void> | undefined;

  constructor(line: Line, onFailed: () => void) {
    this.line = line;
    this.#onFailed = onFailed;
  }

  flush(): Promise<void> {
    return (this.#next ??= this.#afterRunning());
  }

  /** The one under way may have been sent before the commit it is asked for. */
  async #afterRunning(): Promise<void> {
    await this.#running.catch(() => undefined);
    this.#next = undefined;
    this.#running = this.line.run([sql.flush]);
    try {
      await this.#running;
    } catch (error) {
      this.#onFailed();
      throw error;
    }
  }
}
