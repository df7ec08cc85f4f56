import type { Door } from "../work/door.ts";
import { httpProblem } from "../http/problem-document.ts";
import { LeaseQueue } from "./lease-queue.ts";

/** A rate budget: at most `limit` calls a window for one source. `block` units are leased at once and spent in memory. */
export type Budget = {
  readonly name: string;
  readonly limit: number;
  readonly windowSeconds: number;
  readonly block: number;
};

type Lease = { left: number; endsAt: number; refusedUntil: number };

/** A budget as one source has it: made once for many calls of that source. */
export type Claim = { readonly budget: Budget; readonly source: string; readonly key: string };

export function claimOf(budget: Budget, source: string): Claim {
  return { budget, source, key: `${budget.name}|${source}` };
}

/**
 * Spends rate budgets that all instances share (APP-02): units are leased from PostgreSQL in blocks, so a request rarely
 * costs a round trip. Exact to one block per process.
 */
export class BudgetSpender {
  readonly door: Pick<Door, "callFunction">;
  readonly #queue: LeaseQueue;
  readonly #leases = new Map<string, Lease>();
  /** Leases on their way: calls of one source that come meanwhile wait for the same one. */
  readonly #pending = new Map<string, Promise<void>>();

  constructor(door: Pick<Door, "callFunction">) {
    this.door = door;
    this.#queue = new LeaseQueue(door);
  }

  /** Throws 429 when this process knows the budget to be used up; asks nobody and takes nothing. */
  checkSpent(budget: Budget, source: string): void {
    const lease = this.#leases.get(`${budget.name}|${source}`);
    if (lease === undefined || lease.refusedUntil === 0) return;
    const now = Date.now();
    if (lease.refusedUntil > now) throw tooMany(budget, lease.refusedUntil - now);
  }

  /** Takes one unit, or throws 429 with Retry-After. */
  async spend(budget: Budget, source: string): Promise<void> {
    return this.spendEach([claimOf(budget, source)]);
  }

  /** Takes one unit of each, in this order; where one is used up, those after it are not touched. */
  async spendEach(claims: readonly Claim[]): Promise<void> {
    for (const [index, claim] of claims.entries()) {
      while (!this.#take(claim)) {
        const pending = this.#lease(claim);
        // What comes after it and has to be asked for too goes along. It is taken, and its error told, when it is its turn.
        for (const next of claims.slice(index + 1))
          if (this.#isEmpty(next.key)) this.#lease(next).catch(() => undefined);
        await pending;
      }
    }
  }

  /** Gives a unit back that was spent a moment ago. */
  giveBack(budget: Budget, source: string): void {
    const lease = this.#leases.get(`${budget.name}|${source}`);
    if (lease !== undefined && lease.endsAt > Date.now() && lease.refusedUntil === 0) lease.left += 1;
  }

  /** Takes a unit that is there; false when it has to be asked for first. */
  #take({ budget, key }: Claim): boolean {
    const lease = this.#leases.get(key);
    if (lease === undefined) return false;
    const now = Date.now();
    if (lease.endsAt <= now) return false;
    if (lease.refusedUntil > now) throw tooMany(budget, lease.refusedUntil - now);
    if (lease.left <= 0) return false;
    lease.left -= 1;
    return true;
  }

  #isEmpty(key: string): boolean {
    const lease = this.#leases.get(key);
    return lease === undefined || lease.endsAt <= Date.now() || (lease.left <= 0 && lease.refusedUntil === 0);
  }

  #lease({ budget, source, key }: Claim): Promise<void> {
    let pending = this.#pending.get(key);
    if (pending === undefined) {
      pending = this.#ask(budget, source, key).finally(() => this.#pending.delete(key));
      this.#pending.set(key, pending);
    }
    return pending;
  }

  async #ask(budget: Budget, source: string, key: string): Promise<void> {
    if (this.#leases.size > 50_000) this.#leases.clear();
    const { units, endsAt } = await this.#queue.ask(budget, source);
    // A window that ended while it was asked for is no reason to ask for ever: its units count for this moment.
    const usableUntil = Math.max(endsAt, Date.now() + 1);
    this.#leases.set(key, { left: units, endsAt: usableUntil, refusedUntil: units === 0 ? usableUntil : 0 });
  }
}

function tooMany(budget: Budget, waitMs: number): Error {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  const window = spokenTime(budget.windowSeconds);
  return httpProblem.too_many({
    values: { limit: budget.limit, window, seconds },
    headers: {
      "retry-after": String(seconds),
      // draft-ietf-httpapi-ratelimit-headers: what the limit is, and that nothing of it is left for so long.
      "ratelimit-policy": `"${budget.name}";q=${budget.limit};w=${budget.windowSeconds}`,
      ratelimit: `"${budget.name}";r=0;t=${seconds}`,
    },
  });
}

function spokenTime(seconds: number): string {
  if (seconds >= 7200) return `${seconds / 3600} hours`;
  return seconds >= 60 ? `${seconds / 60} minutes` : `${seconds} seconds`;
}
