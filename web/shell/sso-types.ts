/** What the API says of single sign-on. The server is the authority; this file only names its shapes. */

export interface SsoDomain {
  id: string;
  domain: string;
  record: { name: string; value: string };
  verifiedAt: string | null;
  checkedAt: string | null;
  missingSince: string | null;
}

export interface SsoConnection {
  id: string;
  kind: "oidc" | "saml";
  name: string;
  enabled: boolean;
  issuer: string;
  clientId: string | null;
  signInUrl: string | null;
  certificates: string[];
  defaultRole: "admin" | "member";
  admitsNew: boolean;
  trustsMfa: boolean;
  version: number;
}

export interface SsoSettings {
  addresses: { oidcCallback: string; samlEntity: string; samlAcs: string };
  domains: SsoDomain[];
  connections: SsoConnection[];
  force: { forced: boolean; breakGlassId: string | null };
  /** `comesInAlone`: by a passkey, or a password with an authenticator app, though no provider answers. */
  owners: { id: string; name: string; email: string; comesInAlone: boolean }[];
}

export interface Directory {
  address: string;
  tokens: { id: string; name: string; createdAt: string; expiresAt: string }[];
  groups: { id: string; name: string; role: "admin" | "member" | null; memberCount: number }[];
}

export interface SsoOptions {
  providers: { id: string; title: string }[];
  /** Texts of refusals that the browser is sent back with. */
  problems: Record<string, { title: string; detail: string }>;
}
