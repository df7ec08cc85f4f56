import { sql } from "kysely";
import type { FieldOpening, LeafPart } from "@probity/verify";
import { recordNamed } from "../record/define-record.ts";
import { columnOf, type FieldKind } from "../record/field.ts";
import { openValue } from "../vault/seal.ts";
import type { TenantKeyring } from "../vault/tenant-key.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { agrees } from "./agree.ts";
import type { ExportRow } from "./export-page.ts";

type Shown = Pick<LeafPart, "open" | "record">;

/**
 * What is shown of leaves to whoever is bound: values kept beside the log, the bare commitments of what was erased, and beside
 * them the row version as it is stored now, so that a row which was changed or taken away behind the log shows at whoever
 * reads the file. Row-level security has left out what the reader may not see: that is no tampering, and is shown as nothing.
 */
export async function openLeaves(tx: Tx, keyring: TenantKeyring, rows: readonly ExportRow[]): Promise<Shown[]> {
  const parsed = rows.map((row) => ({ row, open: openingsOf(row.openings) }));
  const versions = parsed.filter(({ row, open }) => row.version !== null && Object.keys(open).length > 0);
  const stored = await readStored(
    tx,
    keyring,
    versions.map(({ row }) => row),
  );
  return parsed.map(({ row, open }) => shown(row, open, stored));
}

function shown(row: ExportRow, open: Readonly<Record<string, FieldOpening>>, stored: Stored): Shown {
  const names = Object.keys(open);
  if (names.length === 0) return {};
  const { record, rowId, version } = row;
  if (record === null || rowId === null || version === null) return saltsOf(open).length === 0 ? { open } : {};
  const place = { record, row: rowId, version: String(version) };
  const kept = stored.kept.get(placeOf(rowId, version));
  const now = stored.now.get(rowId);
  const gone = kept === undefined || (stored.newest.get(rowId) === version && now === undefined);
  // Where it went is a leaf of its own; who does not see everything does not know whether it is there.
  if (gone && (stored.explained.has(rowId) || !stored.whole)) return saltsOf(open).length === 0 ? { open } : {};
  if (gone) return { open, record: { ...place, values: {}, state: "missing" } };
  const values: Record<string, unknown> = {};
  for (const [name, each] of Object.entries(open)) {
    if ("commitment" in each) continue;
    const found = valueIn(kept, name);
    if ("value" in each) {
      if (found === undefined || !namesColumn(record, name, each.value)) continue;
      values[name] = agrees(each.value, found) ? JSON.parse(each.value) : found;
    } else if (found !== undefined) values[name] = found;
    // The value lies in the row alone: without it the leaf's root can't be given.
    else if (!stored.whole) return {};
  }
  const altered = now?.version === version && now.altered;
  if (Object.keys(values).length === 0 && saltsOf(open).length === 0 && !altered) return { open };
  return { open, record: { ...place, values, ...(altered ? { state: "altered" } : {}) } };
}

/**
 * Whether a leaf's field is the column of its name. Acts of the kernel's own records name what they did besides, and a value of
 * another sort than the column holds, such as a word beside an object or a name beside an id, says something else. What a
 * leaf says never changes, so that no change of a row makes its column any other.
 */
