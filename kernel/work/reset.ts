import type { Statement } from "./batch.ts";

/**
 * What is sent after each transaction's end, in the same round trip, before a pooled connection serves another tenant
 * (PostgreSQL 18 manual, RESET and DISCARD; DISCARD ALL itself would forget our prepared statements and can't be sent in a
 * pipeline). Both must be parsed anew each time, without a statement name: an injected statement could have prepared
 * something else under a name that we remember.
 */
export const resetStatements = ["reset all", "select kernel.session_left() as left"] as const;

/** The same as statements of a batch. */
export const resetBatch: readonly Statement[] = resetStatements.map((text) => ({
  sql: text,
  parameters: [],
  unnamed: true,
}));

/** What a finished transaction left behind that no reset takes away; anything but an empty list destroys the connection. */
export function sessionLeft(rows: readonly Readonly<Record<string, unknown>>[]): readonly string[] {
  const left = rows[0]?.["left"];
  return Array.isArray(left) ? left.map(String) : ["no answer"];
}
