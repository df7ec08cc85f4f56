import { createHmac } from "node:crypto";
import type { Kernel } from "../kernel.ts";
import { BudgetSpender } from "../limits/budget.ts";
import { policyValue } from "../policy/store.ts";
import type { Credential } from "../work/credential.ts";
import { identityProblem } from "./error.ts";
import { actingRole } from "./people.ts";
import { cleanEmail } from "./person.ts";

const day = 86_400;

/**
 * How many invitations leave a workspace, and how many of them to one address, each a day by policy. Otherwise a workspace
 * anybody may open would send mail to whom it likes. An address counts in each workspace apart, as a keyed hash: one
 * workspace can't keep another from inviting somebody.
 */
export class InvitationLimits {
  readonly #kernel: Kernel;
  readonly #spender: BudgetSpender;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#spender = new BudgetSpender(kernel.door);
  }

  /** Takes one of both, or throws 429. Whoever may not invite at all is refused first and costs nobody anything. */
  async spend(credential: Credential, address: string): Promise<void> {
    const email = cleanEmail(address);
    if (email === undefined) throw identityProblem.email_unreadable();
    const { tenantId, perDay, perAddress } = await this.#kernel.door.work(
      credential,
      "kernel.people.change",
      async (tx) => {
        await actingRole(tx);
        return {
          tenantId: tx.who.tenantId,
          perDay: await policyValue(tx, "limit.invitationsPerDay"),
          perAddress: await policyValue(tx, "limit.invitationsPerAddress"),
        };
      },
    );
    const hashed = createHmac("sha256", this.#kernel.rootKey.key)
      .update(`invitation:${tenantId}:${email}`)
      .digest("base64url");
    const budget = { windowSeconds: day, block: 1 };
    await this.#spender.spend({ ...budget, name: "invitation-address", limit: perAddress }, hashed);
    await this.#spender.spend({ ...budget, name: "invitation", limit: perDay }, tenantId);
  }
}
