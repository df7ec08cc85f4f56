/**
 * A refusal or failure of the embedded PostgreSQL, worded for the operator:
 * what happened, what is safe, what to do.
 */
export class ClusterError extends Error {
  override readonly name = "ClusterError";
}

/** The `code` of a Node system error ("ENOENT", …), or undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
