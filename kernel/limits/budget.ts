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
  readonly #door: Door;
  readonly #leases = new Map<string, Lease>();

  constructor(door: Door) {
    this.#door = door;
  }

  /** Takes one unit, or throws 429 with Retry-After. */
  async spend(budget: Budget, source: string): Promise<void> {
    const key = `${budget.name}|${source}`;
    const now = Date.now();
    let lease = this.#leases.get(key);
    if (!lease || lease.endsAt <= now) lease = undefined;
    if (lease && lease.refusedUntil > now) throw tooMany(budget, lease.refusedUntil - now);
    if (!lease || lease.left === 0) {
      if (this.#leases.size > 50_000) this.#leases.clear();
      const [row] = await this.#door.callFunction({
        sql: "select granted, ends_at from kernel.lease_budget($1, $2, $3, $4, $5)",
        parameters: [budget.name, source, budget.windowSeconds, budget.limit, budget.block],
      });
      const endsAt = row?.["ends_at"] instanceof Date ? row["ends_at"].getTime() : now;
      const granted = Number(row?.["granted"] ?? 0);
      lease = { left: granted, endsAt, refusedUntil: granted === 0 ? endsAt : 0 };
      this.#leases.set(key, lease);
      if (granted === 0) throw tooMany(budget, endsAt - now);
    }
    lease.left -= 1;
  }
}

function tooMany(budget: Budget, waitMs: number): Error {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  const window =
    budget.windowSeconds >= 60 ? `${budget.windowSeconds / 60} minutes` : `${budget.windowSeconds} seconds`;
  return httpProblem.too_many({
    values: { limit: budget.limit, window, seconds },
    headers: { "retry-after": String(seconds) },
  });
}
