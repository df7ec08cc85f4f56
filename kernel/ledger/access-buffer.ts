import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Pool } from "pg";
import { runBatch, type Statement } from "../work/batch.ts";
import { instanceTenantId, systemActorId, type Credential, type Source, type Who } from "../work/credential.ts";
import type { DoorObserver } from "../work/door.ts";
import { canonicalText } from "./canonical.ts";
import { makeLeaf, merkleRoot } from "./leaf.ts";

export type AccessEvent = {
  readonly tenantId: string;
  readonly actorId: string;
  readonly permission: string;
  readonly record?: string | undefined;
  readonly rowId?: string | undefined;
  readonly outcome: string;
  readonly source: string | null;
  /** The session that read, so that two of one person are told apart. */
  readonly via?: string | null;
};

type Buffered = AccessEvent & { id: string; at: Date; count: number };

/**
 * Reads and refusals on their way to the ledger: kept at most `delayMs` in this process, then written in one batch a
 * tenant, with one leaf that holds the batch's root and count. A crash may lose one buffer; the trust page says so.
 * Refusals of one source, permission and minute are one event with a count.
 */
export class AccessBuffer implements DoorObserver {
  readonly #pool: Pool;
  readonly #token: string;
  readonly #delayMs: number;
  #events: Buffered[] = [];
  #refusals = new Map<string, Buffered>();
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

  #add(event: AccessEvent): Buffered {
    const buffered = { ...event, id: uuidv7(), at: new Date(), count: 1 };
    this.#events.push(buffered);
    this.#timer ??= setTimeout(() => void this.flush(), this.#delayMs);
    return buffered;
  }

  async #write(events: readonly Buffered[]): Promise<void> {
    try {
      const statements: Statement[] = [...Map.groupBy(events, (event) => event.tenantId)].map(([tenantId, batch]) => {
        const rows = batch
          .map((event) => ({
            id: event.id,
            at: event.at.toISOString(),
            actor: event.actorId,
            permission: event.permission,
            record: event.record ?? null,
            row: event.rowId ?? null,
            outcome: event.outcome,
            source: event.source,
            count: event.count,
          }))
          .toSorted((a, b) => (a.id < b.id ? -1 : 1));
        // Beside what the leaf commits to: which session it was is nobody's to prove, and forgotten with the event.
        const via = new Map(batch.map((event) => [event.id, event.via ?? null]));
        const told = rows.map((row) => ({ ...row, via: via.get(row.id) ?? null }));
        const refused = batch.every((event) => event.outcome !== "done");
        const leaf = makeLeaf(
          { tenantId, actorId: systemActorId },
          { address: null, requestId: "batch" },
          {
            action: refused ? "kernel.access.refused" : "kernel.access.read",
            outcome: refused ? "refused" : "done",
            fields: { count: String(batch.length), events: accessRoot(rows) },
          },
        );
        return {
          sql: "select kernel.note_access($1, $2, $3, $4, $5)",
          parameters: [this.#token, tenantId, leaf.bytes, JSON.stringify(told), JSON.stringify(leaf.openings)],
        };
      });
      const client = await this.#pool.connect();
      try {
        await runBatch(client, statements);
      } finally {
        client.release();
      }
    } catch {
      // The read has been answered already: what is left is to say so, in the metric that degrades the control.
      this.#lost += events.length;
    }
  }
}

/**
 * What a batch's leaf commits to: the RFC 6962 root over its events in the order of their ids. Each id is random, so the root
 * tells nothing of an event that has been forgotten since, and stays what it was.
 */
export function accessRoot(rows: readonly Readonly<Record<string, unknown>>[]): string {
  return merkleRoot(rows.map((row) => createHash("sha256").update("\0").update(canonicalText(row)).digest())).toString(
    "hex",
  );
}
