import { Client, DatabaseError, type ClientConfig } from "pg";
import { Batch, type BatchSender, type Row, type Statement } from "./batch.ts";

/**
 * One connection on which several short pieces of work are under way at once: each is sent when it comes and answered in
 * order, each an implicit transaction of its own (PostgreSQL 18 manual, "Pipeline Mode"). It saves both sides most of the
 * system calls and the waking up that a short statement costs. A statement that waits for a lock would keep those behind it
 * waiting: it is given up after `lockTimeoutMs`, and its caller runs it anew on a connection of its own.
 */
class Lane {
  readonly #config: ClientConfig;
  #line: Promise<Line> | undefined;
  /** The same one, once it is open. */
  #open: Line | undefined;
  #waiting = 0;

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

  async run(statements: readonly Statement[]): Promise<Row[][]> {
    return await (this.#open ?? (await this.#opened())).run(statements);
  }

  async end(): Promise<void> {
    const line = await this.#line?.catch(() => undefined);
    await line?.client.end();
  }

  async #opened(): Promise<Line> {
    this.#waiting += 1;
    try {
      return await (this.#line ?? this.#connect());
    } finally {
      this.#waiting -= 1;
    }
  }

  /** A line that broke fails what is on it; the next call gets a new one. */
  async #connect(): Promise<Line> {
    const client = new Client({
      ...this.#config,
      lock_timeout: lockTimeoutMs,
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
    });
    const line = new Line(client);
    const opened = client.connect().then(() => (this.#open = line));
    // Only this line is taken off: by the time it ends another may have come in its place.
    line.onGone = () => {
      if (this.#line !== opened) return;
      this.#line = undefined;
      this.#open = undefined;
    };
    this.#line = opened;
    try {
      return await opened;
    } catch (error) {
      line.onGone();
      throw error;
    }
  }
}

class Line implements BatchSender {
  readonly client: Client;
  /** Sent, and not yet given to pg, which waits for one at a time. */
  readonly #sent: Batch[] = [];
  #handed = false;
  /** Messages of this turn of the event loop: whatever many callers ask in one turn is one write. */
  #outbox: Buffer[] = [];
  #gathered = 0;
  #unanswered = 0;
  /** Runs from the first question without an answer, and anew from each answer. */
  readonly #silence: NodeJS.Timeout;

  /** Called when it breaks or ends. */
  onGone: () => void = () => undefined;

  constructor(client: Client) {
    this.client = client;
    // A server that says nothing any more, not even that a statement took too long, is no server: the line ends.
    this.#silence = setTimeout(() => {
      if (this.#unanswered > 0) client.connection.stream.destroy(new Error("timeout: the database did not answer"));
    }, answerTimeoutMs).unref();
    const gone = (error: Error) => {
      this.onGone();
      for (const batch of this.#sent.splice(0)) batch.handleError(error);
      client.connection.stream.destroy();
    };
    client.on("error", gone);
    client.on("end", () => gone(new Error("the connection ended")));
  }

  /** Batches of this turn, which the next write carries. */
  get gathered(): number {
    return this.#gathered;
  }
  get unanswered(): number {
    return this.#unanswered;
  }

  run(statements: readonly Statement[]): Promise<Row[][]> {
    const batch = new Batch(statements, this);
    if (this.#gathered === 0) setImmediate(() => this.#write());
    this.#gathered += 1;
    if (this.#unanswered === 0) this.#silence.refresh();
    this.#unanswered += 1;
    batch.putPieces(this.client.connection, this.#outbox);
    this.#sent.push(batch);
    this.#handOver();
    return batch.promise;
  }

  onTurn(): void {
    this.#handed = false;
    this.#handOver();
  }

  onSettled(): void {
    this.#unanswered -= 1;
    this.#silence.refresh();
  }

  #write(): void {
    const pieces = this.#outbox;
    this.#outbox = [];
    this.#gathered = 0;
    this.client.connection.stream.write(Buffer.concat(pieces));
  }

  #handOver(): void {
    if (this.#handed) return;
    const next = this.#sent.shift();
    if (next === undefined) return;
    this.#handed = true;
    this.client.query(next);
  }
}

const lockTimeoutMs = 250;
const connectTimeoutMs = 10_000;
/** Longer than any statement may take (statement_timeout of the role is 15 s). */
const answerTimeoutMs = 20_000;
const mostUnderWay = 16;
/** More than this in one write, and another connection's process had better be woken up too. */
const mostGathered = 8;

/** Some lanes; one that writes in this turn anyway is taken, else the one with the least under way. */
export class Lanes {
  readonly #lanes: readonly Lane[];

  constructor(config: ClientConfig, count: number) {
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

  async end(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.end()));
  }
}

/** Whether a lane gave a statement up because it waited for a lock. */
export function gaveUpWaiting(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === "55P03";
}
