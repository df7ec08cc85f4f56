import { Client, DatabaseError, type ClientConfig } from "pg";
import { Batch, type BatchSender, type Row, type Statement } from "./batch.ts";
import { sql } from "./sql.ts";

/**
 * One connection that answers in order what many callers send without waiting for each other: each batch an implicit
 * transaction of its own (PostgreSQL 18 manual, "Pipeline Mode").
 */
export class Line implements BatchSender {
  readonly client: Client;
  /**
   * Which server it is to, by the moment that one started: two lines that say the same are to one server. Empty where that can't
   * be known, as behind a pooler, whose connections outlive the server's.
   */
  server = "";
  /** Sent, and not yet given to pg, which waits for one at a time. */
  readonly #sent: Batch[] = [];
  #handed = false;
  /** Messages of this turn of the event loop: whatever many callers ask in one turn is one write. */
  #outbox: Buffer[] = [];
  #gathered = 0;
  #unanswered = 0;
  /** Runs from the first question without an answer, and anew from each answer. */
  readonly #silence: NodeJS.Timeout;
  /** Why it is no more. */
  #gone: Error | undefined;

  /** Called when it breaks or ends. */
  onGone: () => void = () => undefined;

  constructor(client: Client) {
    this.client = client;
    // A server that says nothing any more, not even that a statement took too long, is no server: the line ends.
    this.#silence = setTimeout(() => {
      if (this.#unanswered > 0) client.connection.stream.destroy(new Error("timeout: the database did not answer"));
    }, answerTimeoutMs).unref();
    const gone = (error: Error) => {
      this.#gone ??= error;
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

  get isGone(): boolean {
    return this.#gone !== undefined;
  }

  /** Says good-bye, and hangs up on a server that doesn't answer that. */
  async end(): Promise<void> {
    const hangUp = setTimeout(() => this.client.connection.stream.destroy(), goodbyeTimeoutMs);
    await this.client.end().catch(() => undefined);
    clearTimeout(hangUp);
  }

  run(statements: readonly Statement[]): Promise<Row[][]> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
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

/** Opens one; `onGone` is called when it breaks or ends. */
export async function openLine(config: ClientConfig, onGone: (line: Line) => void): Promise<Line> {
  const client = new Client({
    ...config,
    lock_timeout: lockTimeoutMs,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    // What lies between may forget a quiet connection long before the system would ask after it.
    keepAliveInitialDelayMillis: keepAliveAfterMs,
  });
  const line = new Line(client);
  line.onGone = () => onGone(line);
  await client.connect();
  try {
    const [answer] = (await line.run([sql.server]))[0] ?? [];
    // A pooler announces itself and lets another answer.
    const announced: unknown = Reflect.get(client, "processID");
    if (answer?.["pid"] === announced) line.server = String(answer?.["started"]);
  } catch (error) {
    if (!(error instanceof DatabaseError) || line.isGone) {
      await line.end();
      throw error;
    }
  }
  if (line.isGone) throw new Error("the connection ended");
  return line;
}

const lockTimeoutMs = 250;
const connectTimeoutMs = 10_000;
const keepAliveAfterMs = 60_000;
const goodbyeTimeoutMs = 2_000;
/** Longer than any statement may take (statement_timeout of the role is 15 s). */
const answerTimeoutMs = 20_000;