function namesColumn(record: string, name: string, said: string): boolean {
  const field = record.startsWith("kernel.") || name === callersAddress ? undefined : recordNamed(record)?.fields[name];
  return field !== undefined && (said === "null" || sortOf[field.kind].test(said));
}
/** Where an act came from, in every leaf, whatever a record calls by the same name (leaf.ts). */
const callersAddress = "source";
/** How the JSON of a kind of field begins. A number may be kept as text, and text may hold one. */
const [text, amount] = [/^"/, /^"?-?\d/];
const sortOf: Readonly<Record<FieldKind, RegExp>> = {
  text,
  choice: text,
  date: text,
  instant: text,
  id: /^"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"$/,
  integer: amount,
  number: amount,
  boolean: /^(?:true|false)$/,
  json: /^[{[]/,
};

function valueIn(body: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(body, name) ? body[name] : body[columnOf(name)];
}

/** Names of fields of which the salt alone is kept: their value lies in the row. */
function saltsOf(open: Readonly<Record<string, FieldOpening>>): string[] {
  return Object.entries(open).flatMap(([name, each]) => ("salt" in each && !("value" in each) ? [name] : []));
}

/** Openings as they are stored; anything else in their place shows nothing. */
export function openingsOf(stored: unknown): Readonly<Record<string, FieldOpening>> {
  const open: Record<string, FieldOpening> = {};
  if (typeof stored !== "object" || stored === null) return open;
  for (const [name, each] of Object.entries(stored)) {
    const part = (key: string): unknown =>
      typeof each === "object" && each !== null ? Reflect.get(each, key) : undefined;
    const [salt, value, closed] = [part("salt"), part("value"), part("commitment")];
    if (typeof closed === "string") open[name] = { commitment: closed };
    else if (typeof salt === "string") open[name] = typeof value === "string" ? { salt, value } : { salt };
  }
  return open;
}

const placeOf = (rowId: string | null, version: number | null) => `${rowId ?? ""}/${version ?? ""}`;

type Body = Record<string, unknown>;
type Stored = {
  /** Row versions as the history and the sealed values keep them, by row and version. */
  readonly kept: ReadonlyMap<string, Body>;
  /** Of each row: the newest version the history knows, and the row as it stands in its table. */
  readonly newest: ReadonlyMap<string, number>;
  readonly now: ReadonlyMap<string, { readonly version: number; readonly altered: boolean }>;
  /** Rows whose end is told by a leaf. */
  readonly explained: ReadonlySet<string>;
  /** Whether the reader sees every row there is. */
  readonly whole: boolean;
};

/** What is stored of the rows that these leaves speak of. */
async function readStored(tx: Tx, keyring: TenantKeyring, rows: readonly ExportRow[]): Promise<Stored> {
  const kept = new Map<string, Body>();
  const newest = new Map<string, number>();
  const now = new Map<string, { version: number; altered: boolean }>();
  const places = new Map(
    rows.flatMap(({ rowId, record }) => (rowId === null || record === null ? [] : [[rowId, record]])),
  );
  const ids = [...places.keys()];
  if (ids.length === 0) return { kept, newest, now, explained: new Set(), whole: false };
  const whole = await tx.first(query.selectNoFrom(sql<boolean>`kernel.audience_open()`.as("open")));
  const history = await tx.all(
    query.selectFrom("kernel.version_history").select(["row_id", "version", "body"]).where("row_id", "in", ids),
  );
  for (const { row_id, version, body } of history) {
    if (typeof body === "object" && body !== null) kept.set(placeOf(row_id, version), { ...body });
    newest.set(row_id, Math.max(version, newest.get(row_id) ?? 0));
  }
  const live = sql<{ row_id: string; version: number; altered: boolean }>`select row_id, version, altered
    from kernel.live_rows(${[...places.values()]}::text[], ${ids}::uuid[])`;
  for (const { row_id, version, altered } of await tx.all({ compile: () => live.compile(query) }))
    now.set(row_id, { version, altered });
  const stones = await tx.all(query.selectFrom("kernel.tombstone").select("row_id").where("row_id", "in", ids));
  await addSealed(tx, keyring, ids, kept);
  return { kept, newest, now, explained: new Set(stones.map((stone) => stone.row_id)), whole: whole?.open === true };
}

async function addSealed(
  tx: Tx,
  keyring: TenantKeyring,
  ids: readonly string[],
  kept: Map<string, Body>,
): Promise<void> {
  const sealed = await tx.all(
    query
      .selectFrom("kernel.sealed_value")
      .select(["record", "row_id", "version", "field", "key_id", "sealed"])
      .where("row_id", "in", ids),
  );
  if (sealed.length === 0) return;
  const keys = await keyring.of(tx);
  for (const each of sealed) {
    const values = kept.get(placeOf(each.row_id, each.version));
    if (values === undefined) continue;
    const place = [tx.who.tenantId, each.record, each.row_id, each.field, String(each.version)];
    try {
      values[each.field] = JSON.parse(openValue(keys.byId(each.key_id), each.sealed, place).toString("utf8"));
    } catch {
      // What does not open was changed behind us: the value is not there, and the reader is shown that.
    }
  }
}
