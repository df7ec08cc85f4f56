import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { revokeLinksOf } from "../files/link.ts";
import { isActiveMember, memberNames } from "../tenancy/lookup.ts";
import type { Tx } from "../work/door.ts";
import { doorProblem } from "../work/error.ts";
import { query, queryFor } from "../work/query.ts";
import { accessProblem } from "./error.ts";

/** A record with an owner, and who sees it where the workspace shares by owner (TEN-06). */
export type Sharing = {
  readonly owner: { readonly id: string; readonly name: string | null };
  /** Whether the caller may share it. */
  readonly yours: boolean;
  /** `workspace`: everybody sees it whatever is listed; `owner`: the owner and the listed alone. */
  readonly policy: "workspace" | "owner";
  readonly members: readonly { readonly id: string; readonly name: string | null }[];
};

const build = queryFor<Record<string, { id: string; created_by: string; deleted_at: Date | null }>>();

/** Who sees a record. What the caller does not see is not there. */
export async function sharingOf(tx: Tx, record: string, rowId: string): Promise<Sharing> {
  const row = await ownedRow(tx, record, rowId);
  const names = await memberNames(tx);
  const shares = await tx.all(
    query
      .selectFrom("kernel.share")
      .select("membership_id")
      .where("record", "=", record)
      .where("row_id", "=", rowId)
      .where("deleted_at", "is", null)
      .orderBy("created_at"),
  );
  const space = await tx.first(query.selectFrom("kernel.workspace").select("sharing"));
  return {
    owner: { id: row.created_by, name: names.get(row.created_by) ?? null },
    yours: await isMine(tx, row.created_by),
    policy: space?.sharing === "owner" ? "owner" : "workspace",
    members: shares.map(({ membership_id: id }) => ({ id, name: names.get(id) ?? null })),
  };
}

/** Shares a record with exactly these members (kernel.share.change). Whoever loses it loses their open links too. */
export async function setSharing(tx: Tx, record: string, rowId: string, memberIds: readonly string[]): Promise<void> {
  const row = await ownedRow(tx, record, rowId);
  if (!(await isMine(tx, row.created_by))) throw accessProblem.not_yours_to_share();
  const wanted = new Set(memberIds.filter((id) => id !== row.created_by));
  const known = await tx.all(
    query
      .selectFrom("kernel.share")
      .select(["id", "membership_id", "version", "deleted_at"])
      .where("row_id", "=", rowId)
      .forUpdate(),
  );
  for (const id of wanted) {
    const share = known.find((each) => each.membership_id === id);
    if (share?.deleted_at === null) continue;
    if (!(await isActiveMember(tx, id))) throw accessProblem.share_unknown();
    const shareId = share?.id ?? uuidv7();
    await tx.record({
      action: "kernel.share.give",
      record: "kernel.share",
      rowId: shareId,
      version: (share?.version ?? 0) + 1,
      fields: { record, row: rowId, member: id },
    });
    await tx.all(
      share
        ? query.updateTable("kernel.share").set({ deleted_at: null }).where("id", "=", shareId)
        : query.insertInto("kernel.share").values({ id: shareId, record, row_id: rowId, membership_id: id }),
    );
  }
  for (const share of known.filter((each) => each.deleted_at === null && !wanted.has(each.membership_id))) {
    await tx.record({
      action: "kernel.share.take_back",
      record: "kernel.share",
      rowId: share.id,
      version: share.version + 1,
      fields: { record, row: rowId, member: share.membership_id },
    });
    await tx.all(query.updateTable("kernel.share").set({ deleted_at: new Date() }).where("id", "=", share.id));
    await revokeLinksOf(tx, share.membership_id);
  }
}

export type SharedRow = {
  readonly rowId: string;
  readonly by: { readonly id: string; readonly name: string | null };
  readonly at: Date;
};

/** Rows of a record that others shared with the caller one by one, the newest first. */
export async function sharedWithMe(tx: Tx, record: string): Promise<SharedRow[]> {
  const rows = await tx.all(
    query
      .selectFrom("kernel.share")
      .select(["row_id", "created_by", "updated_at"])
      .where("record", "=", record)
      .where("membership_id", "=", tx.who.actorId)
      .where("deleted_at", "is", null)
      .orderBy("updated_at", "desc")
      .limit(500),
  );
  if (rows.length === 0) return [];
  const names = await memberNames(tx);
  return rows.map((row) => ({
    rowId: row.row_id,
    by: { id: row.created_by, name: names.get(row.created_by) ?? null },
    at: row.updated_at,
  }));
}

async function ownedRow(tx: Tx, record: string, rowId: string): Promise<{ created_by: string }> {
  const kept = await tx.first(query.selectFrom("kernel.governed_table").select("options").where("record", "=", record));
  if (!hasOwner(kept?.options)) throw doorProblem.not_found();
  // The name is one of the register's own, and the row's policies answer who sees it.
  const row = await tx.first(
    build.selectFrom(record).select("created_by").where("id", "=", rowId).where("deleted_at", "is", null),
  );
  if (row === undefined) throw doorProblem.not_found();
  return row;
}

async function isMine(tx: Tx, owner: string): Promise<boolean> {
  const row = await tx.first(query.selectNoFrom(sql<boolean>`${owner}::uuid in (select kernel.mine())`.as("mine")));
  return row?.mine === true;
}

function hasOwner(options: unknown): boolean {
  if (typeof options !== "object" || options === null || !("audience" in options)) return false;
  const { audience } = options;
  return typeof audience === "object" && audience !== null && "owner" in audience && audience.owner === true;
}
