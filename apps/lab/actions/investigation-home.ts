import type { HomeItem, Tx } from "@probity/kernel";
import { query } from "../query.ts";

/** A plan waits for whoever neither made it nor the result; what is open otherwise for whoever writes on. */
export async function investigationItems(tx: Tx, base: string, may: readonly string[]): Promise<HomeItem[]> {
  const rows = await tx.all(
    query
      .selectFrom("lab.investigation as i")
      .innerJoin("lab.result as r", "r.id", "i.result_id")
      .select(["i.id", "i.number", "i.state", "i.planned_by", "i.planned_name", "r.entered_by", "r.name"])
      .where("i.state", "<>", "concluded")
      .where("i.deleted_at", "is", null)
      .orderBy("i.id")
      .limit(50),
  );
  const { actorId } = tx.who;
  const plans = rows.filter(
    (row) => row.state === "retest-planned" && row.planned_by !== actorId && row.entered_by !== actorId,
  );
  const decide = may.includes("lab.investigation.approve") ? plans.slice(0, 3) : [];
  const items = decide.map((row): HomeItem => ({
    urgency: "today",
    verb: "Decide",
    object: `the retest plan of ${row.number}`,
    detail: row.planned_name === null ? row.name : `${row.name}, planned by ${row.planned_name}`,
    href: `${base}/investigations/${row.id}`,
    act: "Look",
    reason: "nothing is retested before another person approved it",
  }));
  const open = rows.filter((row) => row.state === "phase-1" || row.state === "phase-2");
  const [first] = open;
  if (first === undefined || !may.includes("lab.investigation.change")) return items;
  const one = open.length === 1;
  items.push({
    urgency: "week",
    verb: "Investigate",
    object: one ? first.number : `${open.length} results`,
    detail: one ? first.name : open.map((row) => row.number).join(", "),
    href: one ? `${base}/investigations/${first.id}` : `${base}/investigations?state=open`,
    act: "Open",
    reason: "out of specification, and not concluded",
  });
  return items;
}
