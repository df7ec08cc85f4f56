/** Where a call comes from: kept with access events and, salted, behind the leaf; never under the hash. */
export type Source = { readonly address: string | null; readonly requestId: string };

/**
 * What opens the door. Tokens are secrets: only their hash is compared, in the database. `digest` is the token's SHA-256
 * (base64url) where the server has made it already: what it remembers of a caller is kept under that.
 */
export type Credential =
  | {
      readonly kind: "session";
      readonly token: string;
      readonly digest?: string | undefined;
      readonly workspace?: string | undefined;
      readonly source: Source;
    }
  | {
      readonly kind: "key";
      readonly token: string;
      readonly digest?: string | undefined;
      readonly workspace?: string | undefined;
      readonly source: Source;
    }
  | {
      /** A short-lived access token made from a key, whole: its signature is checked before, its hash by the database. */
      readonly kind: "token";
      readonly token: string;
      readonly digest?: string | undefined;
      readonly workspace?: string | undefined;
      readonly source: Source;
    }
  | { readonly kind: "link"; readonly token: string; readonly source: Source }
  | { readonly kind: "job"; readonly token: string; readonly source: Source }
  | {
      readonly kind: "system";
      readonly token: string;
      readonly workspace: string;
      readonly source: Source;
    };

/** Who the door let in, as the database saw it. */
export type Who = {
  readonly tenantId: string;
  readonly actorId: string;
  readonly userId: string | null;
  readonly sessionId: string | null;
  readonly role: string;
  /** What a signed link was made for; null for every other credential. */
  readonly subjectId: string | null;
};

export const systemActorId = "00000000-0000-0000-0000-000000000001";
export const instanceTenantId = "00000000-0000-0000-0000-000000000000";
