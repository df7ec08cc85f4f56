import type { Tx } from "@probity/kernel";
import { sql } from "kysely";
import { updateAll } from "../bulk.ts";
import { problem } from "../errors.ts";
import { query } from "../query.ts";
import { nameOfActor } from "./save-result.ts";
import { settleSamples } from "./settle.ts";

/**
 * Verifies every entered result of a sample or worksheet and locks it. Nobody verifies what they entered, in whatever version
 * and whatever role; the database refuses it once more. A person's signature of the act belongs here, in the same transaction.
 */
export async function verifyResults(
  tx: Tx,
  of: { readonly sampleId: string } | { readonly worksheetId: string },
): Promise<number> {
  const column = "sampleId" in of ? "sample_id" : "worksheet_id";
  const id = "sampleId" in of ? of.sampleId : of.worksheetId;
  // 1. What waits. A worksheet or sample is verified whole or not at all.
  const rows = await tx.all(
    query
      .selectFrom("lab.result as r")
      .select([
        "r.id",
        "r.version",
        "r.state",
        "r.sample_id",
        sql<boolean>`r.entered_by = ${tx.who.actorId} or exists (select from kernel.version_history h
          where h.tenant_id = r.tenant_id and h.row_id = r.id and h.body ->> 'entered_by' = ${tx.who.actorId})`.as(
          "own",
        ),
      ])
      .where(`r.${column}`, "=", id)
      .where("r.deleted_at", "is", null)
      .forUpdate(),
  );
  const open = rows.filter((row) => row.state === "open").length;
  const waiting = rows.filter((row) => row.state === "entered");
  if (open > 0) throw problem.results_missing({ values: { count: open, number: "it" } });
  if (waiting.length === 0) throw problem.nothing_to_verify();
  // 2. Not one's own.
  const own = waiting.filter((row) => row.own === true);
  if (own.length > 0)
    throw problem.own_result({ values: { count: own.length }, members: { rows: own.map((row) => row.id) } });
  // 3. Verified and locked, then the samples whose results all are.
  const name = await nameOfActor(tx);
  await updateAll(
    tx,
    "lab.result",
    "lab.result.verify",
    waiting.map((row) => ({
      row: { id: row.id, version: row.version, state: "verified", verified_name: name },
      fields: { verified: row.version },
    })),
  );
  await settleSamples(
    tx,
    waiting.flatMap((row) => row.sample_id ?? []),
    "verify",
  );
  return waiting.length;
}
