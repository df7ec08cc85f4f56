import { DatabaseError, type ClientConfig } from "pg";
import type { Row, Statement } from "./batch.ts";
import { Flusher, type Flush } from "./flusher.ts";
import { openLine, type Line } from "./line.ts";

/**
 * One connection on which several short pieces of work are under way at once, opened when it is first needed and again after
 * it broke. It saves both sides most of the system calls and the waking up that a short statement costs. A statement that waits
 * for a lock would keep those behind it waiting: it is given up after `lockTimeoutMs`, and its caller runs it anew on a
 * connection of its own.
 */
export class Lane {
  readonly #config: ClientConfig;
  #line: Promise<Line> | undefined;
  /** The same one, once it is open. */
  #open: Line | undefined;
  #waiting = 0;
  #ended = false;

  constructor(config: ClientConfig) {
    this.#config = config;
  }

  /** How many batches are not answered yet. */
  get underWay(): number {
    return this.#waiting + (this.#open?.unanswered ?? 0);
  }

  /** Whether it writes at the end of this turn anyway, and has room for one more. */
  get isGathering(): boolean {
    const gathered = this.#open?.gathered ?? 0;
    return gathered > 0 && gathered < mostGathered && this.underWay < mostUnderWay;
  }

  /** Where what is sent now goes; undefined while that is being found out. */
  get server(): string | undefined {
    return this.#open?.server;
  }

  async run(statements: readonly Statement[]): Promise<Row[][]> {
    return await (this.#open ?? (await this.#opened())).run(statements);
  }

  async end(): Promise<void> {
    this.#ended = true;
    const line = await this.#line?.catch(() => undefined);
    await line?.end();
  }

  async #opened(): Promise<Line> {
    if (this.#ended) throw new Error("the connection ended");
    this.#waiting += 1;
    try {
      return await (this.#line ?? this.#connect());
    } finally {
      this.#waiting -= 1;
    }
  }

  /** A line that broke fails what is on it; the next call gets a new one. */
  async #connect(): Promise<Line> {
    const gone = () => {
      // Only this line is taken off: by the time it ends another may have come in its place.
      if (this.#line !== opened) return;
      this.#line = undefined;
      this.#open = undefined;
    };
    const opened = openLine(this.#config, gone).then((line) => {
      // It may have broken in the moment between.
      if (line.isGone) throw new Error("the connection ended");
      return (this.#open = line);
    });
    this.#line = opened;
    try {
      return await opened;
    } catch (error) {
      gone();
      throw error;
    }
  }
}

const mostUnderWay = 16;
/** More than this in one write, and another connection's process had better be woken up too. */
const mostGathered = 8;

/** Some lanes; one that writes in this turn anyway is taken, else the one with the least under way. */
export class Lanes {
  readonly #lanes: readonly Lane[];
  readonly #flusher: Flusher;

  constructor(config: ClientConfig, count: number) {
    this.#flusher = new Flusher(config);
    this.#lanes = Array.from({ length: count }, () => new Lane(config));
  }

  /** Undefined when there is none or each has enough to do. */
  free(): Lane | undefined {
    let best: Lane | undefined;
    for (const lane of this.#lanes) {
      // A write, and waking the process that reads it, cost as much as a short statement does.
      if (lane.isGathering) return lane;
      if (lane.underWay < (best?.underWay ?? mostUnderWay)) best = lane;
    }
    return best;
  }

  /** For what this lane is given in this turn: `Flusher.on`. */
  flushOf(lane: Lane): Flush | undefined {
    return lane.server === undefined || lane.server === "" ? undefined : this.#flusher.on(lane.server);
  }

  async end(): Promise<void> {
    // What they committed waits for it.
    await Promise.all(this.#lanes.map((lane) => lane.end()));
    await this.#flusher.end();
  }
}

/** Whether a lane gave a statement up because it waited for a lock. */
export function gaveUpWaiting(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === "55P03";
}
