import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { guestRole, PlatformRole } from "../access/role.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { identityProblem } from "./error.ts";

/**
 * Lets a person into the bound workspace with this role: a new membership, or the ended one opened again. Needs the system
 * credential (kernel.membership.accept) or the founding transaction. Gives back the membership id.
 */
export async function admit(
  tx: Tx,
  person: { userId: string; name: string; email: string; role: PlatformRole | typeof guestRole },
): Promise<string> {
  const { userId, name, email, role } = person;
  const found = await tx.first(
    query
      .selectFrom("kernel.membership")
      .select(["id", "version", "status", "until"])
      .where("user_id", "=", userId)
      .forUpdate(),
  );
  if (found !== undefined) await refuseAsMember(tx, found);
  const id = found?.id ?? uuidv7();
  await tx.record({
    action: found ? "kernel.membership.reopen" : "kernel.membership.create",
    record: "kernel.membership",
    rowId: id,
    version: (found?.version ?? 0) + 1,
    fields: { role },
  });
  if (found) {
    await tx.all(
      query
        .updateTable("kernel.membership")
        .set({ name, email, role, status: "active", until: null, deleted_at: null })
        .where("id", "=", id),
    );
  } else {
    await tx.all(
      query.insertInto("kernel.membership").values({ id, user_id: userId, name, email, role, status: "active" }),
    );
  }
  return id;
}

/** Refuses who is in already, and whom an open alarm keeps out: that one comes back by its release, not by another way in. */
export async function refuseAsMember(
  tx: Tx,
  member: { id: string; version: number; status: string; until: Date | null },
): Promise<void> {
  // An operator's time-boxed membership ends by itself and stays as it was.
  if (member.status === "active" && (member.until === null || member.until > new Date()))
    throw identityProblem.already_member();
  const alarms = await tx.all(
    query
      .selectFrom("kernel.anomaly")
      .select("detail")
      .where("member_id", "=", member.id)
      .where("locked", "=", true)
      .where("released_at", "is", null),
  );
  // As the lock left it: who was removed since is no longer kept out by the alarm.
  if (alarms.some(({ detail }) => Object(detail)["lockedVersion"] === member.version))
    throw identityProblem.member_locked();
}
