import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { DatabaseError, type Pool } from "pg";
import { runBatch } from "../work/batch.ts";
import { instanceTenantId, systemActorId, type Credential, type Source, type Who } from "../work/credential.ts";
import type { DoorObserver } from "../work/door.ts";
import type { AccessEvent, BufferedEvent } from "./access-event.ts";
import { accessStatements } from "./access-group.ts";

/**
 * Reads and refusals on their way to the ledger: kept at most `delayMs` in this process, then written in one batch a
 * tenant, with one leaf that holds the batch's root and count; a few tenants are one transaction. A crash may lose one buffer; the trust page says so.
 * Refusals of one source, permission and minute are one event with a count.
 */
export class AccessBuffer implements DoorObserver {
  readonly #pool: Pool;
  readonly #token: string;
  readonly #delayMs: number;
  #events: BufferedEvent[] = [];
  #refusals = new Map<string, BufferedEvent>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #lost = 0;

  constructor(pool: Pool, systemToken: string, delayMs = 1_000) {
    this.#pool = pool;
    this.#token = systemToken;
    this.#delayMs = delayMs;
  }

  /** Events that could not be written since the start (the database was away): a metric, and the control degrades. */
  get lost(): number {
    return this.#lost;
  }

  /** Notes that `who` read something. */
  read(who: Who, permission: string, source: Source, record?: string, rowId?: string): void {
    this.#add({
      tenantId: who.tenantId,
      actorId: who.actorId,
      permission,
      record,
      rowId,
      outcome: "done",
      source: source.address,
      via: who.sessionId,
    });
  }

  refused(credential: Credential, permission: string, code: string, who: Who | undefined): void {
    const event = {
      tenantId: who?.tenantId ?? instanceTenantId,
      actorId: who?.actorId ?? systemActorId,
      permission,
      outcome: code,
      source: credential.source.address,
    };
    const key = `${event.tenantId}|${event.actorId}|${permission}|${code}|${event.source}|${Math.floor(Date.now() / 60_000)}`;
    const same = this.#refusals.get(key);
    if (same) {
      same.count += 1;
    } else {
      const buffered = this.#add(event);
      this.#refusals.set(key, buffered);
    }
  }

  /** Writes what is buffered and waits until it is committed. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const events = this.#events;
    this.#events = [];
    this.#refusals = new Map();
    if (events.length > 0) this.#writing = this.#writing.then(() => this.#write(events));
    await this.#writing;
  }

  #add(event: AccessEvent): BufferedEvent {
    const buffered = { ...event, id: uuidv7(), at: Date.now(), count: 1 };
    this.#events.push(buffered);
    this.#timer ??= setTimeout(() => void this.flush(), this.#delayMs);
    return buffered;
  }

  async #write(events: readonly BufferedEvent[]): Promise<void> {
    let left = events.length;
    try {
      const client = await this.#pool.connect();
      try {
        for await (const { statement, count } of accessStatements(this.#token, events)) {
          try {
            await runBatch(client, [statement]);
          } catch (error) {
            if (!isOfItsContent(error)) throw error;
            this.#lost += count;
          }
          left -= count;
        }
      } finally {
        client.release();
      }
    } catch {
      // The read has been answered already: what is left is to say so, in the metric that degrades the control.
      this.#lost += left;
    }
  }
}

/** Refused for what it says (SQLSTATE classes 22, 23 and 54), and no reason to give the others up. */
function isOfItsContent(error: unknown): boolean {
  return error instanceof DatabaseError && /^(?:22|23|54)/.test(error.code ?? "");
}
