import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql, type Compilable } from "kysely";
import type { ChangeEvent, Tx } from "@probity/kernel";
import { query } from "./query.ts";
import type { DB } from "./schema.generated.ts";

type Table = keyof DB & string;
type Row = { readonly id: string } & Readonly<Record<string, unknown>>;
/** A row before it is written, with what its leaf says of it. */
export type NewRow = { readonly row: Row; readonly fields: Readonly<Record<string, unknown>> };

const atOnce = 500;

/** Told how many rows are written, after each round trip; what it throws ends the whole. */
export type Progress = (done: number) => Promise<void>;

/** Inserts rows with their leaves, some hundred a round trip. */
export async function insertAll(
  tx: Tx,
  table: Table,
  action: string,
  rows: readonly NewRow[],
  progress?: Progress,
): Promise<void> {
  const first = rows[0];
  if (first === undefined) return;
  const columns = sql.join(Object.keys(first.row).map((name) => sql.ref(name)));
  await inParts(tx, rows, progress, async (some) => {
    const events = some.map(({ row, fields }) => ({ action, record: table, rowId: row.id, version: 1, fields }));
    const json = JSON.stringify(some.map(({ row }) => row));
    const insert = sql`insert into ${sql.table(table)} (${columns})
      select ${columns} from jsonb_populate_recordset(null::${sql.table(table)}, ${json}::jsonb)`;
    await changeAll(tx, events, { compile: () => insert.compile(query) });
  });
}

/** A row that changes from the version its caller saw. */
export type ChangedRow = {
  readonly row: Row & { readonly version: number };
  readonly fields: Readonly<Record<string, unknown>>;
};

/**
 * Changes rows with their leaves, some hundred a round trip; every row sets the same columns. Answers how many were still
 * of the version named: the caller refuses the whole where one was not.
 */
export async function updateAll(
  tx: Tx,
  table: Table,
  action: string,
  rows: readonly ChangedRow[],
  progress?: Progress,
): Promise<number> {
  const first = rows[0];
  if (first === undefined) return 0;
  const names = Object.keys(first.row).filter((name) => name !== "id" && name !== "version");
  const columns = sql.join(names.map((name) => sql.ref(name)));
  const values = sql.join(names.map((name) => sql`c.${sql.ref(name)}`));
  let changed = 0;
  await inParts(tx, rows, progress, async (some) => {
    const events = some.map(({ row, fields }) => ({
      action,
      record: table,
      rowId: row.id,
      version: row.version + 1,
      fields,
    }));
    const ids = some.map(({ row }) => row.id);
    const json = JSON.stringify(Object.fromEntries(some.map(({ row }) => [row.id, row])));
    // Each row takes its values out by its id. A join with them, planned before a file's rows were counted, reads the whole
    // table for each part, or compares each of its rows with each other.
    const update = sql<{ id: string }>`update ${sql.table(table)} r
      set (${columns}) = (select ${values} from jsonb_populate_record(null::${sql.table(table)}, given.rows -> r.id::text) c)
      from (select ${json}::jsonb as rows) given
      where r.id = any(${ids}::uuid[]) and r.version = (given.rows -> r.id::text ->> 'version')::integer returning r.id`;
    changed += (await changeAll(tx, events, { compile: () => update.compile(query) })).length;
  });
  return changed;
}

/** One statement and the leaves of the rows it changes: of one row with it, of several before it as a set. */
async function changeAll<Q extends Compilable<unknown>>(tx: Tx, events: readonly ChangeEvent[], change: Q) {
  const [only, another] = events;
  if (only !== undefined && another === undefined) return tx.change(only, change);
  await tx.recordAll(events);
  return tx.all(change);
}

/** Writes rows part by part, told after each. */
async function inParts<T>(
  tx: Tx,
  rows: readonly T[],
  progress: Progress | undefined,
  write: (some: readonly T[]) => Promise<void>,
): Promise<void> {
  let done = 0;
  for (const some of chunks(rows)) {
    // Plans of statements, triggers and foreign keys that were made when the tables were small read all of them for each row:
    // a file forgets them before its first part, and after it, when there are some hundred rows and leaves to plan for.
    if (rows.length > atOnce && done <= atOnce) await forgetPlans(tx);
    await write(some);
    done += some.length;
    await progress?.(done);
  }
}

/** Every statement of this connection is planned anew when it is run next (PostgreSQL, DISCARD PLANS). */
async function forgetPlans(tx: Tx): Promise<void> {
  const discard = sql`discard plans`;
  await tx.all({ compile: () => discard.compile(query) });
}

/** Parts of a list, each small enough for one round trip. */
export function* chunks<T>(list: readonly T[], size = atOnce): Generator<readonly T[]> {
  for (let from = 0; from < list.length; from += size) yield list.slice(from, from + size);
}

/** Ids for rows that are listed in the order they were made in: within one millisecond an id's own order is chance. */
export function orderedIds(count: number): string[] {
  return Array.from({ length: count }, () => uuidv7()).toSorted();
}

/** An id that is listed where a row of that time belongs: the time in front as in every id (RFC 9562, 5.7), the rest chance. */
export function idAt(moment: number): string {
  const time = moment.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}${uuidv7().slice(13)}`;
}
