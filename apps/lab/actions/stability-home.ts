import { sql } from "kysely";
import type { HomeItem, Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { mayOf } from "./sample-view.ts";

/** Pulls that are overdue or may be done now, for whoever may pull: at most ten, the oldest first. */
export async function stabilityHome(tx: Tx, workspaceSlug: string): Promise<HomeItem[]> {
  if (!(await mayOf(tx)).includes("lab.study.pull")) return [];
  const rows = await tx.all(
    query
      .selectFrom("lab.study_pull as p")
      .innerJoin("lab.study_storage as s", "s.id", "p.storage_id")
      .innerJoin("lab.study_batch as b", "b.id", "s.batch_id")
      .innerJoin("lab.study as t", "t.id", "b.study_id")
      .select([
        "t.id",
        "t.number",
        "b.lot",
        "p.months",
        sql<string>`p.closes_on::text`.as("closesOn"),
        sql<boolean>`p.closes_on < now()::date`.as("late"),
      ])
      .where("p.state", "=", "planned")
      .where("p.opens_on", "<=", sql<string>`now()::date`)
      .orderBy("p.due_on")
      .limit(10),
  );
  return rows.map((row) => ({
    urgency: row.late ? "late" : "week",
    verb: "Pull",
    object: `${row.number}, ${row.lot}, ${row.months} months`,
    detail: row.late ? `its window closed ${row.closesOn}` : `its window closes ${row.closesOn}`,
    reason: "stability study",
    href: `/w/${workspaceSlug}/lab/studies/${row.id}`,
    act: "Open",
  }));
}
