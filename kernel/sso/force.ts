import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Pool } from "pg";
import type { Kernel } from "../kernel.ts";
import { instanceTenantId, type Source } from "../work/credential.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { verifiedDomains } from "./domain.ts";
import { ssoProblem } from "./error.ts";

export type Force = { readonly forced: boolean; readonly breakGlassId: string | null };

export async function forceOf(tx: Tx): Promise<Force> {
  const row = await tx.first(
    query.selectFrom("kernel.sso_force").select(["forced", "break_glass_id"]).where("deleted_at", "is", null),
  );
  return { forced: row?.forced ?? false, breakGlassId: row?.break_glass_id ?? null };
}

/** Owners who are in. */
export function activeOwners(tx: Tx): Promise<{ id: string; userId: string; name: string; email: string }[]> {
  return tx.all(
    query
      .selectFrom("kernel.membership")
      .select(["id", "user_id as userId", "name", "email"])
      .where("role", "=", "owner")
      .where("status", "=", "active")
      .where("deleted_at", "is", null)
      .orderBy("created_at"),
  );
}

/** Whether somebody comes in with two factors though no provider answers: by a passkey, or a password and an app's code. */
export async function comesInAlone(database: Pool, userId: string): Promise<boolean> {
  const found = await database.query(
    `select 1 from identity."user" u where u.id = $1 and u.disabled_at is null
       and (exists (select from identity.passkey p where p.user_id = u.id)
         or exists (select from identity.totp t where t.user_id = u.id and t.confirmed_at is not null)
           and exists (select from identity.account a
             where a.user_id = u.id and a.provider_id = 'credential' and a.password is not null))`,
    [userId],
  );
  return found.rowCount === 1;
}

/**
 * Makes single sign-on the only way in for the people of the verified domains, or lifts that. One owner keeps password and
 * second factor for the day the provider is down; the door lets that one in and nobody else (kernel.enter).
 */
export async function changeForce(tx: Tx, wanted: { forced: boolean; breakGlassId: string | null }): Promise<void> {
  const { forced, breakGlassId } = wanted;
  if (forced) {
    if ((await verifiedDomains(tx)).length === 0) throw ssoProblem.domain_needed();
    const inUse = query.selectFrom("kernel.sso_connection").select("id").where("enabled", "=", true);
    if (!(await tx.first(inUse.where("deleted_at", "is", null).forUpdate()))) throw ssoProblem.connection_needed();
    if (!(await activeOwners(tx)).some(({ id }) => id === breakGlassId)) throw ssoProblem.break_glass_unfit();
  }
  const row = await tx.first(query.selectFrom("kernel.sso_force").select(["id", "version"]).forUpdate());
  const id = row?.id ?? uuidv7();
  await tx.record({
    action: forced ? "kernel.sso_force.on" : "kernel.sso_force.off",
    record: "kernel.sso_force",
    rowId: id,
    version: (row?.version ?? 0) + 1,
    fields: { break_glass: breakGlassId ?? "" },
  });
  const values = { forced, break_glass_id: breakGlassId };
  if (row) await tx.all(query.updateTable("kernel.sso_force").set(values).where("id", "=", id));
  else await tx.all(query.insertInto("kernel.sso_force").values({ id, ...values }));
}

/** Leaves an event of its own in every workspace where this sign-in goes around single sign-on. */
export async function noteBreakGlass(kernel: Kernel, userId: string, source: Source): Promise<void> {
  const rows = await kernel.door.callFunction({
    sql: "select * from kernel.break_glass_of_user($1, $2)",
    parameters: [kernel.system(instanceTenantId).token, userId],
  });
  for (const row of rows) {
    await kernel.door.once(kernel.system(String(row["tenant_id"]), source), "kernel.session.note", () => ({
      events: [
        {
          action: "kernel.sso.break_glass",
          record: "kernel.membership",
          rowId: String(row["membership_id"]),
        },
      ],
      statements: [],
    }));
  }
}
