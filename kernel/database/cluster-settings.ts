import { basename, dirname } from "node:path";

/** Server settings by name, as in postgresql.conf; a value is quoted for you. */
export type ClusterSettings = Readonly<Record<string, string | number | boolean>>;

/** Sensible on two cores and 2 GB; `settings` of startCluster override any of them. */
const DEFAULTS: ClusterSettings = {
  max_connections: 100,
  shared_buffers: "128MB",
  wal_compression: true,
  fsync: true,
  password_encryption: "scram-sha-256",
  timezone: "UTC",
  log_timezone: "UTC",
  // One file a weekday, started afresh a week later: a week of log, bounded without a cron job.
  logging_collector: true,
  log_rotation_age: "1d",
  log_rotation_size: 0,
  log_truncate_on_rotation: true,
  log_file_mode: "0600",
  log_line_prefix: "%m [%p] %q%u@%d ",
  // Statements, their parameters and the messages of failing ones ("… for type integer: "text"") hold customers' text.
  // None may reach a log file: the application that made the error gets it, the log keeps LOG, FATAL and PANIC. DETAIL
  // quotes keys and, after a crash, the statement of the crashed backend: terse leaves it out.
  log_min_messages: "log",
  log_statement: "none",
  log_min_duration_statement: -1,
  log_min_error_statement: "panic",
  log_parameter_max_length: 0,
  log_parameter_max_length_on_error: 0,
  log_error_verbosity: "terse",
  log_lock_waits: false,
  // This file is written anew at every start; a setting changed elsewhere would silently outlive it.
  allow_alter_system: false,
};

/** What the configuration file needs to know about this cluster's place. */
export interface ConfigurationPlace {
  readonly hbaFile: string;
  readonly logFile: string;
  /** Folder of the Unix socket, or null to listen on loopback TCP. */
  readonly socketFolder: string | null;
  readonly port: number;
  readonly settings: ClusterSettings;
}

/** The text of postgresql.conf. Throws RangeError for a setting name that is no identifier. */
export function configuration(place: ConfigurationPlace): string {
  const all: ClusterSettings = {
    ...DEFAULTS,
    ...place.settings,
    hba_file: place.hbaFile,
    log_directory: dirname(place.logFile),
    log_filename: basename(place.logFile),
    port: place.port,
    listen_addresses: place.socketFolder === null ? "127.0.0.1" : "",
    unix_socket_directories: place.socketFolder ?? "",
    unix_socket_permissions: "0700",
  };
  const lines = Object.entries(all).map(([name, value]) => `${checkedName(name)} = ${quoted(value)}`);
  return `# Written by Probity at every start: edits here are lost.\n${lines.join("\n")}\n`;
}

/** The text of pg_hba.conf: a password on every way in, also for the superuser. */
export function accessRules(socketFolder: string | null): string {
  return socketFolder === null ? "host all all 127.0.0.1/32 scram-sha-256\n" : "local all all scram-sha-256\n";
}

function checkedName(name: string): string {
  if (!/^[a-z_][a-z0-9_.]*$/.test(name)) throw new RangeError(`Not a PostgreSQL setting: ${JSON.stringify(name)}`);
  return name;
}

function quoted(value: string | number | boolean): string {
  if (typeof value === "boolean") return value ? "on" : "off";
  if (/[\n\r\0]/.test(String(value))) throw new RangeError("A PostgreSQL setting cannot hold a line break");
  return `'${String(value).replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
