import { DatabaseError } from "pg";

/** PostgreSQL's own words for "not now": ended by an administrator, after a crash, or still starting; out of connections. */
const states = new Set(["57P01", "57P02", "57P03", "53300", "08000", "08003", "08006"]);
const codes = new Set(["ECONNREFUSED", "ECONNRESET", "ENOENT", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH"]);
const sentences =
  /^(timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|Client was closed|the connection ended)/;

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
