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
  enter: { sql: "select kernel.enter($1, $2, $3, $4, $5)", parameters: [] },
} as const satisfies Record<string, Statement>;
