import { sql } from "kysely";
import type { Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { gates } from "./gate.ts";

/**
 * The overrides that stand for a sample's verified values: confirmed, and of the very value that was verified. One of a value
 * that was entered again since, or of an original that was retested, let nothing pass.
 */
export async function overridesOfSample(tx: Tx, sampleId: string) {
  const rows = await tx.all(
    query
      .selectFrom("lab.gate_override as o")
      .innerJoin("lab.result as r", "r.id", "o.result_id")
      .select([
        "r.name as analyte",
        "o.value as entered",
        "o.gate",
        "o.said as held",
        "o.reason",
        "o.asked_name as askedBy",
        sql<Date>`coalesce(o.stated_at, o.created_at)`.as("askedAt"),
        "o.decided_name as confirmedBy",
        "o.decided_at as confirmedAt",
        "o.decided_reason as remark",
      ])
      .where("r.sample_id", "=", sampleId)
      .where("r.state", "=", "verified")
      .where("r.deleted_at", "is", null)
      .where("o.state", "=", "confirmed")
      .where("o.deleted_at", "is", null)
      .whereRef("o.entered_at", "=", "r.entered_at")
      .orderBy("o.id"),
  );
  return rows.map((row) => ({
    ...row,
    gate: gates.find((each) => each.name === row.gate)?.title ?? row.gate,
    confirmedBy: row.confirmedBy ?? "",
  }));
}
