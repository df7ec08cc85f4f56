import type { Pool } from "pg";

/** Each log belongs to one of these (`kernel.ledger_track`); they are placed beside each other. */
const tracks = [0, 1] as const;

/**
 * Gives leaves their place, again and again. Any number of servers may run one: the database lets one at a time through for
 * each track.
 */
export class Sequencer {
  readonly #pool: Pool;
  readonly #pauseMs: number;
  readonly #batch: number;
  #stopped = false;
  #loop: Promise<unknown> | undefined;
  readonly #failures = new Map<number, unknown>();

  constructor(pool: Pool, options: { pauseMs?: number; batch?: number } = {}) {
    this.#pool = pool;
    this.#pauseMs = options.pauseMs ?? 100;
    this.#batch = options.batch ?? 5_000;
  }

  /** The last round's error, or undefined when it went well. */
  get failure(): unknown {
    return [...this.#failures.values()][0];
  }

  start(): void {
    this.#loop ??= Promise.all(tracks.map((track) => this.#run(track)));
  }
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
  }

  /** Places everything that is committed now. */
  async drain(): Promise<void> {
    const draining = tracks.map(async (track) => {
      while ((await this.#place(track)) > 0);
    });
    await Promise.all(draining);
  }

  /** One round of a track: places at most a batch of leaves and answers how many. */
  async #place(track: number): Promise<number> {
    const { rows } = await this.#pool.query<{ moved: number }>("select kernel.sequence($1, $2) as moved", [
      this.#batch,
      track,
    ]);
    return rows[0]?.moved ?? 0;
  }

  async #run(track: number): Promise<void> {
    while (!this.#stopped) {
      let moved = 0;
      try {
        moved = await this.#place(track);
        this.#failures.delete(track);
      } catch (error) {
        this.#failures.set(track, error);
      }
      if (moved < this.#batch) await new Promise((resolve) => setTimeout(resolve, this.#pauseMs));
    }
  }
}
