import { createHmac, type KeyObject } from "node:crypto";
import type { Client } from "pg";

/** Roles that sign in, each with a pool of its own. None is a superuser, none owns what it reads. */
export const loginRoles = ["probity_app", "probity_identity", "probity_worker", "probity_across"] as const;
export type LoginRole = (typeof loginRoles)[number];
const ownerRoles = ["probity_owner", "probity_door"] as const;

/** A role's password is derived from the root key: every server that holds the key can sign in, and nothing is stored. */
export function rolePassword(rootKey: KeyObject, role: LoginRole): string {
  return createHmac("sha256", rootKey).update(`database-role:${role}`).digest("base64url");
}

/**
 * Makes the roles, or brings their passwords and limits up to date. The caller's role needs LOGIN, CREATEROLE and
 * CREATEDB, and no superuser: it is what managed PostgreSQL services give.
 */
export async function ensureRoles(admin: Client, rootKey: KeyObject): Promise<void> {
  // Roles belong to the whole cluster: two set-ups at once must not trip over each other.
  await admin.query("select pg_advisory_lock(7071, 2)");
  try {
    for (const role of [...ownerRoles, ...loginRoles]) {
      const found = await admin.query("select 1 from pg_roles where rolname = $1", [role]);
      if (found.rowCount === 0) {
        await admin.query(`create role ${admin.escapeIdentifier(role)} nologin noinherit`);
      }
    }
    for (const role of loginRoles) {
      const name = admin.escapeIdentifier(role);
      await admin.query(`alter role ${name} login password ${admin.escapeLiteral(rolePassword(rootKey, role))}`);
      // A request that hangs must not hold its transaction, and with it the ledger, for long.
      await admin.query(`alter role ${name} set statement_timeout = '15s'`);
      await admin.query(`alter role ${name} set idle_in_transaction_session_timeout = '15s'`);
    }
    // The worker's own queries poll and listen; a job's queries go through the door like everybody's.
    await admin.query("alter role probity_worker set idle_in_transaction_session_timeout = '60s'");
    for (const role of [...ownerRoles, "probity_worker"]) {
      await admin.query(`grant ${admin.escapeIdentifier(role)} to current_user`);
    }
  } finally {
    await admin.query("select pg_advisory_unlock(7071, 2)");
  }
}

/**
 * On a PostgreSQL of our own the superuser makes one ordinary set-up role and is not used again: what managed services
 * allow is all that Probity ever needs, and both ways are the same from here on.
 */
export async function ensureSetupRole(
  superuser: Client,
  rootKey: KeyObject,
  database: string,
): Promise<{ user: string; password: string }> {
  const password = createHmac("sha256", rootKey).update("database-role:probity_setup").digest("base64url");
  const found = await superuser.query("select 1 from pg_roles where rolname = 'probity_setup'");
  if (found.rowCount === 0)
    await superuser.query("create role probity_setup login createrole createdb nosuperuser nobypassrls");
  await superuser.query(`alter role probity_setup password ${superuser.escapeLiteral(password)}`);
  const existing = await superuser.query("select 1 from pg_database where datname = $1", [database]);
  if (existing.rowCount === 0)
    await superuser.query(`create database ${superuser.escapeIdentifier(database)} owner probity_setup`);
  return { user: "probity_setup", password };
}
