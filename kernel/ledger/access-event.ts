import { canonicalText } from "./canonical.ts";
import { foldRoot, hashLength, putHash } from "./merkle.ts";
import { momentText } from "./moment.ts";

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

/** With what the buffer gives it: an id that sorts by time, when it was (in milliseconds), and how often. */
export type BufferedEvent = AccessEvent & { readonly id: string; readonly at: number; count: number };

/** What many events have in common, and their canonical text up to where each is different. */
export type AccessKind = {
  readonly of: AccessEvent;
  readonly beforeTime: string;
  readonly beforeRow: string;
  readonly afterRow: string;
};

export function accessKind(event: AccessEvent): AccessKind {
  return {
    of: event,
    beforeTime: `{"actor":${canonicalText(event.actorId)},"at":"`,
    beforeRow: `","outcome":${canonicalText(event.outcome)},"permission":${canonicalText(event.permission)},"record":${canonicalText(event.record ?? null)},"row":`,
    afterRow: `,"source":${canonicalText(event.source)}}`,
  };
}

/** Which events are of one kind: whatever is in these texts, no two kinds share a key. */
export function kindKey(event: AccessEvent): string {
  const { actorId, permission, record, outcome, source, via } = event;
  return JSON.stringify([actorId, permission, record ?? null, outcome, source, via ?? null]);
}

/**
 * The RFC 8785 text an event is committed to: actor, at, count, id, outcome, permission, record, row and source. Which session
 * it was is nobody's to prove, and forgotten with the event.
 */
export function accessText(kind: AccessKind, event: BufferedEvent): string {
  const row = event.rowId === undefined ? "null" : canonicalText(event.rowId);
  return `${kind.beforeTime}${momentText(event.at)}","count":${event.count},"id":"${event.id}${kind.beforeRow}${row}${kind.afterRow}`;
}

/** So many at a time; a power of two, so that each piece but the last is a whole tree of its own. */
export const eventsAtOnce = 64;

/**
 * What a batch's leaf commits to: the RFC 6962 root over its events in the order of their ids. Each id is random, so the root
 * tells nothing of an event that has been forgotten since, and stays what it was.
 */
export class AccessTree {
  readonly #roots: Buffer[] = [];

  /** The next events' texts, `eventsAtOnce` of them unless they are the last. */
  add(texts: readonly string[]): void {
    const hashes = Buffer.allocUnsafe(texts.length * hashLength);
    for (const [place, text] of texts.entries()) putHash(`\0${text}`, hashes, place);
    foldRoot(hashes, texts.length);
    this.#roots.push(hashes.subarray(0, hashLength));
  }

  root(): string {
    const roots = Buffer.concat(this.#roots);
    foldRoot(roots, this.#roots.length);
    return roots.toString("hex", 0, hashLength);
  }
}
