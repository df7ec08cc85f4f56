import { sql } from "kysely";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { factorProblem } from "./factor-error.ts";

/** Refuses who would lock themselves out by requiring a second factor of everybody: their session must have proved two. */
export async function checkOwnFactor(tx: Tx): Promise<void> {
  if (tx.credential.kind !== "session") throw factorProblem.own_first();
  const call = sql<{ assurance: number }>`select assurance from kernel.session_standing(${tx.credential.token})`;
  const row = await tx.first({ compile: () => call.compile(query) });
  if ((row?.assurance ?? 0) < 2) throw factorProblem.own_first();
}
