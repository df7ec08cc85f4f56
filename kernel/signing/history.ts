import { sql } from "kysely";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import type { RecordDeclaration } from "../record/define-record.ts";
import { historyAnswer } from "../record/history.ts";

/** Versions of several rows of one record, each row's oldest first, with what each changed, who made it, and why (SIG-02). */
export async function versionsOf(
  tx: Tx,
  record: RecordDeclaration,
  rowIds: readonly string[],
): Promise<Map<string, unknown[]>> {
  const found = new Map<string, unknown[]>();
  if (rowIds.length === 0) return found;
  const rows = await tx.all(
    query
      .selectFrom("kernel.version_history as h")
      .leftJoin("kernel.membership as m", "m.id", "h.actor_id")
      .leftJoin("kernel.change_reason as r", (join) =>
        join
          .onRef("r.tenant_id", "=", "h.tenant_id")
          .onRef("r.row_id", "=", "h.row_id")
          .onRef("r.version", "=", "h.version"),
      )
      .select(["h.row_id", "h.version", "h.at", "h.actor_id", "m.name as actor_name", "h.body"])
      .select(["r.reason_code", "r.reason"])
      .where("h.record", "=", record.name)
      .where("h.row_id", "in", [...rowIds])
      .orderBy("h.row_id")
      .orderBy("h.version"),
  );
  for (const id of rowIds)
    found.set(
      id,
      historyAnswer(
        record,
        rows.filter((row) => row.row_id === id),
      ).items,
    );
  return found;
}

/** Every member whom any version of these rows names in this column: who ever worked on them, whatever stands now. */
export async function everNamed(
  tx: Tx,
  record: RecordDeclaration,
  rowIds: readonly string[],
  column: string,
): Promise<string[]> {
  if (rowIds.length === 0) return [];
  const rows = await tx.all(
    query
      .selectFrom("kernel.version_history")
      .select(sql<string | null>`body ->> ${column}`.as("named"))
      .distinct()
      .where("record", "=", record.name)
      .where("row_id", "in", [...rowIds]),
  );
  return rows.flatMap((row) => (typeof row.named === "string" ? [row.named] : []));
}
