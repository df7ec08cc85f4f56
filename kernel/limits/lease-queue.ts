import { setImmediate as nextTurn } from "node:timers/promises";
import type { Row, Statement } from "../work/batch.ts";
import type { Door } from "../work/door.ts";
import type { Budget } from "./budget.ts";

/** What the database lets this process have: so many units until the window's end. */
type Grant = { readonly units: number; readonly endsAt: number };

type Asked = {
  readonly budget: Budget;
  readonly source: string;
  readonly resolve: (grant: Grant) => void;
  readonly reject: (error: unknown) => void;
};

/** More at once would hold the locks of their rows for longer than others should wait. */
const mostAtOnce = 200;

/**
 * Asks for leases, one statement on its way at a time: those of one turn of the event loop go together, and so do those that
 * come while others are on their way. Alone each would wake a backend and be a transaction of its own. A key is asked for once
 * at a time.
 */
export class LeaseQueue {
  readonly #door: Pick<Door, "callFunction">;
  #waiting: Asked[] = [];
  #isAsking = false;

  constructor(door: Pick<Door, "callFunction">) {
    this.#door = door;
  }

  /** Rejects with what the database said when it could not be asked: nothing is granted then. */
  ask(budget: Budget, source: string): Promise<Grant> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ budget, source, resolve, reject });
      if (this.#isAsking) return;
      this.#isAsking = true;
      void this.#askAll();
    });
  }

  async #askAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Whoever was just answered goes on first: what they need next goes along.
      await nextTurn();
      const asked = this.#waiting.splice(0, mostAtOnce);
      try {
        const rows = await this.#door.callFunction(statementOf(asked));
        for (const [index, each] of asked.entries()) each.resolve(grantOf(rows[index]));
      } catch (error) {
        for (const each of asked) each.reject(error);
      }
    }
    this.#isAsking = false;
  }
}

function statementOf(asked: readonly Asked[]): Statement {
  const [only] = asked;
  // By itself one costs the database less than a set of one.
  if (asked.length === 1 && only !== undefined) {
    const { name, windowSeconds, limit, block } = only.budget;
    return {
      sql: "select granted, ends_at from kernel.lease_budget($1, $2, $3, $4, $5)",
      parameters: [name, only.source, windowSeconds, limit, block],
    };
  }
  return {
    sql: "select granted, ends_at from kernel.lease_budgets($1, $2, $3, $4, $5)",
    parameters: [
      asked.map(({ budget }) => budget.name),
      asked.map(({ source }) => source),
      asked.map(({ budget }) => budget.windowSeconds),
      asked.map(({ budget }) => budget.limit),
      asked.map(({ budget }) => budget.block),
    ],
  };
}

function grantOf(row: Row | undefined): Grant {
  const endsAt = row?.["ends_at"];
  return { units: Number(row?.["granted"] ?? 0), endsAt: endsAt instanceof Date ? endsAt.getTime() : 0 };
}
