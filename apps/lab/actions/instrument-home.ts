import { sql } from "kysely";
import type { HomeItem, Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { instruments, presentInstrument } from "./instrument-read.ts";

/** Acts for the home page: overrides that another person decides, instruments on hold and overdue. */
export async function qualityItems(tx: Tx, base: string): Promise<HomeItem[]> {
  const items: HomeItem[] = [];
  // 1. Overrides one may decide: neither asked for nor entered by oneself.
  const waiting = await tx.all(
    query
      .selectFrom("lab.gate_override as o")
      .innerJoin("lab.result as r", "r.id", "o.result_id")
      .select([
        "r.worksheet_id",
        "r.sample_id",
        "o.gate",
        "o.asked_name",
        sql<number>`count(*)::integer`.as("count"),
        sql<Date>`min(coalesce(o.stated_at, o.created_at))`.as("since"),
      ])
      .where("o.state", "=", "asked")
      .where("o.deleted_at", "is", null)
      .where("o.created_by", "<>", tx.who.actorId)
      .where(sql<boolean>`r.entered_by is distinct from ${tx.who.actorId}`)
      .groupBy(["r.worksheet_id", "r.sample_id", "o.gate", "o.asked_name"])
      .orderBy("since")
      .limit(5),
  );
  for (const each of waiting)
    items.push({
      urgency: "today",
      verb: "Decide",
      object: each.count === 1 ? "an override" : `${each.count} overrides`,
      detail: `gate “${each.gate}”, asked for by ${each.asked_name}`,
      href:
        each.worksheet_id === null ? `${base}/samples/${each.sample_id}` : `${base}/worksheets/${each.worksheet_id}`,
      act: "Look",
      reason: "results are held until somebody else decides",
    });
  // 2. Instruments that hold what is made with them.
  const machines = (await tx.all(instruments())).map(presentInstrument);
  for (const status of ["on-hold", "overdue"] as const) {
    const of = machines.filter((each) => each.status === status);
    if (of.length === 0) continue;
    items.push({
      urgency: status === "overdue" ? "late" : "today",
      verb: status === "overdue" ? "Calibrate" : "Release",
      object: of.length === 1 ? (of[0]?.number ?? "") : `${of.length} instruments`,
      detail: status === "overdue" ? "past their day" : "on hold",
      href: `${base}/instruments?status=${status}`,
      act: "Open",
      reason: "results made with them are not verified",
    });
  }
  return items;
}
