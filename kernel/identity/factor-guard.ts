import { createHmac } from "node:crypto";
import type { Kernel } from "../kernel.ts";
import type { Source } from "../work/credential.ts";
import { factorProblem } from "./factor-error.ts";
import { claimAttempt, forgiveAttempt, guardKeys, type GuardKeys } from "./guard.ts";

/**
 * Looks at a proof of a second factor under the lockout: as many wrong ones as close a sign-in close it, for this person from anywhere and for this source. An attempt is counted before it is looked at, so that fifty at once are
 * five. The password's own count is apart: who knows the password can't pause the person's sign-in this way.
 */
export async function underFactorLock<T>(
  kernel: Kernel,
  person: { userId: string; source: Source },
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const keys = factorKeys(kernel, person);
  if (!(await claimAttempt(kernel, keys))) throw factorLocked(kernel);
  const found = await look();
  if (found !== undefined) await forgiveAttempt(kernel, keys);
  return found;
}

function factorKeys(kernel: Kernel, { userId, source }: { userId: string; source: Source }): GuardKeys {
  const account = createHmac("sha256", kernel.rootKey.key).update(`sign-in-guard:factor:${userId}`).digest("base64url");
  return { source: guardKeys(kernel.rootKey.key, source.address, "").source, account };
}

export function factorLocked(kernel: Pick<Kernel, "accountLimits">): Error {
  const { attempts, windowMinutes } = kernel.accountLimits.signIn;
  return factorProblem.locked({
    values: { limit: attempts, minutes: windowMinutes },
    headers: { "retry-after": String(windowMinutes * 60) },
  });
}
