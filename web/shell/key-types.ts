/** What the API says of keys. */
export interface ApiKey {
  id: string;
  name: string;
  member: { id: string; name: string | null };
  yours: boolean;
  permissions: string[];
  networks: string[];
  state: "active" | "ended" | "revoked";
  createdAt: string;
  expiresAt: string;
  revokedAt: string | null;
  lastUsedAt: string | null;
  lastUsedFrom: string | null;
}

export interface OwnKeys {
  items: ApiKey[];
  /** What a new key may be given. */
  permissions: string[];
  maxDays: number;
}

export interface MadeKey {
  id: string;
  token: string;
  expiresAt: string;
}
