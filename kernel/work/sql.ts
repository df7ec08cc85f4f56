import type { Statement } from "./batch.ts";

/** The few statements that frame every piece of work. */
export const sql = {
  begin: { sql: "begin", parameters: [] },
  commit: { sql: "commit", parameters: [] },
  rollback: { sql: "rollback", parameters: [] },
  enter: { sql: "select kernel.enter($1, $2, $3, $4, $5)", parameters: [] },
} as const satisfies Record<string, Statement>;
