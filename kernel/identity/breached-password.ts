import { createHash } from "node:crypto";
import type { Kernel } from "../kernel.ts";
import { instanceTenantId } from "../work/credential.ts";
import { identityProblem } from "./error.ts";

const waitMs = 2_000;
const maxBytes = 512 * 1024;
const noteEveryMs = 60_000;

/**
 * Asks a service that speaks the range protocol of "Have I Been Pwned" whether a password is in a known breach. It learns
 * the first 20 bits of a SHA-1 and nothing else; padding hides how many there were. Off unless configured. When the service
 * does not answer the password is taken, since the list on board was checked before, and that is noted in the ledger.
 */
export class BreachedLookup {
  readonly #kernel: Kernel;
  readonly #url: string | undefined;
  #notedAt = 0;

  constructor(kernel: Kernel, url: string | undefined) {
    this.#kernel = kernel;
    this.#url = url?.replace(/\/+$/, "");
  }

  get on(): boolean {
    return this.#url !== undefined;
  }

  /** Throws `identity.password_refused` for a password of a known breach. */
  async refuseKnown(password: string): Promise<void> {
    if (this.#url === undefined) return;
    const hash = createHash("sha1").update(password.normalize("NFKC"), "utf8").digest("hex").toUpperCase();
    const list = await this.#range(this.#url, hash.slice(0, 5));
    const rest = hash.slice(5);
    // Padding adds lines with a count of 0.
    const found = list?.split(/\r?\n/).some((line) => {
      const [suffix, count] = line.split(":");
      return suffix?.toUpperCase() === rest && Number(count) > 0;
    });
    if (found === true)
      throw identityProblem.password_refused({ values: { reason: "This password is in a known breach." } });
  }

  async #range(url: string, prefix: string): Promise<string | undefined> {
    try {
      const answer = await fetch(`${url}/${prefix}`, {
        headers: { "add-padding": "true", "user-agent": "Probity" },
        redirect: "error",
        signal: AbortSignal.timeout(waitMs),
      });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const text = await answer.text();
      if (text.length > maxBytes) throw new Error("too long");
      return text;
    } catch {
      await this.#note();
      return undefined;
    }
  }

  /** At most one leaf a minute: an outage is one fact. */
  async #note(): Promise<void> {
    if (Date.now() - this.#notedAt < noteEveryMs) return;
    this.#notedAt = Date.now();
    await this.#kernel.door.once(this.#kernel.system(instanceTenantId), "kernel.session.note", () => ({
      events: [
        { action: "kernel.password.lookup", outcome: "failed", fields: { reason: "the service did not answer" } },
      ],
      statements: [],
    }));
  }
}
