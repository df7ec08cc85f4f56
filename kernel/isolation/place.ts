/** Who wants a place: a visitor without an account is a guest, and may give up. */
export type Claim = { readonly guest?: boolean; readonly signal?: AbortSignal };

type Waiting = { readonly guest: boolean; readonly start: () => void; readonly cancel: (reason: unknown) => void };

/**
 * A bounded number of places for work that costs memory and processor time. Guests never hold the last place, nor more than
 * half of the queue, and members go first: what anybody may ask for keeps nobody with an account waiting.
 */
export class Places {
  readonly #most: { readonly running: number; readonly waiting: number; readonly full: (waiting: number) => Error };
  readonly #queue: Waiting[] = [];
  #running = 0;
  #guests = 0;
  #closed: Error | undefined;

  constructor(most: { readonly running: number; readonly waiting: number; readonly full: (waiting: number) => Error }) {
    this.#most = most;
  }

  /** Waits for a place, runs, gives the place on. Throws when too many wait, or the signal's reason. */
  async hold<T>(claim: Claim, run: () => Promise<T>): Promise<T> {
    claim.signal?.throwIfAborted();
    const guest = claim.guest ?? false;
    await this.#turn(guest, claim.signal);
    try {
      return await run();
    } finally {
      this.#leave(guest);
    }
  }

  /** Ends the waiting; what runs is finished. */
  close(reason: Error): void {
    this.#closed = reason;
    for (const waiting of this.#queue.splice(0)) waiting.cancel(reason);
  }

  async #turn(guest: boolean, signal: AbortSignal | undefined): Promise<void> {
    if (this.#closed) throw this.#closed;
    if (this.#mayStart(guest)) {
      this.#enter(guest);
      return;
    }
    const most = guest ? Math.ceil(this.#most.waiting / 2) : this.#most.waiting;
    if (this.#queue.length >= most) throw this.#most.full(this.#queue.length);
    await new Promise<void>((resolve, reject) => {
      const giveUp = () => {
        const index = this.#queue.indexOf(waiting);
        if (index >= 0) this.#queue.splice(index, 1);
        reject(signal?.reason);
      };
      const waiting: Waiting = {
        guest,
        start: () => {
          signal?.removeEventListener("abort", giveUp);
          resolve();
        },
        cancel: reject,
      };
      signal?.addEventListener("abort", giveUp, { once: true });
      this.#queue.push(waiting);
    });
  }

  #mayStart(guest: boolean): boolean {
    if (this.#running >= this.#most.running) return false;
    return !guest || this.#guests < Math.max(1, this.#most.running - 1);
  }

  #enter(guest: boolean): void {
    this.#running += 1;
    if (guest) this.#guests += 1;
  }

  #leave(guest: boolean): void {
    this.#running -= 1;
    if (guest) this.#guests -= 1;
    for (;;) {
      const member = this.#queue.findIndex((each) => !each.guest);
      const index = member >= 0 ? member : 0;
      const next = this.#queue[index];
      if (next === undefined || !this.#mayStart(next.guest)) return;
      this.#queue.splice(index, 1);
      this.#enter(next.guest);
      next.start();
    }
  }
}
