import { DatabaseError } from "pg";

/** PostgreSQL's own words for "not now": ended by an administrator, after a crash, or still starting; out of connections. */
const states = new Set(["57P01", "57P02", "57P03", "53300", "08000", "08003", "08006", "08P01"]);
const codes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "ECONNABORTED",
]);
const sentences =
  /^(timeout exceeded when trying to connect|timeout expired|Connection terminated|Client has encountered a connection error|Client was closed|the connection ended|timeout: the database did not answer)/;

/** Whether an error only says that the database is away, or that no connection was free in time: later it may go well. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isDatabaseAway);
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  if (error instanceof DatabaseError) return states.has(code);
  const connecting =
    "syscall" in error && (error.syscall === "connect" || error.syscall === "read" || error.syscall === "write");
  return (codes.has(code) && connecting) || sentences.test(error.message);
}

/** Of an error by which the database is away: whether it came before anything could be sent. */
export function isNeverSent(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isNeverSent);
  if (!(error instanceof Error)) return false;
  if (error instanceof DatabaseError) return error.code === "57P03" || error.code === "53300";
  return ("syscall" in error && error.syscall === "connect") || error.message.startsWith("timeout ex");
}
