import type { Door } from "../work/door.ts";
import { httpProblem } from "../http/problem-document.ts";

/** A rate budget: at most `limit` calls a window for one source. `block` units are leased at once and spent in memory. */
export type Budget = {
  readonly name: string;
  readonly limit: number;
  readonly windowSeconds: number;
  readonly block: number;
};

type Lease = { left: number; endsAt: number; refusedUntil: number };

/**
 * Spends rate budgets that all instances share (APP-02): units are leased from PostgreSQL in blocks, so a request rarely
 * costs a round trip. Exact to one block per process.
 */
export class BudgetSpender {
  readonly door: Pick<Door, "callFunction">;
  readonly #leases = new Map<string, Lease>();
  /** Leases on their way: calls of one source that come meanwhile wait for the same one. */
  readonly #pending = new Map<string, Promise<void>>();

  constructor(door: Pick<Door, "callFunction">) {
    this.door = door;
  }

  /** Throws 429 when this process knows the budget to be used up; asks nobody and takes nothing. */
  checkSpent(budget: Budget, source: string): void {
    const lease = this.#leases.get(`${budget.name}|${source}`);
    const now = Date.now();
    if (lease && lease.refusedUntil > now) throw tooMany(budget, lease.refusedUntil - now);
  }

  /** Takes one unit, or throws 429 with Retry-After. */
  async spend(budget: Budget, source: string): Promise<void> {
    const key = `${budget.name}|${source}`;
    for (;;) {
      const now = Date.now();
      const lease = this.#leases.get(key);
      if (lease && lease.endsAt > now) {
        if (lease.refusedUntil > now) throw tooMany(budget, lease.refusedUntil - now);
        if (lease.left > 0) {
          lease.left -= 1;
          return;
        }
      }
      let pending = this.#pending.get(key);
      if (pending === undefined) {
        pending = this.#lease(budget, source, key).finally(() => this.#pending.delete(key));
        this.#pending.set(key, pending);
      }
      await pending;
    }
  }

  /** Gives a unit back that was spent a moment ago. */
  giveBack(budget: Budget, source: string): void {
    const lease = this.#leases.get(`${budget.name}|${source}`);
    if (lease !== undefined && lease.endsAt > Date.now() && lease.refusedUntil === 0) lease.left += 1;
  }

  async #lease(budget: Budget, source: string, key: string): Promise<void> {
    if (this.#leases.size > 50_000) this.#leases.clear();
    const [row] = await this.door.callFunction({
      sql: "select granted, ends_at from kernel.lease_budget($1, $2, $3, $4, $5)",
      parameters: [budget.name, source, budget.windowSeconds, budget.limit, budget.block],
    });
    const endsAt = row?.["ends_at"] instanceof Date ? row["ends_at"].getTime() : Date.now();
    const granted = Number(row?.["granted"] ?? 0);
    // A window that ended while it was asked for is no reason to ask for ever: its units count for this moment.
    const usableUntil = Math.max(endsAt, Date.now() + 1);
    this.#leases.set(key, { left: granted, endsAt: usableUntil, refusedUntil: granted === 0 ? usableUntil : 0 });
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
