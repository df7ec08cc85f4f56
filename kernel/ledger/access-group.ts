import { setImmediate as nextTurn } from "node:timers/promises";
import type { Statement } from "../work/batch.ts";
import { systemActorId } from "../work/credential.ts";
import {
  accessKind,
  accessText,
  AccessTree,
  eventsAtOnce,
  kindKey,
  type AccessKind,
  type BufferedEvent,
} from "./access-event.ts";
import { makeLeaf, type Leaf } from "./leaf.ts";
import { momentText } from "./moment.ts";

/** Events that are written as one transaction, of a few tenants or of one: more than this only where one leaf holds more. */
const eventsTogether = 256;
/** A leaf holds no more than this, so that no statement grows with what has come meanwhile. */
const eventsOfLeaf = 1024;

type AccessStatement = { readonly statement: Statement; readonly count: number };

/**
 * The statements that write these events, tenant by tenant, each with its leaf in the same transaction. They are made piece by
 * piece: between two of them the event loop has its turn, so no request waits for all of them.
 */
export async function* accessStatements(
  systemToken: string,
  events: readonly BufferedEvent[],
): AsyncGenerator<AccessStatement> {
  let group = new AccessGroup();
  let atStretch = 0;
  for (const [tenantId, all] of Map.groupBy(events, (event) => event.tenantId)) {
    for (let from = 0; from < all.length; from += eventsOfLeaf) {
      const some = all.slice(from, from + eventsOfLeaf).toSorted((a, b) => (a.id < b.id ? -1 : 1));
      await group.add(tenantId, some);
      atStretch += some.length;
      if (atStretch >= eventsAtOnce) {
        await nextTurn();
        atStretch = 0;
      }
      if (group.count < eventsTogether) continue;
      yield { statement: group.statement(systemToken), count: group.count };
      group = new AccessGroup();
    }
  }
  if (group.count > 0) yield { statement: group.statement(systemToken), count: group.count };
}

type PlacedKind = AccessKind & { readonly place: number; readonly batch: number };

class AccessGroup {
  count = 0;
  readonly #tenants: string[] = [];
  readonly #leaves: Leaf[] = [];
  readonly #kinds: PlacedKind[] = [];
  readonly #events: { readonly event: BufferedEvent; readonly kind: number }[] = [];

  /** One leaf and its events, in the order of their ids. */
  async add(tenantId: string, events: readonly BufferedEvent[]): Promise<void> {
    const kinds = new Map<string, PlacedKind>();
    const tree = new AccessTree();
    for (let from = 0; from < events.length; from += eventsAtOnce) {
      if (from > 0) await nextTurn();
      tree.add(events.slice(from, from + eventsAtOnce).map((event) => this.#place(event, kinds)));
    }
    const isRefused = events.every((event) => event.outcome !== "done");
    this.#leaves.push(
      makeLeaf(
        { tenantId, actorId: systemActorId },
        { address: null, requestId: "batch" },
        {
          action: isRefused ? "kernel.access.refused" : "kernel.access.read",
          outcome: isRefused ? "refused" : "done",
          fields: { count: String(events.length), events: tree.root() },
        },
      ),
    );
    this.#tenants.push(tenantId);
    this.count += events.length;
  }

  /** What the database is told of a kind is told once; ids, counts and times are our own and need no escape in an array. */
  statement(systemToken: string): Statement {
    const kinds = this.#kinds.map(({ of, place, batch }) => ({
      place,
      batch,
      actor: of.actorId,
      permission: of.permission,
      record: of.record ?? null,
      outcome: of.outcome,
      source: of.source,
      via: of.via ?? null,
    }));
    return {
      sql: "select kernel.note_accesses($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
      parameters: [
        systemToken,
        this.#tenants,
        this.#leaves.map(({ bytes }) => bytes),
        this.#leaves.map(({ openings }) => JSON.stringify(openings)),
        JSON.stringify(kinds),
        `{${this.#events.map(({ kind }) => kind).join()}}`,
        `{${this.#events.map(({ event }) => event.id).join()}}`,
        `{${this.#events.map(({ event }) => momentText(event.at)).join()}}`,
        `{${this.#events.map(({ event }) => element(event.rowId)).join()}}`,
        `{${this.#events.map(({ event }) => event.count).join()}}`,
      ],
    };
  }

  /** Its canonical text, once it has its place among the others. */
  #place(event: BufferedEvent, kinds: Map<string, PlacedKind>): string {
    const key = kindKey(event);
    let kind = kinds.get(key);
    if (kind === undefined) {
      kind = { ...accessKind(event), place: this.#kinds.length, batch: this.#tenants.length + 1 };
      kinds.set(key, kind);
      this.#kinds.push(kind);
    }
    this.#events.push({ event, kind: kind.place });
    return accessText(kind, event);
  }
}

/** A text in an array as PostgreSQL reads it (manual, "Array Input and Output Syntax"), whatever it holds. */
function element(value: string | undefined): string {
  if (value === undefined) return "NULL";
  return `"${value.includes('"') || value.includes("\\") ? value.replaceAll(/["\\]/g, String.raw`\$&`) : value}"`;
}
