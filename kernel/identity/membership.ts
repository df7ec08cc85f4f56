import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { PlatformRole } from "../access/role.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { identityProblem } from "./error.ts";

/**
 * Lets a person into the bound workspace with this role: a new membership, or the ended one opened again. Needs the system
 * credential (kernel.membership.accept) or the founding transaction. Gives back the membership id.
 */
export async function admit(
  tx: Tx,
  person: { userId: string; name: string; email: string; role: PlatformRole },
): Promise<string> {
  const { userId, name, email, role } = person;
  const found = await tx.first(
    query.selectFrom("kernel.membership").select(["id", "version", "status"]).where("user_id", "=", userId).forUpdate(),
  );
  if (found?.status === "active") throw identityProblem.already_member();
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
        .set({ name, email, role, status: "active", deleted_at: null })
        .where("id", "=", id),
    );
  } else {
    await tx.all(
      query.insertInto("kernel.membership").values({ id, user_id: userId, name, email, role, status: "active" }),
    );
  }
  return id;
}
