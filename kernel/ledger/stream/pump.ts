import { randomUUID, randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Kernel } from "../../kernel.ts";
import { instanceTenantId } from "../../work/credential.ts";
import { deliver } from "./deliver.ts";
import { logOrigin, outgoingEvents, type OutgoingEvent } from "./event.ts";
import type { Delivery, Outside } from "./receiver.ts";
import { openStream } from "./stream.ts";

export type PumpOptions = {
  /** The host of this instance's address: logs are named after it. */
  readonly host: string;
  readonly outside?: Outside;
  readonly onProblem: (error: unknown) => void;
  /** Events a batch, and seconds a lease lasts: longer than a batch can take. */
  readonly batch?: number;
  readonly leaseSeconds?: number;
  readonly pauseMs?: number;
};

type Taken = {
  readonly tenantId: string;
  readonly id: string;
  readonly next: number;
  readonly end: number;
  readonly attempts: number;
  readonly failingSince: Date | null;
  readonly lettersInARow: number;
};

/** What is written of a batch when its receiver has spoken. */
export type Settlement = {
  readonly next: number;
  readonly batchEnd: number | null;
  readonly attempts: number;
  readonly lettersInARow: number;
  readonly pauseSeconds: number;
  readonly problem: string | null;
  readonly stop: boolean;
  readonly letter?: { readonly id: string; readonly seq: number; readonly hash: string };
};

const system = "kernel.stream.send";
const slots = 16;
const triesBeforeLetter = 5;
const lettersBeforeStop = 3;
const giveUpMs = 3 * 86_400_000;

/**
 * Sends every stream what it lacks, again and again. Any number of servers may run one: a stream is leased to one of them
 * at a time. The cursor moves when the receiver has taken a batch, so a kill at any moment loses nothing.
 */
export class StreamPump {
  readonly #kernel: Kernel;
  readonly #options: PumpOptions;
  readonly #holder = randomUUID();
  readonly #busy = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #round: Promise<number> = Promise.resolve(0);

  constructor(kernel: Kernel, options: PumpOptions) {
    this.#kernel = kernel;
    this.#options = options;
  }

  start(): void {
    const { pauseMs = 1_000, onProblem } = this.#options;
    const next = () => {
      if (this.#stopped) return;
      this.#round = this.#take().catch((error: unknown) => {
        onProblem(error);
        return 0;
      });
      void this.#round.then(() => {
        if (!this.#stopped) this.#timer = setTimeout(next, pauseMs);
      });
    };
    next();
  }

  /** Takes nothing new and waits for what is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#round;
    await Promise.all(this.#busy);
  }

  /** One round to its end: what was due is sent, or has failed. Answers how many streams were due. */
  async round(): Promise<number> {
    const taken = await this.#take();
    await Promise.all(this.#busy);
    return taken;
  }

  async #take(): Promise<number> {
    const free = slots - this.#busy.size;
    if (free <= 0) return 0;
    const { token } = this.#kernel.system(instanceTenantId);
    const { batch = 100, leaseSeconds = 60 } = this.#options;
    const rows = await this.#kernel.door.callFunction({
      sql: "select * from kernel.take_streams($1, $2, $3, $4, $5)",
      parameters: [token, this.#holder, free, batch, leaseSeconds],
    });
    for (const row of rows) {
      const taken = {
        tenantId: String(row["tenant_id"]),
        id: String(row["id"]),
        next: Number(row["next_seq"]),
        end: Number(row["batch_end"]),
        attempts: Number(row["attempts"]),
        failingSince: row["failing_since"] instanceof Date ? row["failing_since"] : null,
        lettersInARow: Number(row["letters_in_a_row"]),
      };
      const sending = this.#send(taken)
        .catch(this.#options.onProblem)
        .finally(() => this.#busy.delete(sending));
      this.#busy.add(sending);
    }
    return rows.length;
  }

  async #send(taken: Taken): Promise<void> {
    const { door, keyring } = this.#kernel;
    const credential = this.#kernel.system(taken.tenantId);
    // Read, then send, then say so: no call to anybody while a transaction is open.
    const { stream, events } = await door.work(credential, system, async (tx) => {
      const stream = await openStream(tx, keyring, taken.id);
      const origin = await logOrigin(tx, this.#options.host);
      const range = { from: taken.next, count: taken.end - taken.next };
      return { stream, events: await outgoingEvents(tx, range, { origin, personal: stream.personal }) };
    });
    const delivery = await deliver(stream, events, this.#options.outside ?? {});
    const settlement = settle(taken, events, delivery);
    const [answer] = await door.callFunction({
      sql: "select kernel.settle_stream($1, $2, $3, $4, $5) as ours",
      parameters: [credential.token, this.#holder, taken.tenantId, taken.id, JSON.stringify(settlement)],
    });
    if (answer?.["ours"] === true && (settlement.stop || settlement.letter)) {
      const action = settlement.stop ? "kernel.stream.stop" : "kernel.stream.letter";
      const fields = { stream: taken.id, problem: settlement.problem, seq: settlement.letter?.seq };
      await door.work(credential, system, (tx) => tx.record({ action, outcome: "failed", fields }));
    }
  }
}

/** What follows from a receiver's answer: on to the next batch, the same again later, a smaller one, a letter, or a stop. */
export function settle(
  taken: Omit<Taken, "tenantId" | "id">,
  events: readonly OutgoingEvent[],
  delivery: Delivery,
  now = Date.now(),
): Settlement {
  const same = { next: taken.next, batchEnd: taken.end, lettersInARow: taken.lettersInARow, stop: false };
  const attempts = taken.attempts + 1;
  const [first] = events;
  if (delivery.state === "taken") {
    return { ...same, next: taken.end, batchEnd: null, attempts: 0, lettersInARow: 0, pauseSeconds: 0, problem: null };
  }
  const { problem } = delivery;
  const failed = { ...same, attempts, pauseSeconds: backOffSeconds(attempts), problem };
  if (delivery.state === "gone") return { ...failed, stop: true };
  if (delivery.state === "failed" || first === undefined) {
    const since = taken.failingSince?.getTime() ?? now;
    return { ...failed, stop: now - since > giveUpMs };
  }
  // One of several is refused: half as many, until it stands alone.
  const count = taken.end - taken.next;
  if (count > 1) {
    return { ...failed, attempts: 0, pauseSeconds: 1, batchEnd: taken.next + Math.floor(count / 2) };
  }
  if (attempts < triesBeforeLetter) return failed;
  const lettersInARow = taken.lettersInARow + 1;
  return {
    ...failed,
    next: taken.end,
    batchEnd: null,
    attempts: 0,
    pauseSeconds: 1,
    lettersInARow,
    // A receiver that refuses everything was set up wrongly: nothing more is put aside until somebody looks.
    stop: lettersInARow >= lettersBeforeStop,
    letter: { id: uuidv7(), seq: first.seq, hash: first.leafHash },
  };
}

/** 2, 4, 8 … seconds, an hour at most, with up to a quarter more so that not all come back at once. */
function backOffSeconds(attempts: number): number {
  return Math.min(3_600, 2 ** Math.min(attempts, 12)) * (1 + Math.random() / 4);
}
