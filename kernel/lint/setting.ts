/** What the doctor reads of a server's settings, all readable by every role. */
export interface ServerFacts {
  /** As server_version_num: 180004. */
  readonly version: number;
  readonly settings: Readonly<Record<string, string>>;
  /** Whether this very connection comes over a network, and whether TLS protects it. */
  readonly overNetwork: boolean;
  readonly tls: boolean;
}

/** A setting or circumstance that is not as it should be. */
export interface Remark {
  readonly id: string;
  readonly object: string;
  readonly detail: string;
  readonly fix: string;
}

/** Setting → [what it must be, what goes wrong otherwise]. */
const wanted: Readonly<Record<string, readonly [string, string]>> = {
  fsync: ["on", "a power cut can destroy the database"],
  full_page_writes: ["on", "a power cut can leave half-written pages"],
  row_security: ["on", "filtered queries end in an error instead of an answer"],
  synchronous_commit: ["on", "a crash can lose changes that were already confirmed, and their leaves"],
  session_replication_role: ["origin", "the triggers that stamp and guard every change do not fire"],
  data_checksums: ["on", "a page that the disk damaged is read as if it were sound"],
  password_encryption: ["scram-sha-256", "passwords are stored in a form that is broken"],
};
export const settingNames: readonly string[] = Object.keys(wanted);
/** Stricter than needed is fine. */
const stricter: Readonly<Record<string, readonly string[]>> = { synchronous_commit: ["remote_write", "remote_apply"] };
const oldestVersion = 150_000;

/** Version, durability and transport, each against what Probity needs. */
export function judgeSettings({ version, settings, overNetwork, tls }: ServerFacts): Remark[] {
  const remarks: Remark[] = [];
  if (version < oldestVersion) {
    remarks.push({
      id: "version",
      object: `PostgreSQL ${Math.floor(version / 10_000)}`,
      detail: "older than 15, without security_invoker views",
      fix: "Move the database to PostgreSQL 15 or newer.",
    });
  }
  for (const [name, [value, harm]] of Object.entries(wanted)) {
    const found = settings[name];
    if (found === undefined || found === value || stricter[name]?.includes(found)) continue;
    remarks.push({ id: "setting", object: name, detail: `${found}: ${harm}`, fix: `Set ${name} = ${value}.` });
  }
  if (overNetwork && !tls) {
    remarks.push({
      id: "transport",
      object: "connection",
      detail: "crosses a network without TLS",
      fix: "Add sslmode=verify-full to DATABASE_URL and let the server offer TLS.",
    });
  }
  return remarks;
}

/** What shows whether something stands between this process and PostgreSQL. */
export interface PoolerFacts {
  readonly host: string;
  readonly port: number;
  /** The pid the connection was given when it opened: a pooler makes one up. */
  readonly announcedPid: number | undefined;
  readonly backendPid: number;
  /** Two connections held at the same time were seen on one backend. */
  readonly shared: boolean;
}

/** Names the pooler in front of PostgreSQL; undefined when there is none. */
export function poolerOf({
  host,
  port,
  announcedPid,
  backendPid,
  shared,
}: PoolerFacts): { name: string; mode: string } | undefined {
  const between = announcedPid !== undefined && announcedPid !== backendPid;
  if (!between && !shared) return undefined;
  const name = /-pooler\./.test(host)
    ? "Neon's pooler"
    : /\.pooler\.supabase\./.test(host)
      ? "Supavisor"
      : /\.proxy-[^.]+\.[^.]+\.rds\./.test(host)
        ? "RDS Proxy"
        : port === 6432
          ? "PgBouncer or PgCat"
          : "a connection pooler";
  return { name, mode: shared ? "transaction" : "session" };
}
