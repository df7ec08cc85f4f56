import { createHash } from "node:crypto";
import type { Credential, Who } from "./credential.ts";

/**
 * Remembers who a credential was the last time, so that a leaf can be written before the door has answered. A hint grants
 * nothing: the database decides each time, and a wrong hint is only a leaf that is refused.
 */
export class HintCache {
  readonly #whos = new Map<string, Who>();
  readonly #limit = 10_000;

  get(credential: Credential): Who | undefined {
    return this.#whos.get(keyOf(credential));
  }
  set(credential: Credential, who: Who): void {
    if (this.#whos.size >= this.#limit) this.#whos.clear();
    this.#whos.set(keyOf(credential), who);
  }
  delete(credential: Credential): void {
    this.#whos.delete(keyOf(credential));
  }
}

/** Tokens are not kept in memory longer than their request: the key is a hash. */
function keyOf(credential: Credential): string {
  const workspace = "workspace" in credential ? (credential.workspace ?? "") : "";
  return createHash("sha256").update(`${credential.kind}|${credential.token}|${workspace}`).digest("base64url");
}
