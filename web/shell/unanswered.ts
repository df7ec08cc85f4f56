/** For so long an act that got no answer is taken for the same one when it is sent again. */
const rememberedMs = 10 * 60_000;
const mostRemembered = 50;

/**
 * Acts that were sent and never answered: the connection went, or the server lost its database before it could say. Whoever
 * presses the button again means the same act, so it goes under the same Idempotency-Key and happens once.
 */
export class Unanswered {
  readonly #acts = new Map<string, { key: string; atMs: number }>();

  /** The key that this act went under before, or a new one. */
  keyOf(act: string, nowMs = Date.now()): string {
    for (const [each, { atMs }] of this.#acts) if (nowMs - atMs >= rememberedMs) this.#acts.delete(each);
    return this.#acts.get(act)?.key ?? crypto.randomUUID();
  }

  /** What became of it: an answer of 500 and above says nothing certain either, except by its own words. */
  settle(act: string, key: string, status: number | null, nowMs = Date.now()): void {
    this.#acts.delete(act);
    if (status !== null && status < 500) return;
    this.#acts.set(act, { key, atMs: nowMs });
    const [oldest] = this.#acts.keys();
    if (this.#acts.size > mostRemembered && oldest !== undefined) this.#acts.delete(oldest);
  }
}
