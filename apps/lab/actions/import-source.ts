import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql, type SqlBool } from "kysely";
import type { Tx } from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { guessMapping, type ImportKind, type Mapping } from "../csv/mapping.ts";
import type { Table } from "../csv/read.ts";
import { query } from "../query.ts";

type Source = { id: string; version: number; name: string; headings: unknown; decimal_sign: string };

/** The sources known for a kind, by name. */
export async function sourcesOf(tx: Tx, kind: ImportKind): Promise<Source[]> {
  return tx.all(
    query
      .selectFrom("lab.import_source")
      .select(["id", "version", "name", "headings", "decimal_sign"])
      .where("kind", "=", kind)
      .where("deleted_at", "is", null)
      .orderBy("name")
      .limit(200),
  );
}

/**
 * How a file is read: as its sender says, else as the named source was read, else as the source whose headings are all in it,
 * else as its own headings suggest.
 */
export function mappingFor(
  kind: ImportKind,
  table: Table,
  given: { mapping: Mapping | undefined; source: string | undefined },
  sources: readonly Source[],
): { mapping: Mapping; source: string | null } {
  const named = sources.find((each) => each.name.toLowerCase() === given.source?.toLowerCase());
  if (given.mapping !== undefined) return { mapping: given.mapping, source: given.source ?? null };
  if (named !== undefined) return { mapping: read(named, table), source: named.name };
  if (given.source !== undefined) return { mapping: guessMapping(kind, table), source: given.source };
  const fitting = sources
    .filter((each) => textsOf(each.headings).length > 0)
    .filter((each) => textsOf(each.headings).every(([, heading]) => placeOf(table, heading) >= 0))
    .toSorted((a, b) => textsOf(b.headings).length - textsOf(a.headings).length)[0];
  return fitting === undefined
    ? { mapping: guessMapping(kind, table), source: null }
    : { mapping: read(fitting, table), source: fitting.name };
}

/** Keeps how a source was read, where it was read otherwise before. */
export async function rememberSource(
  tx: Tx,
  kind: ImportKind,
  name: string,
  table: Table,
  mapping: Mapping,
): Promise<void> {
  const headings = Object.fromEntries(
    Object.entries(mapping.columns).flatMap(([field, at]) => (table.head[at] ? [[field, table.head[at]]] : [])),
  );
  const known = await tx.first(
    query
      .selectFrom("lab.import_source")
      .select(["id", "version", "headings", "decimal_sign"])
      .where("kind", "=", kind)
      .where("deleted_at", "is", null)
      .where(sql<SqlBool>`lower(name) = lower(${name})`)
      .forUpdate(),
  );
  const fields = { name, headings, decimal_sign: mapping.decimal };
  if (known === undefined) {
    await insertAll(tx, "lab.import_source", "lab.import_source.create", [
      { row: { id: uuidv7(), kind, ...fields }, fields },
    ]);
    return;
  }
  const same = (list: [string, string][]) => JSON.stringify(list.toSorted());
  if (known.decimal_sign === mapping.decimal && same(textsOf(known.headings)) === same(textsOf(headings))) return;
  await updateAll(tx, "lab.import_source", "lab.import_source.change", [
    {
      row: { id: known.id, version: known.version, headings, decimal_sign: mapping.decimal },
      fields,
    },
  ]);
}

function read(source: Source, table: Table): Mapping {
  const columns = Object.fromEntries(
    textsOf(source.headings).flatMap(([field, heading]) => {
      const at = placeOf(table, heading);
      return at < 0 ? [] : [[field, at]];
    }),
  );
  return { columns, decimal: source.decimal_sign === "comma" ? "comma" : "point" };
}

function placeOf(table: Table, heading: string): number {
  return table.head.findIndex((each) => each.toLowerCase() === heading.toLowerCase());
}

function textsOf(kept: unknown): [string, string][] {
  if (typeof kept !== "object" || kept === null) return [];
  return Object.entries(kept).filter((entry): entry is [string, string] => typeof entry[1] === "string");
}
