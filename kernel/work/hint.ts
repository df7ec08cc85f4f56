import { hash } from "node:crypto";
import type { Credential, Who } from "./credential.ts";

/** The door's last answer to a credential: its words, and who they name. */
export type Hint = { readonly answer: string; readonly judged: boolean; readonly who: Who };

/**
 * Remembers who a credential was the last time, so that a leaf can be written before the door has answered. A hint grants
 * nothing: the database decides each time, and a wrong hint is only a leaf that is refused.
 */
export class HintCache {
  readonly #hints = new Map<string, Hint>();
  readonly #digests = new WeakMap<Credential, string>();
  readonly #limit = 10_000;

  get(credential: Credential): Hint | undefined {
    return this.#hints.get(this.#keyOf(credential));
  }
  set(credential: Credential, hint: Hint): void {
    if (this.#hints.size >= this.#limit) this.#hints.clear();
    this.#hints.set(this.#keyOf(credential), hint);
  }
  delete(credential: Credential): void {
    this.#hints.delete(this.#keyOf(credential));
  }

  /** Tokens are not kept in memory longer than their request: the key holds a hash, made once a request. */
  #keyOf(credential: Credential): string {
    const workspace = "workspace" in credential ? (credential.workspace ?? "") : "";
    return `${credential.kind}|${this.#digestOf(credential)}|${workspace}`;
  }

  #digestOf(credential: Credential): string {
    if ("digest" in credential && credential.digest !== undefined) return credential.digest;
    let digest = this.#digests.get(credential);
    if (digest === undefined) {
      digest = hash("sha256", credential.token, "base64url");
      this.#digests.set(credential, digest);
    }
    return digest;
  }
}
