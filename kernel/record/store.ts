import { sql, type Compilable, type CompiledQuery } from "kysely";
import type { Row } from "../work/batch.ts";
import { queryFor, withTimesAsText } from "../work/query.ts";
import type { RecordDeclaration } from "./define-record.ts";
import { recordProblem } from "./error.ts";
import { columnOf } from "./field.ts";

/** Tables known by name only: the judge has compared their columns with the declaration. */
type NamedTables = Record<string, Record<string, unknown>>;
const build = queryFor<NamedTables>();

const stampColumns = ["id", "version", "created_at", "created_by", "updated_at", "updated_by", "locked_at"];

export function columnsOf(record: RecordDeclaration): string[] {
  return [
    ...stampColumns,
    ...Object.entries(record.fields)
      .filter(([, field]) => !field.sealed)
      .map(([name]) => columnOf(name)),
  ];
}

/** Built once a record: reading one row is what is asked most. */
const oneOf = new WeakMap<RecordDeclaration, CompiledQuery<Row>>();

export function selectOne(record: RecordDeclaration, id: string): Compilable<Row> {
  let built = oneOf.get(record);
  if (built === undefined) {
    built = build
      .selectFrom(record.name)
      .select(columnsOf(record))
      .where("id", "=", id)
      .where("deleted_at", "is", null)
      .compile();
    oneOf.set(record, built);
  }
  const query = { ...built, parameters: [id] };
  return withTimesAsText({ compile: () => query });
}

/** Built once for each choice of fields, in the declaration's order: a caller's order would make a statement of its own. */
const insertsOf = new WeakMap<RecordDeclaration, Map<string, CompiledQuery<Row>>>();
/** A record of many optional fields has more choices than anybody makes use of. */
const mostInserts = 100;

export function insertRow(
  record: RecordDeclaration,
  id: string,
  values: Readonly<Record<string, unknown>>,
): Compilable<Row> {
  const columns = ["id"];
  const parameters: unknown[] = [id];
  for (const { name, column, sealed } of shownMembers(record).fields) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (sealed || value === undefined) continue;
    columns.push(column);
    parameters.push(value);
  }
  let inserts = insertsOf.get(record);
  if (inserts === undefined) insertsOf.set(record, (inserts = new Map()));
  const choice = columns.join();
  let built = inserts.get(choice);
  if (built === undefined) {
    built = build
      .insertInto(record.name)
      .values(Object.fromEntries(columns.map((column) => [column, null])))
      .returning(columnsOf(record))
      .compile();
    if (inserts.size >= mostInserts) inserts.clear();
    inserts.set(choice, built);
  }
  const query = { ...built, parameters };
  return withTimesAsText({ compile: () => query });
}

export function updateRow(
  record: RecordDeclaration,
  id: string,
  version: number,
  values: Readonly<Record<string, unknown>>,
): Compilable<Row> {
  return withTimesAsText(
    build
      .updateTable(record.name)
      // With sealed fields alone there is no column to set: the id to itself keeps the statement and its trigger.
      .set({ id, ...columnValues(record, values) })
      .where("id", "=", id)
      .where("version", "=", version)
      .where("deleted_at", "is", null)
      .returning(columnsOf(record)),
  );
}

export function deleteRow(record: RecordDeclaration, id: string, version: number): Compilable<Row> {
  return build
    .updateTable(record.name)
    .set({ deleted_at: sql`now()` })
    .where("id", "=", id)
    .where("version", "=", version)
    .where("deleted_at", "is", null)
    .returning(["id"]);
}

export function selectHistory(record: RecordDeclaration, id: string): Compilable<Row> {
  return build
    .selectFrom("kernel.version_history as h")
    .leftJoin("kernel.membership as m", "m.id", "h.actor_id")
    .leftJoin("kernel.change_reason as r", (join) =>
      join
        .onRef("r.tenant_id", "=", "h.tenant_id")
        .onRef("r.row_id", "=", "h.row_id")
        .onRef("r.version", "=", "h.version"),
    )
    .select(["h.version", "h.at", "h.actor_id", "m.name as actor_name", "h.body", "r.reason_code", "r.reason"])
    .where("h.record", "=", record.name)
    .where("h.row_id", "=", id)
    .orderBy("h.version");
}

export type ListOptions = {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly sort?: string | undefined;
  readonly search?: string | undefined;
  readonly filters: Readonly<Record<string, string>>;
};

