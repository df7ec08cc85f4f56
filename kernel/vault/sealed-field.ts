import { sql } from "kysely";
import { query } from "../work/query.ts";
import type { Tx } from "../work/door.ts";
import { openValue, sealValue } from "./seal.ts";
import type { TenantKeyring } from "./tenant-key.ts";

export type SealedPlace = { readonly record: string; readonly rowId: string; readonly version: number };

/** Seals the given fields of one record version into the side table. The version's leaf must be staged already. */
export async function writeSealed(
  tx: Tx,
  keyring: TenantKeyring,
  place: SealedPlace,
  fields: Readonly<Record<string, unknown>>,
): Promise<void> {
  const entries = Object.entries(fields);
  if (entries.length === 0) return;
  const keys = await keyring.of(tx);
  await tx.all(
    query.insertInto("kernel.sealed_value").values(
      entries.map(([field, value]) => ({
        record: place.record,
        row_id: place.rowId,
        version: place.version,
        field,
        key_id: keys.dataKeyId,
        sealed: sealValue(keys.data, Buffer.from(JSON.stringify(value ?? null)), [
          tx.who.tenantId,
          place.record,
          place.rowId,
          field,
          String(place.version),
        ]),
      })),
    ),
  );
}

/** The newest value of each sealed field of the given rows: row id → field → value. */
export async function readSealed(
  tx: Tx,
  keyring: TenantKeyring,
  record: string,
  rowIds: readonly string[],
): Promise<Map<string, Record<string, unknown>>> {
  const found = new Map<string, Record<string, unknown>>();
  if (rowIds.length === 0) return found;
  const keys = await keyring.of(tx);
  const rows = await tx.all(
    query
      .selectFrom("kernel.sealed_value")
      .distinctOn(["row_id", "field"])
      .select(["row_id", "field", "version", "key_id", "sealed"])
      .where("record", "=", record)
      .where("row_id", "=", sql<string>`any(${sql.val([...rowIds])}::uuid[])`)
      .orderBy("row_id")
      .orderBy("field")
      .orderBy("version", "desc"),
  );
  for (const row of rows) {
    const fields = found.get(row.row_id) ?? {};
    fields[row.field] = JSON.parse(
      openValue(keys.byId(row.key_id), row.sealed, [
        tx.who.tenantId,
        record,
        row.row_id,
        row.field,
        String(row.version),
      ]).toString("utf8"),
    );
    found.set(row.row_id, fields);
  }
  return found;
}
