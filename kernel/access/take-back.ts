import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";

/**
 * Takes back every role given to a member and every record shared with them, each with its leaf (kernel.people.change).
 * Their membership has ended before: an invitation later begins anew, with what it names and nothing of before.
 */
export async function takeBackAccess(tx: Tx, membershipId: string): Promise<void> {
  await takeBack(tx, "kernel.member_role", membershipId);
  await takeBack(tx, "kernel.share", membershipId);
}

async function takeBack(tx: Tx, table: "kernel.member_role" | "kernel.share", membershipId: string): Promise<void> {
  const rows = await tx.all(
    query
      .selectFrom(table)
      .select(["id", "version"])
      .where("membership_id", "=", membershipId)
      .where("deleted_at", "is", null)
      .forUpdate(),
  );
  if (rows.length === 0) return;
  await tx.recordAll(
    rows.map(({ id, version }) => ({
      action: `${table}.take_back`,
      record: table,
      rowId: id,
      version: version + 1,
      fields: { membership: membershipId },
    })),
  );
  await tx.all(
    query
      .updateTable(table)
      .set({ deleted_at: new Date() })
      .where("membership_id", "=", membershipId)
      .where("deleted_at", "is", null),
  );
}
