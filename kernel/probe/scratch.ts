import { randomBytes, createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import type { PlatformRole } from "../access/role.ts";
import { issueKey, limitable, revokeKey, type KeyLimit } from "../identity/api-key.ts";
import { admit } from "../identity/membership.ts";
import type { Kernel } from "../kernel.ts";
import { foundWorkspace } from "../tenancy/found-workspace.ts";
import type { Tx } from "../work/door.ts";
import { Problem } from "../work/problem.ts";
import { query } from "../work/query.ts";

/** One scratch workspace, with the keys of an owner and of a member. */
export type ScratchTenant = {
  readonly id: string;
  readonly ownerUserId: string;
  readonly ownerKey: string;
  readonly memberKey: string;
};
export type Scratch = { readonly a: ScratchTenant; readonly b: ScratchTenant; readonly endsAt: Date };

const hour = 3_600_000;
/** Known to every server of the instance, so that two of them found each workspace once. */
const ids = {
  a: { tenant: "00000000-0000-7000-8000-0000000000aa", user: "00000000-0000-7000-8000-0000000001aa" },
  b: { tenant: "00000000-0000-7000-8000-0000000000bb", user: "00000000-0000-7000-8000-0000000001bb" },
} as const;
export const scratchTenantIds: readonly string[] = [ids.a.tenant, ids.b.tenant];

/**
 * The two workspaces that probes act in, founded when they are missing, and fresh keys for them that end in a day. Nobody
 * belongs to them but their own scratch members, so that no person's list shows them. Call it under the probe lock.
 */
export async function openScratch(kernel: Kernel): Promise<Scratch> {
  const endsAt = new Date(Date.now() + 24 * hour);
  return { a: await openTenant(kernel, "a", endsAt), b: await openTenant(kernel, "b", endsAt), endsAt };
}

async function openTenant(kernel: Kernel, name: "a" | "b", endsAt: Date): Promise<ScratchTenant> {
  const { tenant, user } = ids[name];
  const credential = kernel.system(tenant, { address: null, requestId: "probe" });
  const keys = async (tx: Tx) => {
    // Named here though row-level security sees to it: with that broken, the probes must still get as far as saying so.
    const members = await tx.all(
      query.selectFrom("kernel.membership").select(["id", "role"]).where("tenant_id", "=", tenant),
    );
    const keyOf = async (role: PlatformRole) => {
      const membershipId = members.find((member) => member.role === role)?.id;
      if (membershipId === undefined) throw new Error(`The scratch workspace ${name} has no ${role}`);
      const permissions = await permissionsOf(tx, role);
      return (await issueKey(tx, { membershipId, name: `Probe ${role}`, permissions, expiresAt: endsAt })).token;
    };
    return { id: tenant, ownerUserId: user, ownerKey: await keyOf("owner"), memberKey: await keyOf("member") };
  };
  try {
    return await kernel.door.work(credential, "kernel.probe", keys);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
  }
  await kernel.identityPool.query(
    `insert into identity."user" (id, name, email, email_verified) values ($1, $2, $3, false) on conflict do nothing`,
    [user, `Probe ${name}`, `probe-${name}@probe.invalid`],
  );
  await foundWorkspace(
    kernel,
    credential,
    { slug: `probity-probe-${name}`, name: `probe-${name}`, preset: "regulatory-docs" },
    async (tx) => {
      await tx.all(query.selectNoFrom(sql<null>`kernel.mark_probe_workspace()`.as("marked")));
      await admit(tx, { userId: user, name: `Probe ${name}`, email: `probe-${name}@probe.invalid`, role: "owner" });
      const memberId = uuidv7();
      await admit(tx, {
        userId: memberId,
        name: `Probe ${name} member`,
        email: `probe-${name}-member@probe.invalid`,
        role: "member",
      });
    },
  );
  return kernel.door.work(credential, "kernel.probe", keys);
}

async function permissionsOf(tx: Tx, role: PlatformRole): Promise<string[]> {
  const row = await tx.first(query.selectNoFrom(sql<string[]>`kernel.permissions_of_role(${role})`.as("permissions")));
  return row?.permissions ?? [];
}

/** A session of a scratch owner, as if signed in that many minutes ago and idle since. The token is the browser's. */
export async function scratchSession(
  kernel: Pick<Kernel, "identityPool">,
  tenant: ScratchTenant,
  idleMinutes: number,
): Promise<{ token: string; storedToken: string; end(): Promise<void> }> {
  const token = randomBytes(24).toString("base64url");
  const storedToken = createHash("sha256").update(token).digest("hex");
  const id = uuidv7();
  await kernel.identityPool.query(
    `insert into identity.session (id, user_id, token, created_at, last_seen_at, expires_at)
     values ($1, $2, $3, now() - make_interval(mins => $4), now() - make_interval(mins => $4), now() + interval '1 hour')`,
    [id, tenant.ownerUserId, storedToken, idleMinutes],
  );
  return {
    token,
    storedToken,
    end: async () => {
      await kernel.identityPool.query("delete from identity.session where id = $1", [id]);
    },
  };
}

/** Opens a scratch workspace to these networks alone, or (null) to all again. */
export async function fenceScratch(
  kernel: Pick<Kernel, "door" | "system">,
  tenantId: string,
  networks: readonly string[] | null,
): Promise<void> {
  const list = networks === null ? null : [...networks];
  await kernel.door.work(kernel.system(tenantId, { address: null, requestId: "probe" }), "kernel.probe", async (tx) => {
    await tx.all(query.selectNoFrom(sql<null>`kernel.probe_fence(${list}::cidr[])`.as("fenced")));
  });
}

/** A key of a scratch member made for one probe, with a way to revoke it; limited to some records where that is asked. */
export async function issueProbeKey(
  kernel: Pick<Kernel, "door" | "system">,
  tenantId: string,
  limit?: KeyLimit,
): Promise<{ token: string; revoke(): Promise<void> }> {
  const credential = kernel.system(tenantId, { address: null, requestId: "probe" });
  const { id, token } = await kernel.door.work(credential, "kernel.probe", async (tx) => {
    const member = await tx.first(
      query
        .selectFrom("kernel.membership")
        .select("id")
        .where("tenant_id", "=", tenantId)
        .where("role", "=", "member")
        .where("status", "=", "active"),
    );
    if (member === undefined) throw new Error("The scratch workspace has no member");
    const held = await permissionsOf(tx, "member");
    const apps = limit === undefined ? undefined : (await limitable(tx)).apps;
    const permissions = held.filter((each) => apps === undefined || apps.includes(each.split(".")[0] ?? ""));
    const expiresAt = new Date(Date.now() + hour);
    return issueKey(tx, { membershipId: member.id, name: "Probe of keys", permissions, expiresAt, limit });
  });
  return { token, revoke: () => kernel.door.work(credential, "kernel.probe", (tx) => revokeKey(tx, id, "all")) };
}
