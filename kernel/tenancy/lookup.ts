import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";

/** Names of the bound workspace's members by their pseudonym, former members included: history still names them. */
export async function memberNames(tx: Tx): Promise<Map<string, string>> {
  const rows = await tx.all(query.selectFrom("kernel.membership").select(["id", "name"]));
  return new Map(rows.map((row) => [row.id, row.name]));
}

/** Whether this is an active member of the bound workspace. */
export async function isActiveMember(tx: Tx, id: string): Promise<boolean> {
  const found = query
    .selectFrom("kernel.membership")
    .select("until")
    .where("id", "=", id)
    .where("status", "=", "active")
    .where("deleted_at", "is", null);
  const row = await tx.first(found);
  return row !== undefined && (row.until === null || row.until > new Date());
}

export async function workspaceName(tx: Tx): Promise<string> {
  const row = await tx.first(query.selectFrom("kernel.workspace").select("name"));
  return row?.name ?? "";
}

/** The name of the bound workspace in addresses. */
export async function workspaceSlug(tx: Tx): Promise<string> {
  const row = await tx.first(query.selectFrom("kernel.workspace").select("slug"));
  return row?.slug ?? "";
}

/** Where in the bound workspace's log an act on a row stands; null while it still waits for its place. */
export async function ledgerPlace(tx: Tx, action: string, rowId: string): Promise<number | null> {
  const row = await tx.first(
    query.selectFrom("kernel.ledger_event").select("seq").where("row_id", "=", rowId).where("action", "=", action),
  );
  return row ? Number(row.seq) : null;
}
