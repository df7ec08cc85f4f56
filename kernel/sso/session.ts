import { sessionHash } from "../identity/session-hash.ts";
import { awaitingHash } from "../identity/session-token.ts";
import { startSession, type NewSession } from "../identity/session.ts";
import type { LedgerEvent } from "../ledger/leaf.ts";
import { instanceTenantId, type Source } from "../work/credential.ts";
import { Problem } from "../work/problem.ts";
import type { Kernel } from "../kernel.ts";
import type { Sso } from "./sso.ts";

export type SignedIn = {
  readonly userId: string;
  /** The workspace whose provider vouched; null for a social provider. */
  readonly tenantId: string | null;
  readonly multiFactor: boolean;
  readonly source: Source;
  readonly userAgent: string | null;
  readonly previousToken: string | undefined;
};

/**
 * Makes the session. One that a workspace's provider vouched for opens that workspace alone; it counts as two factors only
 * where the workspace trusts its provider's second factor and the provider said it asked for one. `half`: the person has a
 * second factor of their own and is still asked for it.
 */
export async function startSsoSession(sso: Sso, person: SignedIn): Promise<{ session: NewSession; half: boolean }> {
  const { userId, source, userAgent, previousToken, tenantId } = person;
  const { identityPool } = sso.kernel;
  const started = await startSession(sso, { userId, source, userAgent, previousToken });
  const { token } = started;
  const found = await identityPool.query<{ awaits_factor: boolean }>(
    "update identity.session set sso_tenant_id = $2 where token = any ($1) returning awaits_factor",
    [[sessionHash(token), awaitingHash(token)], tenantId],
  );
  const half = found.rows[0]?.awaits_factor === true;
  // A second factor of their own is asked for whatever the provider says of one: it is theirs, not the workspace's.
  if (person.multiFactor && !half)
    await identityPool.query("update identity.session set assurance = 2 where token = $1", [sessionHash(token)]);
  return { session: started, half };
}

/**
 * Leaves the event of a sign-in by a provider, done or refused, in the instance's log and in the workspace's. No leaf
 * names an address: the person is a salted commitment.
 */
export async function noteSsoSignIn(
  kernel: Kernel,
  event: { tenantId: string | null; userId: string | null; way: string; refusal?: string; source: Source },
): Promise<void> {
  const { tenantId, userId, way, refusal, source } = event;
  const leaf: LedgerEvent = {
    action: "kernel.session.start",
    outcome: refusal === undefined ? "done" : "refused",
    fields: {
      way,
      ...(userId === null ? {} : { user: userId }),
      ...(refusal === undefined ? {} : { reason: refusal }),
    },
  };
  for (const each of tenantId === null ? [instanceTenantId] : [instanceTenantId, tenantId]) {
    try {
      await kernel.door.once(kernel.system(each, source), "kernel.session.note", () => ({
        events: [leaf],
        statements: [],
      }));
    } catch (error) {
      // A frozen workspace's log is closed; the instance's leaf stands.
      if (!(error instanceof Problem) || error.status !== 423) throw error;
    }
  }
}
