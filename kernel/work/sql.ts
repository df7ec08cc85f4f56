import type { Statement } from "./batch.ts";

/** The few statements that frame every piece of work. */
export const sql = {
  begin: { sql: "begin", parameters: [] },
  commit: { sql: "commit", parameters: [] },
  rollback: { sql: "rollback", parameters: [] },
  tell: { sql: "select set_config('kernel.leaf', $1, true)", parameters: [] },
  enterTelling: {
    sql: "select kernel.enter($1, $2, $3, $4, $5), set_config('kernel.leaf', $6, true)",
    parameters: [],
  },
  /** The same, for who waits for the disk by `flush`. */
  enterTellingUnflushed: {
    sql: "select kernel.enter($1, $2, $3, $4, $5), set_config('kernel.leaf', $6, true), set_config('synchronous_commit', 'off', true)",
    parameters: [],
  },
  /** Writes something that means nothing, so that its commit has something to wait for. */
  flush: { sql: "select pg_logical_emit_message(true, 'probity', '')", parameters: [] },
  /** Of a connection: whom it is to. */
  server: { sql: "select pg_postmaster_start_time()::text as started, pg_backend_pid() as pid", parameters: [] },
  enter: { sql: "select kernel.enter($1, $2, $3, $4, $5)", parameters: [] },
} as const satisfies Record<string, Statement>;
