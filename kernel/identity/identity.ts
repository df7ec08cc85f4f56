import type { Auth, BetterAuthOptions } from "better-auth";
import type { Kernel } from "../kernel.ts";
import { openAuth } from "./auth.ts";

/** What every function of this folder needs: the kernel, and better-auth on schema identity. */
export type Identity = { readonly kernel: Kernel; readonly auth: Auth<BetterAuthOptions> };

/** `url` is the public address of the instance (PROBITY_URL). */
export function openIdentity(kernel: Kernel, options: { url: string }): Identity {
  return { kernel, auth: openAuth(kernel, options.url) };
}
