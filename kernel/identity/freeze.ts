import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { factorProblem } from "./factor-error.ts";

export type Freeze = {
  readonly reason: string;
  readonly frozenAt: Date;
  readonly frozenBy: string;
  readonly thawAskedAt: Date | null;
  readonly thawAskedBy: string | null;
  /** Whether the asker is the reader: then somebody else must agree. */
  readonly askedByYou: boolean;
};

/**
 * Freezes the bound workspace (kernel.workspace.freeze): from the commit on the door refuses every session, key, link and
 * job of it; sessions of members but the acting one end, jobs are ended. Refused where nobody could thaw it.
 */
export async function freezeWorkspace(tx: Tx, reason: string): Promise<number> {
  if ((await approvers(tx)) < 2) throw factorProblem.freeze_needs_two();
  if ((await openFreeze(tx)) !== undefined) throw factorProblem.frozen_already();
  const id = uuidv7();
  await tx.record({
    action: "kernel.workspace.freeze",
    record: "kernel.freeze",
    rowId: id,
    version: 1,
    fields: { reason },
  });
  await tx.all(query.insertInto("kernel.freeze").values({ id, reason }));
  const row = await tx.first(query.selectNoFrom(sql<number>`kernel.freeze_workspace(${tx.who.sessionId})`.as("ended")));
  return row?.ended ?? 0;
}

/** What stands between the workspace and its thaw (kernel.workspace.thaw). */
export async function freezeOf(tx: Tx): Promise<Freeze> {
  const row = await openFreeze(tx);
  if (row === undefined) throw factorProblem.not_frozen();
  const people = await tx.all(query.selectFrom("kernel.membership").select(["id", "name"]));
  const name = (id: string | null) => people.find((person) => person.id === id)?.name ?? "somebody who left";
  return {
    reason: row.reason,
    frozenAt: row.created_at,
    frozenBy: name(row.created_by),
    thawAskedAt: row.thaw_asked_at,
    thawAskedBy: row.thaw_asked_by === null ? null : name(row.thaw_asked_by),
    askedByYou: row.thaw_asked_by === tx.who.actorId,
  };
}

/**
 * One person's word for the thaw. The first asks; a second, different one opens the workspace again. The word of somebody
 * who may not give it any more is replaced.
 */
export async function agreeToThaw(tx: Tx): Promise<{ thawed: boolean }> {
  const row = await openFreeze(tx);
  if (row === undefined) throw factorProblem.not_frozen();
  if (row.thaw_asked_by === tx.who.actorId) throw factorProblem.thaw_by_another();
  const asker =
    row.thaw_asked_by === null
      ? undefined
      : await tx.first(
          query
            .selectFrom("kernel.membership")
            .select("id")
            .where("id", "=", row.thaw_asked_by)
            .where("status", "=", "active")
            .where("deleted_at", "is", null)
            .where("role", "in", ["owner", "admin"]),
        );
  const thaws = asker !== undefined;
  await tx.record({
    action: thaws ? "kernel.workspace.thaw" : "kernel.workspace.ask_thaw",
    record: "kernel.freeze",
    rowId: row.id,
    version: row.version + 1,
  });
  const change = query.updateTable("kernel.freeze").where("id", "=", row.id);
  const now = sql<Date>`clock_timestamp()`;
  if (!thaws) {
    await tx.all(change.set({ thaw_asked_by: tx.who.actorId, thaw_asked_at: now }));
    return { thawed: false };
  }
  await tx.all(change.set({ thawed_by: tx.who.actorId, thawed_at: now }));
  await tx.all(query.selectNoFrom(sql<null>`kernel.thaw_workspace()`.as("thawed")));
  return { thawed: true };
}

async function openFreeze(tx: Tx) {
  return tx.first(
    query
      .selectFrom("kernel.freeze")
      .select(["id", "version", "reason", "created_at", "created_by", "thaw_asked_by", "thaw_asked_at"])
      .where("thawed_at", "is", null)
      .forUpdate(),
  );
}

async function approvers(tx: Tx): Promise<number> {
  const rows = await tx.all(
    query
      .selectFrom("kernel.membership")
      .select("id")
      .where("status", "=", "active")
      .where("deleted_at", "is", null)
      .where("role", "in", ["owner", "admin"]),
  );
  return rows.length;
}
