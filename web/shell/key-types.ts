/** What the API says of keys. */
export interface ApiKey {
  id: string;
  name: string;
  member: { id: string; name: string | null };
  yours: boolean;
  permissions: string[];
  networks: string[];
  /** Null: all that its person sees. */
  limit: KeyLimit | null;
  state: "active" | "ended" | "revoked";
  createdAt: string;
  expiresAt: string;
  revokedAt: string | null;
  lastUsedAt: string | null;
  lastUsedFrom: string | null;
}

/** Records by their ids, and people all of whose records it sees. */
export interface KeyLimit {
  members: readonly string[];
  records: readonly string[];
}

export interface OwnKeys {
  items: ApiKey[];
  /** What a new key may be given. */
  permissions: string[];
  maxDays: number;
  /** The apps whose records have owners, and those of them the reader sees. */
  limits: { apps: string[]; records: { record: string; id: string; title: string }[] };
}

export interface MadeKey {
  id: string;
  token: string;
  expiresAt: string;
}
