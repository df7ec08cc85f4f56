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
  readonly #asking = new Map<string, Promise<void>>();

  constructor(door: Door) {
    this.#door = door;
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
      // One call to the database for all that wait: two at once would take two blocks and refuse each other.
      const asked = this.#asking.get(key) ?? this.#ask(budget, source, key);
      await asked;
    }
  }

  #ask(budget: Budget, source: string, key: string): Promise<void> {
    const asked = this.#lease(budget, source).then((lease) => {
      if (this.#leases.size > 50_000) this.#leases.clear();
      this.#leases.set(key, lease);
    });
    this.#asking.set(key, asked);
    return asked.finally(() => this.#asking.delete(key));
  }

  async #lease(budget: Budget, source: string): Promise<Lease> {
    const [row] = await this.#door.callFunction({
      sql: "select granted, extract(epoch from ends_at - now()) * 1000 as remaining_ms from kernel.lease_budget($1, $2, $3, $4, $5)",
      parameters: [budget.name, source, budget.windowSeconds, budget.limit, budget.block],
    });
    // Counted from here by this clock: the database's may differ.
    const endsAt = Date.now() + Math.max(50, Number(row?.["remaining_ms"] ?? 1000));
    const left = Number(row?.["granted"] ?? 0);
    return { left, endsAt, refusedUntil: left === 0 ? endsAt : 0 };
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