/** One page in keyset order: (sort column, id). One row more than asked says whether there is a next page. */
export function selectPage(record: RecordDeclaration, options: ListOptions): Compilable<Row> {
  const { column, descending } = sortOf(record, options.sort);
  const view = record.list?.view;
  const columns = [...columnsOf(record), ...Object.keys(view?.shows ?? {}).map(columnOf)];
  let statement = build
    .selectFrom(view?.name ?? record.name)
    .select(columns)
    .where("deleted_at", "is", null);
  for (const [name, value] of Object.entries(options.filters)) statement = statement.where(columnOf(name), "=", value);
  const search = options.search;
  if (search) {
    const pattern = `%${search.replaceAll(/[\\%_]/g, (character) => `\\${character}`)}%`;
    statement = statement.where((where) =>
      where.or((record.list?.search ?? []).map((name) => where(columnOf(name), "ilike", pattern))),
    );
  }
  if (options.cursor !== undefined) {
    const [value, id] = readCursor(options.cursor);
    statement =
      column === "id"
        ? statement.where("id", descending ? "<" : ">", id)
        : statement.where(({ and, eb, not, or, refTuple, tuple }) => {
            const isEmpty = eb(column, "is", null);
            const later = eb("id", descending ? "<" : ">", id);
            // A comparison with an empty value is neither true nor false, and would lose the rows that hold one: they are
            // PostgreSQL's last when ascending and its first when descending.
            if (value === null) return descending ? or([not(isEmpty), and([isEmpty, later])]) : and([isEmpty, later]);
            const beyond = eb(refTuple(column, "id"), descending ? "<" : ">", tuple(value, id));
            return descending || !mayBeEmpty(record, column) ? beyond : or([beyond, isEmpty]);
          });
  }
  const direction = descending ? "desc" : "asc";
  if (column !== "id") statement = statement.orderBy(column, direction);
  return withTimesAsText(statement.orderBy("id", direction).limit(options.limit + 1));
}

/** Only the lists that need it pay for it: an index serves the plain comparison. */
function mayBeEmpty(record: RecordDeclaration, column: string): boolean {
  return Object.entries(record.fields).some(([name, field]) => columnOf(name) === column && field.optional);
}

/** The mark of the page after `row`. */
export function cursorAfter(record: RecordDeclaration, sort: string | undefined, row: Row): string {
  const { column } = sortOf(record, sort);
  const value = row[column];
  return Buffer.from(JSON.stringify([value instanceof Date ? value.toISOString() : value, row["id"]])).toString(
    "base64url",
  );
}

function readCursor(cursor: string): [unknown, string] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    if (
      Array.isArray(parsed) &&
      parsed.length === 2 &&
      typeof parsed[1] === "string" &&
      /^[0-9a-f-]{36}$/.test(parsed[1])
    )
      return [parsed[0], parsed[1]];
  } catch (cause) {
    throw recordProblem.cursor_unknown({ cause });
  }
  throw recordProblem.cursor_unknown();
}

/** Newest first unless the list says otherwise: ids are uuidv7, so their order is the order of creation. */
function sortOf(record: RecordDeclaration, sort: string | undefined): { column: string; descending: boolean } {
  if (sort === undefined || sort === "-createdAt") return { column: "id", descending: true };
  if (sort === "createdAt") return { column: "id", descending: false };
  const name = sort.replace(/^-/, "");
  const known = ["createdAt", "updatedAt", ...(record.list?.sort ?? [])];
  if (!known.includes(name))
    throw recordProblem.sort_unknown({ values: { field: name.slice(0, 60), known: known.join(", ") } });
  return { column: columnOf(name), descending: sort.startsWith("-") };
}

function columnValues(record: RecordDeclaration, values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const columns: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    const field = record.fields[name];
    if (field && !field.sealed) columns[columnOf(name)] = value;
  }
  return columns;
}

type Shown = { readonly name: string; readonly column: string; readonly sealed: boolean };
const shownOf = new WeakMap<RecordDeclaration, { fields: readonly Shown[]; view: readonly Shown[] }>();

/** Which columns make which members: worked out once a record, since a list asks for each of its rows. */
function shownMembers(record: RecordDeclaration): { fields: readonly Shown[]; view: readonly Shown[] } {
  let members = shownOf.get(record);
  if (members === undefined) {
    members = {
      fields: Object.entries(record.fields).map(([name, { sealed }]) => ({ name, column: columnOf(name), sealed })),
      view: Object.keys(record.list?.view?.shows ?? {}).map((name) => ({
        name,
        column: columnOf(name),
        sealed: false,
      })),
    };
    shownOf.set(record, members);
  }
  return members;
}

/** A row as the API shows it. */
export function presentRow(
  record: RecordDeclaration,
  row: Row,
  sealed: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const { fields, view } = shownMembers(record);
  const shown: Record<string, unknown> = { id: row["id"], version: row["version"] };
  for (const field of fields) shown[field.name] = field.sealed ? (sealed[field.name] ?? null) : row[field.column];
  for (const { name, column } of view) if (column in row) shown[name] = row[column];
  shown["createdAt"] = row["created_at"];
  shown["createdBy"] = row["created_by"];
  shown["updatedAt"] = row["updated_at"];
  shown["updatedBy"] = row["updated_by"];
  shown["locked"] = row["locked_at"] !== null;
  return shown;
}
