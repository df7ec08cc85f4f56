import { hash } from "node:crypto";
import { farNetwork } from "../anomaly/travel.ts";
import type { Door } from "../work/door.ts";

const everyMs = 10_000;
const quietMs = 60_000;

/**
 * When keys were last used: noted in memory, written at most every ten seconds for all of them together, so that no
 * request waits for it. A crash loses ten seconds of it; what a key did is in the ledger.
 */
export class KeyUse {
  readonly #door: Pick<Door, "callFunction">;
  readonly #waiting = new Map<string, { readonly key: string; readonly address: string | null }>();
  readonly #noted = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(door: Pick<Door, "callFunction">) {
    this.#door = door;
  }

  /** A bearer token was not refused. What is no key or access token of ours, the database passes over. */
  note(token: string, address: string | null): void {
    const key = hash("sha256", token, "hex");
    // From another network it is noted at once: who else uses the key shows by where it is used (APP-07).
    const sighting = `${key}|${farNetwork(address) ?? ""}`;
    const now = Date.now();
    if (now - (this.#noted.get(sighting) ?? Number.NEGATIVE_INFINITY) < quietMs) return;
    if (this.#noted.size > 10_000) this.#noted.clear();
    if (this.#waiting.size > 2_000) return;
    this.#noted.set(sighting, now);
    this.#waiting.set(sighting, { key, address });
    this.#timer ??= setTimeout(() => void this.flush(), everyMs).unref();
  }

  /** Writes what waits. A failure is forgotten: the next use notes it again. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.size === 0) return;
    const entries = [...this.#waiting];
    this.#waiting.clear();
    await this.#door
      .callFunction({
        sql: "select kernel.note_key_use($1, $2)",
        parameters: [entries.map(([, { key }]) => Buffer.from(key, "hex")), entries.map(([, { address }]) => address)],
      })
      .catch(() => {
        for (const [sighting] of entries) this.#noted.delete(sighting);
      });
  }
}
