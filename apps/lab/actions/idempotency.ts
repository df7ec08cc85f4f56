import { AsyncLocalStorage } from "node:async_hooks";
import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import {
  canonicalText,
  httpProblem,
  openValue,
  sealValue,
  type Kernel,
  type LedgerEvent,
  type Route,
  type Tx,
} from "@probity/kernel";
import { problem } from "../errors.ts";
import { query } from "../query.ts";

/** One request that named a key: its works are counted, so that each has a key of its own. */
type Keyed = { readonly key: string; readonly said: string; content: string | null; works: number };

const running = new AsyncLocalStorage<Keyed>();

/**
 * Routes whose writes happen once for an Idempotency-Key. What a request's work gave is kept in the transaction of that
 * work; sent again, or several times at once, the same request gets the same and does nothing. Another request under the key
 * is refused. A refused request keeps no key: corrected, it may be sent under it again. Routes are made with a kernel whose
 * door knows which request it serves; a work that wrote nothing is done again, since it may give what can't be kept.
 */
export function keyedRoutes(kernel: Kernel, make: (kernel: Kernel) => readonly Route[]): Route[] {
  const door = new Proxy(kernel.door, {
    get(target, name) {
      if (name === "work") {
        return (...given: Parameters<typeof target.work>) => workOnce(kernel, ...given);
      }
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  return make({ ...kernel, door }).map((route) => {
    if (route.method === "GET") return route;
    return {
      ...route,
      keyed: true,
      handle: (request, reply) => {
        const key = request.idempotencyKey;
        if (key === null) return route.handle(request, reply);
        const said = `${request.raw.method} ${request.raw.url}\n${canonicalText(request.body ?? null)}`;
        const keyed = { key, said, content: route.multipart === true ? null : "", works: 0 };
        return running.run(keyed, () => route.handle(request, reply));
      },
    };
  });
}

/** What a request sends beside its body, such as a file's hash. Until it is named, a request with files has no key. */
export function nameContent(content: string): void {
  const keyed = running.getStore();
  if (keyed !== undefined) keyed.content = content;
}

async function workOnce<T>(
  kernel: Pick<Kernel, "door" | "files">,
  credential: Parameters<Kernel["door"]["work"]>[0],
  permission: string,
  run: (tx: Tx) => Promise<T>,
): Promise<unknown> {
  const { door } = kernel;
  const keyed = running.getStore();
  const place = keyed === undefined ? 0 : keyed.works++;
  if (keyed === undefined || keyed.content === null) return door.work(credential, permission, run);
  const key = place === 0 ? keyed.key : `${keyed.key}#${place}`;
  const fingerprint = createHash("sha256").update(`${keyed.said}\n${keyed.content}`).digest("base64url");
  return door.work(credential, permission, async (tx) => {
    // 1. One at a time for a key; whoever waited sees what the first one kept.
    await select(tx, sql`select pg_advisory_xact_lock(hashtextextended(${`${tx.who.actorId} ${key}`}, 0))`);
    const known = await tx.first(
      query
        .selectFrom("kernel.idempotency_key as k")
        .leftJoin("lab.kept_answer as a", "a.id", "k.row_id")
        .select(["k.fingerprint", "a.id", "a.sealed"])
        .where("k.key", "=", key),
    );
    if (known !== undefined && known.fingerprint !== fingerprint) throw httpProblem.key_reused();
    if (known !== undefined && known.sealed === null) throw problem.answer_forgotten();
    if (known !== undefined) return openAnswer(tx, await kernel.files.keysOf(tx), known);
    // 2. The work, and what it gave where it wrote something.
    let wrote = false;
    const noted: Tx = {
      who: tx.who,
      credential: tx.credential,
      all: (asked) => tx.all(asked),
      first: (asked) => tx.first(asked),
      change: (event, asked) => {
        wrote = true;
        return tx.change(event, asked);
      },
      record: (event: LedgerEvent) => noted.recordAll([event]),
      recordAll: async (events: readonly LedgerEvent[]) => {
        wrote = true;
        await tx.recordAll(events);
      },
    };
    const value = await run(noted);
    if (wrote && isKept(value)) {
      const id = uuidv7();
      await select(tx, sql`select kernel.claim_key(${key}, ${fingerprint}, ${id})`);
      const sealed = sealAnswer(tx, await kernel.files.keysOf(tx), id, value);
      await tx.all(query.insertInto("lab.kept_answer").values({ id, sealed }));
      if (Math.random() < forgetShare) await select(tx, sql`select lab.forget_answers()`);
    }
    return value;
  });
}

const forgetShare = 0.005;

type Keys = Awaited<ReturnType<Kernel["files"]["keysOf"]>>;
const placeOf = (tx: Tx, id: string) => [tx.who.tenantId, "lab.kept_answer", id, tx.who.actorId];

/** An answer may hold what is shown once, such as a link: where it is kept it is read with the workspace's key alone. */
function sealAnswer(tx: Tx, keys: Keys, id: string, value: unknown): string {
  const sealed = sealValue(keys.data, Buffer.from(JSON.stringify(value ?? null)), placeOf(tx, id));
  return `${keys.dataKeyId} ${sealed.toString("base64")}`;
}

function openAnswer(tx: Tx, keys: Keys, kept: { id: string | null; sealed: string | null }): unknown {
  const [keyId = "", sealed = ""] = (kept.sealed ?? "").split(" ");
  const opened = openValue(keys.byId(keyId), Buffer.from(sealed, "base64"), placeOf(tx, kept.id ?? ""));
  return JSON.parse(opened.toString("utf8"));
}

async function select(tx: Tx, statement: ReturnType<typeof sql>): Promise<void> {
  await tx.all({ compile: () => statement.compile(query) });
}

/** Whether a value is the same after it was kept as JSON, a time apart, which is answered as its text either way. */
function isKept(value: unknown): boolean {
  if (value === null || value === undefined || value instanceof Date) return true;
  if (Array.isArray(value)) return value.every(isKept);
  if (typeof value !== "object") return typeof value !== "bigint" && typeof value !== "function";
  const made: unknown = Object.getPrototypeOf(value);
  return (made === Object.prototype || made === null) && Object.values(value).every(isKept);
}
