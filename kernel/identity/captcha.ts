import type { Kernel } from "../kernel.ts";
import type { Source } from "../work/credential.ts";
import { accountProblem } from "./account-error.ts";
import { askProvider, type CaptchaProvider } from "./captcha-provider.ts";
import { ProofOfWork, type Challenge } from "./proof-of-work.ts";

/** The check against robots: work done in the browser, with nobody else asked, or one of three services. */
export type CaptchaConfig = { readonly kind: "proof" } | CaptchaProvider;

export type CaptchaAct = "register" | "reset";

/** Stands before registration and password reset (IDN-07). */
export class Captcha {
  readonly #config: CaptchaConfig;
  readonly #proof: ProofOfWork;
  readonly #host: string;

  constructor(kernel: Kernel, url: string, config: CaptchaConfig) {
    this.#config = config;
    this.#proof = new ProofOfWork(kernel.identityPool, kernel.rootKey.key);
    this.#host = new URL(url).hostname;
  }

  /** What the page needs to know: which one, and the public key of a service. */
  get shown(): { readonly kind: CaptchaConfig["kind"]; readonly siteKey: string | null } {
    return { kind: this.#config.kind, siteKey: this.#config.kind === "proof" ? null : this.#config.siteKey };
  }

  /** A challenge of the built-in one. */
  challenge(): Challenge {
    return this.#proof.challenge();
  }

  /** Throws unless the answer is right, fresh and not used before. */
  async check(act: CaptchaAct, answer: string, source: Source): Promise<void> {
    const passed =
      this.#config.kind === "proof"
        ? await this.#proof.check(answer)
        : await askProvider(this.#config, { act, answer, host: this.#host, address: source.address });
    if (passed === undefined) throw accountProblem.robot_check_away();
    if (!passed) throw accountProblem.robot_check();
  }
}
