import type { Identity } from "../identity/identity.ts";
import type { OutsideOptions } from "../http/outgoing.ts";
import { txtLookup, type TxtLookup } from "./name-server.ts";
import type { SocialProvider } from "./social.ts";

/** What single sign-on and social sign-in need besides identity. */
export type Sso = Identity & {
  /** The public origin: addresses given to identity providers begin with it. */
  readonly origin: string;
  /** Social sign-in, by configuration; empty when none is configured. */
  readonly social: readonly SocialProvider[];
  readonly lookup: TxtLookup;
  /** How calls to identity providers may go; by default to the public internet alone. */
  readonly outside: Pick<OutsideOptions, "trustedOrigins" | "resolve">;
};

export function openSso(
  identity: Identity,
  options: {
    origin: string;
    social?: readonly SocialProvider[];
    lookup?: TxtLookup;
    outside?: Sso["outside"];
  },
): Sso {
  return {
    ...identity,
    origin: options.origin,
    social: options.social ?? [],
    lookup: options.lookup ?? txtLookup(),
    outside: options.outside ?? {},
  };
}

/** Addresses of this workspace as identity providers know them. */
export function addressesOf(sso: Pick<Sso, "origin">, tenantId: string) {
  const saml = `${sso.origin}/api/sso/saml/${tenantId}`;
  return {
    oidcCallback: `${sso.origin}/api/sso/oidc/${tenantId}/callback`,
    samlEntity: `${saml}/metadata`,
    samlAcs: `${saml}/acs`,
  };
}
