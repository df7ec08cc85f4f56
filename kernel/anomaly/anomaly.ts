import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { revokeLink } from "../files/link.ts";
import { revokeKey } from "../identity/api-key.ts";
import { endSessions } from "../identity/people.ts";
import type { Kernel } from "../kernel.ts";
import { policyValue } from "../policy/store.ts";
import { memberNames } from "../tenancy/lookup.ts";
import { instanceTenantId } from "../work/credential.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { anomalyProblem } from "./error.ts";
import { findAnomalies, type Found } from "./find.ts";

/** Alarms of the workspace, open ones first, the newest first. */
export async function listAnomalies(tx: Tx) {
  const names = await memberNames(tx);
  const named = (id: string | null) => (id === null ? null : { id, name: names.get(id) ?? null });
  const rows = await tx.all(
    query
      .selectFrom("kernel.anomaly")
      .selectAll()
      .orderBy("released_at", (order) => order.desc().nullsFirst())
      .orderBy("created_at", "desc")
      .limit(200),
  );
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    member: named(row.member_id),
    source: row.source,
    seen: row.seen,
    firstAt: row.first_at,
    lastAt: row.last_at,
    detail: row.detail,
    locked: row.locked,
    foundAt: row.created_at,
    releasedBy: named(row.released_by),
    releasedAt: row.released_at,
    releaseReason: row.release_reason,
  }));
}

/** Goes through every workspace and raises what is new (APP-07). Gives how many alarms it raised. */
export async function raiseAnomalies(kernel: Kernel, now = new Date()): Promise<number> {
  const spaces = await kernel.door.callFunction({
    sql: "select id from kernel.standing_workspaces($1) as w (id)",
    parameters: [kernel.system(instanceTenantId).token],
  });
  let raised = 0;
  for (const { id } of spaces) raised += await raiseIn(kernel, String(id), now);
  return raised;
}

/** The same for one workspace. */
export async function raiseIn(kernel: Kernel, tenantId: string, now = new Date()): Promise<number> {
  const sources = await kernel.door.work(kernel.system(tenantId), "kernel.people.change", async (tx) => {
    const open = await tx.all(
      query.selectFrom("kernel.anomaly").select(["kind", "member_id", "source"]).where("released_at", "is", null),
    );
    const fresh = (await findAnomalies(tx, now)).filter(
      (found) =>
        !open.some(
          (each) => each.kind === found.kind && (each.member_id ?? each.source) === (found.memberId ?? found.source),
        ),
    );
    const locks = fresh.length > 0 && (await policyValue(tx, "anomaly.lockSource"));
    for (const found of fresh) await raise(tx, found, locks);
    return fresh.map((found) => (locks ? found.source : null));
  });
  return sources.length;
}

async function raise(tx: Tx, found: Found, locks: boolean): Promise<void> {
  const id = uuidv7();
  const lockedVersion = locks && found.memberId !== null ? await lockMember(tx, found.memberId) : null;
  const locked = lockedVersion !== null || (locks && found.memberId === null);
  if (locks && found.source !== null) await endSource(tx, found.source);
  await tx.record({
    action: "kernel.anomaly.raise",
    record: "kernel.anomaly",
    rowId: id,
    version: 1,
    fields: { kind: found.kind, seen: String(found.seen), member: found.memberId ?? "", locked: String(locked) },
  });
  await tx.all(
    query.insertInto("kernel.anomaly").values({
      id,
      kind: found.kind,
      member_id: found.memberId,
      source: found.source,
      seen: found.seen,
      first_at: found.firstAt,
      last_at: found.lastAt,
      detail: JSON.stringify({ ...found.detail, ...(lockedVersion === null ? {} : { lockedVersion }) }),
      locked,
    }),
  );
}

/** Ends the link or key an alarm is about: what is in two hands is made anew. An address is locked by the open alarm itself. */
async function endSource(tx: Tx, source: string): Promise<void> {
  const [kind, id = ""] = source.split(":", 2);
  if (kind === "link") await revokeLink(tx, id);
  if (kind === "key") await revokeKey(tx, id, "all");
}

/** Keeps a member out until the alarm is released. Owners are not locked: nobody would be left to release them. */
async function lockMember(tx: Tx, memberId: string): Promise<number | null> {
  const member = await tx.first(
    query.selectFrom("kernel.membership").select(["role", "status", "version"]).where("id", "=", memberId).forUpdate(),
  );
  if (member === undefined || member.role === "owner" || member.status !== "active") return null;
  await endSessions(tx, memberId);
  await setStatus(tx, memberId, member.version, "disabled", "kernel.membership.lock");
  return member.version + 1;
}

async function setStatus(
  tx: Tx,
  id: string,
  version: number,
  status: "active" | "disabled",
  action: string,
): Promise<void> {
  await tx.record({ action, record: "kernel.membership", rowId: id, version: version + 1, fields: { status } });
  await tx.all(query.updateTable("kernel.membership").set({ status }).where("id", "=", id));
}

/** Releases an alarm with a reason (kernel.people.change): what it locked opens, and what it counted is not counted again. */
export async function releaseAnomaly(tx: Tx, id: string, reason: string): Promise<void> {
  const row = await tx.first(
    query.selectFrom("kernel.anomaly").selectAll().where("id", "=", id).where("released_at", "is", null).forUpdate(),
  );
  if (row === undefined) throw anomalyProblem.unknown();
  if (row.member_id === tx.who.actorId) throw anomalyProblem.about_you();
  await tx.record({
    action: "kernel.anomaly.release",
    record: "kernel.anomaly",
    rowId: id,
    version: row.version + 1,
    fields: { reason },
  });
  await tx.all(
    query
      .updateTable("kernel.anomaly")
      .set({ released_at: new Date(), released_by: tx.who.actorId, release_reason: reason })
      .where("id", "=", id),
  );
  if (!row.locked) return;
  if (row.member_id === null) return;
  const other = await tx.first(
    query
      .selectFrom("kernel.anomaly")
      .select("id")
      .where("member_id", "=", row.member_id)
      .where("locked", "=", true)
      .where("released_at", "is", null),
  );
  const member = await tx.first(
    query.selectFrom("kernel.membership").select(["status", "version"]).where("id", "=", row.member_id).forUpdate(),
  );
  // Only as the lock left it: who was removed meanwhile stays out.
  const lockedVersion = Object(row.detail)["lockedVersion"];
  if (other === undefined && member?.status === "disabled" && member.version === lockedVersion)
    await setStatus(tx, row.member_id, member.version, "active", "kernel.membership.unlock");
}
