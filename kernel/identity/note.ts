import type { Kernel } from "../kernel.ts";
import type { LedgerEvent } from "../ledger/leaf.ts";
import { noteBreakGlass } from "../sso/force.ts";
import { instanceTenantId, type Source } from "../work/credential.ts";
import { Problem } from "../work/problem.ts";

/** What happened around a session or a second factor, for the ledger. */
export type SessionEvent = {
  readonly action:
    | "kernel.password.change"
    | "kernel.password.link"
    | "kernel.address.confirm"
    | "kernel.session.start"
    | "kernel.session.end"
    | "kernel.factor.add"
    | "kernel.factor.remove"
    | "kernel.factor.prove"
    | "kernel.account.link"
    | "kernel.account.unlink"
    | "kernel.account.renew"
    | "kernel.step_up.grant";
  readonly outcome: "done" | "refused";
  readonly userId: string | null;
  readonly reason?: string;
  readonly source: Source;
};

/**
 * Leaves the event of a sign-in or sign-out: one leaf in the instance's own log, and one in each open workspace of the
 * person, about their membership there. No leaf names an e-mail address: the person is a salted commitment, the address
 * they came from too.
 */
export async function noteSession(kernel: Kernel, event: SessionEvent): Promise<void> {
  const { action, outcome, userId, reason, source } = event;
  const instance: LedgerEvent = {
    action,
    outcome,
    fields: { ...(userId === null ? {} : { user: userId }), ...(reason === undefined ? {} : { reason }) },
  };
  await stage(kernel, instanceTenantId, source, instance);
  if (userId === null) return;
  for (const { tenantId, membershipId } of await membershipsOf(kernel, userId)) {
    try {
      await stage(kernel, tenantId, source, {
        action,
        outcome,
        record: "kernel.membership",
        rowId: membershipId,
        fields: reason === undefined ? {} : { reason },
      });
    } catch (error) {
      // Frozen since the look-up: its log is closed like everything else of it, and the instance's leaf stands.
      if (!(error instanceof Problem) || error.status !== 423) throw error;
    }
  }
  const goesIn = action === "kernel.session.start" || action === "kernel.factor.prove";
  if (goesIn && outcome === "done") await noteBreakGlass(kernel, userId, source);
}

/** A new password, and how it came. */
export function notePassword(
  kernel: Kernel,
  change: { userId: string; reason: "reset" | "changed" | "import"; source: Source },
): Promise<void> {
  return noteSession(kernel, { action: "kernel.password.change", outcome: "done", ...change });
}

async function stage(kernel: Kernel, tenantId: string, source: Source, event: LedgerEvent): Promise<void> {
  await kernel.door.once(kernel.system(tenantId, source), "kernel.session.note", () => ({
    events: [event],
    statements: [],
  }));
}

type Place = { tenantId: string; membershipId: string };

/** The open workspaces of a person, and who they are there. */
function membershipsOf(kernel: Kernel, userId: string): Promise<Place[]> {
  return placesOf(kernel, userId, "select * from kernel.memberships_of_user($1, $2)");
}

/** Every workspace a person belongs or belonged to, whatever its state and theirs. */
export function belongingOf(kernel: Kernel, userId: string): Promise<Place[]> {
  return placesOf(kernel, userId, "select * from kernel.belonging_of_user($1, $2)");
}

async function placesOf(kernel: Kernel, userId: string, sql: string): Promise<Place[]> {
  const rows = await kernel.door.callFunction({
    sql,
    parameters: [kernel.system(instanceTenantId).token, userId],
  });
  return rows.map((row) => ({
    tenantId: String(row["tenant_id"]),
    membershipId: String(row["membership_id"]),
  }));
}
