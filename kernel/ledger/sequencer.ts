import type { Pool } from "pg";

/**
 * Gives leaves their place, again and again. Any number of servers may run one: the database lets one at a time through.
 */
export class Sequencer {
  readonly #pool: Pool;
  readonly #pauseMs: number;
  readonly #batch: number;
  #stopped = false;
  #loop: Promise<void> | undefined;
  #failure: unknown;

  constructor(pool: Pool, options: { pauseMs?: number; batch?: number } = {}) {
    this.#pool = pool;
    this.#pauseMs = options.pauseMs ?? 100;
    this.#batch = options.batch ?? 5_000;
  }

  /** The last round's error, or undefined when it went well. */
  get failure(): unknown {
    return this.#failure;
  }

  start(): void {
    this.#loop ??= this.#run();
  }
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
  }

  /** One round: places at most a batch of leaves and answers how many. */
  async round(): Promise<number> {
    const result = await this.#pool.query<{ moved: number }>("select kernel.sequence($1) as moved", [this.#batch]);
    return result.rows[0]?.moved ?? 0;
  }

  /** Places everything that is committed now. */
  async drain(): Promise<void> {
    while ((await this.round()) > 0);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      let moved = 0;
      try {
        moved = await this.round();
        this.#failure = undefined;
      } catch (error) {
        this.#failure = error;
      }
      if (moved < this.#batch) await new Promise((resolve) => setTimeout(resolve, this.#pauseMs));
    }
  }
}
