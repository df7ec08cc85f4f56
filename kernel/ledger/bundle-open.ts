import { createHash } from "node:crypto";
import type { FieldOpening, LeafPart, RecordRow } from "@probity/verify";
import { columnOf } from "../record/field.ts";
import { openValue } from "../vault/seal.ts";
import type { TenantKeyring } from "../vault/tenant-key.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { canonicalText } from "./canonical.ts";
import type { ExportRow } from "./export-page.ts";
import { commitment, merkleRoot } from "./leaf.ts";

type Shown = Pick<LeafPart, "open" | "record">;

/**
 * What is shown of leaves to whoever is bound: values kept beside the log, values that the row version itself holds, and
 * the bare commitments of what was erased. What does not give the leaf's own root is not shown: a wrong opening would look
 * like tampering. Row-level security has left out what the reader may not see.
 */
export async function openLeaves(tx: Tx, keyring: TenantKeyring, rows: readonly ExportRow[]): Promise<Shown[]> {
  const parsed = rows.map((row) => ({ row, open: openingsOf(row.openings) }));
  const needsRow = parsed.filter(({ row, open }) => row.version !== null && saltsOf(open).length > 0);
  const kept = await keptValues(
    tx,
    keyring,
    needsRow.map(({ row }) => row),
  );
  return parsed.map(({ row, open }) => shown(row, open, kept.get(placeOf(row.rowId, row.version)) ?? {}));
}

function shown(
  row: ExportRow,
  open: Readonly<Record<string, FieldOpening>>,
  values: Readonly<Record<string, unknown>>,
): Shown {
  if (Object.keys(open).length === 0) return {};
  const salted = saltsOf(open);
  const own: Record<string, unknown> = {};
  for (const name of salted) {
    const found = Object.hasOwn(values, name) ? values[name] : values[columnOf(name)];
    if (found === undefined) return {};
    own[name] = found;
  }
  if (salted.length === 0) return { open };
  if (rootOf(open, own) !== rootIn(row.leaf) || row.record === null || row.rowId === null || row.version === null)
    return {};
  const record: RecordRow = { record: row.record, row: row.rowId, version: String(row.version), values: own };
  return { open, record };
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

/** The root over openings, with the values that the row holds. */
export function rootOf(
  open: Readonly<Record<string, FieldOpening>>,
  values: Readonly<Record<string, unknown>> = {},
): string {
  const hashes = Object.entries(open)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => {
      if ("commitment" in each) return Buffer.from(each.commitment, "base64url");
      const text = "value" in each ? each.value : canonicalText(values[name] ?? null);
      return commitment(Buffer.from(each.salt, "base64url"), name, text);
    });
  return hashes.length === 0 ? createHash("sha256").digest("hex") : merkleRoot(hashes).toString("hex");
}

function rootIn(leaf: Buffer): string | undefined {
  return /"root":"([0-9a-f]{64})"/.exec(leaf.toString("utf8"))?.[1];
}

const placeOf = (rowId: string | null, version: number | null) => `${rowId ?? ""}/${version ?? ""}`;

/** What the history and the sealed values hold of these row versions. */
async function keptValues(
  tx: Tx,
  keyring: TenantKeyring,
  rows: readonly ExportRow[],
): Promise<Map<string, Record<string, unknown>>> {
  const found = new Map<string, Record<string, unknown>>();
  const ids = [...new Set(rows.flatMap(({ rowId }) => (rowId === null ? [] : [rowId])))];
  if (ids.length === 0) return found;
  const history = await tx.all(
    query.selectFrom("kernel.version_history").select(["row_id", "version", "body"]).where("row_id", "in", ids),
  );
  for (const { row_id, version, body } of history)
    if (typeof body === "object" && body !== null) found.set(placeOf(row_id, version), { ...body });
  const sealed = await tx.all(
    query
      .selectFrom("kernel.sealed_value")
      .select(["record", "row_id", "version", "field", "key_id", "sealed"])
      .where("row_id", "in", ids),
  );
  if (sealed.length === 0) return found;
  const keys = await keyring.of(tx);
  for (const each of sealed) {
    const values = found.get(placeOf(each.row_id, each.version));
    if (values === undefined) continue;
    const place = [tx.who.tenantId, each.record, each.row_id, each.field, String(each.version)];
    values[each.field] = JSON.parse(openValue(keys.byId(each.key_id), each.sealed, place).toString("utf8"));
  }
  return found;
}
