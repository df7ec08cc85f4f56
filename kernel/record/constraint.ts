import { DatabaseError } from "pg";
import { recordProblem } from "./error.ts";

/**
 * What a table's constraints refuse, in words; any other error stays what it is. Two who write the same at once are told apart
 * by a unique index alone.
 */
export function constraintProblem(error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return error;
  // Foreign keys are composite, so a row of another tenant is as unknown as one that never was.
  if (error.code === "23503") return recordProblem.reference_unknown({ cause: error });
  if (error.code === "23505") return recordProblem.duplicate({ cause: error });
  // What a column's own check refuses, its field's declaration left open.
  if (error.code === "23514") return recordProblem.value_refused({ cause: error });
  return error;
}
