import { sql } from "kysely";
import type { PlatformRole } from "../access/role.ts";
import { issueKey } from "../identity/api-key.ts";
import { admit } from "../identity/membership.ts";
import type { Kernel } from "../kernel.ts";
import { foundWorkspace } from "../tenancy/found-workspace.ts";
import { Problem } from "../work/problem.ts";
import { query } from "../work/query.ts";

/** Somebody of the workspace in which access is probed, with a key that may do what their role may. */
export type AccessPerson = { readonly userId: string; readonly membershipId: string; readonly key: string };
export type AccessScratch = {
  readonly workspace: string;
  readonly people: Readonly<Record<PlatformRole, AccessPerson>>;
};

const minute = 60_000;
/**
 * Known to every server of the instance, founded once: one for roles, reviews, operators and sharing, and one in which
 * alarms are raised, so that the others' refused attempts raise none. Their preset shares by owner and locks the source of
 * an alarm.
 */
export type AccessScratchName = "d" | "e";
const workspaceOf = (name: AccessScratchName) => `00000000-0000-7000-8000-0000000000${name}${name}`;
const userOf = (name: AccessScratchName, role: PlatformRole) =>
  `00000000-0000-7000-8000-00000000${{ owner: "01", admin: "02", member: "03" }[role]}${name}${name}`;
const roles = ["owner", "admin", "member"] as const;

/** Opens the workspace with an owner, an admin and a member, and fresh keys for them that end in minutes. */
export async function openAccessScratch(kernel: Kernel, name: AccessScratchName = "d"): Promise<AccessScratch> {
  const workspace = workspaceOf(name);
  const credential = kernel.system(workspace, { address: null, requestId: "probe" });
  const exists = await kernel.door
    .work(credential, "kernel.probe", async () => true)
    .catch((error: unknown) => {
      if (error instanceof Problem && error.status === 404) return false;
      throw error;
    });
  if (!exists) {
    for (const role of roles) {
      await kernel.identityPool.query(
        `insert into identity."user" (id, name, email) values ($1, $2, $3) on conflict do nothing`,
        [userOf(name, role), `Probe ${name} ${role}`, emailOf(name, role)],
      );
    }
    const space = { slug: `probity-probe-${name}`, name: `probe-${name}`, preset: "contracts" };
    await foundWorkspace(kernel, credential, space, async (tx) => {
      await tx.all(query.selectNoFrom(sql<null>`kernel.mark_probe_workspace()`.as("marked")));
    });
  }
  // Who is missing, or was left locked by a run that was broken off, is let in again.
  const members = await kernel.door.work(credential, "kernel.membership.accept", async (tx) => {
    const found = new Map<PlatformRole, string>();
    for (const role of roles) {
      const userId = userOf(name, role);
      const row = await tx.first(
        query.selectFrom("kernel.membership").select(["id", "status"]).where("user_id", "=", userId),
      );
      const id =
        row?.status === "active"
          ? row.id
          : await admit(tx, { userId, name: `Probe ${name} ${role}`, email: emailOf(name, role), role });
      found.set(role, id);
    }
    return found;
  });
  const people = await kernel.door.work(credential, "kernel.probe", async (tx) => {
    const of = async (role: PlatformRole): Promise<AccessPerson> => {
      const membershipId = members.get(role) ?? "";
      const held = await tx.first(
        query.selectNoFrom(sql<string[]>`kernel.permissions_of_role(${role})`.as("permissions")),
      );
      const { token } = await issueKey(tx, {
        membershipId,
        name: `Probe ${role}`,
        permissions: held?.permissions ?? [],
        expiresAt: new Date(Date.now() + 5 * minute),
      });
      return { userId: userOf(name, role), membershipId, key: token };
    };
    return { owner: await of("owner"), admin: await of("admin"), member: await of("member") };
  });
  return { workspace, people };
}

function emailOf(name: AccessScratchName, role: PlatformRole): string {
  return `probe-${name}-${role}@probe.invalid`;
}
