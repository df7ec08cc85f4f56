import type { Kernel } from "../kernel.ts";
import { Post } from "../mail/post.ts";
import { BreachedLookup } from "./breached-password.ts";
import { Captcha, type CaptchaConfig } from "./captcha.ts";

/** What the operator decided about accounts of this instance. */
export type Site = {
  /** Public address, without a slash at its end. */
  readonly url: string;
  /** Whether mails leave; without a mail server they stay in the outbox. */
  readonly sendsMail: boolean;
  /** Whether anybody may open an account and a workspace. */
  readonly registration: boolean;
  readonly captcha: Captcha;
  readonly breached: BreachedLookup;
};

/** What every function of this folder needs: the kernel, the post, and the site. */
export type Identity = {
  readonly kernel: Kernel;
  readonly post: Post;
  readonly site: Site;
};

export type IdentityOptions = {
  /** The public address of the instance (PROBITY_URL). */
  readonly url: string;
  readonly sendsMail?: boolean;
  readonly registration?: boolean;
  readonly captcha?: CaptchaConfig;
  /** Address of a range look-up of breached passwords; undefined asks nobody. */
  readonly breachedPasswords?: string | undefined;
};

export function openIdentity(kernel: Kernel, options: IdentityOptions): Identity {
  const { url, sendsMail = false, registration = false } = options;
  return {
    kernel,
    post: new Post(kernel.rootKey.key),
    site: {
      url,
      sendsMail,
      registration,
      captcha: new Captcha(kernel, url, options.captcha ?? { kind: "proof" }),
      breached: new BreachedLookup(kernel, options.breachedPasswords),
    },
  };
}
