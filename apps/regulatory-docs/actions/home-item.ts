import { sql } from "kysely";
import { inForce, ownPermissions, signaturesOf, type HomeItem, type Tx } from "@probity/kernel";
import { query } from "../query.ts";

/** What waits for this person: findings assigned to them by due day, runs with undecided gaps, collections without a run. */
export async function homeItems(tx: Tx, workspaceSlug: string): Promise<HomeItem[]> {
  const base = `/w/${workspaceSlug}/regulatory-docs`;
  const assigned = await tx.all(
    query
      .selectFrom("regulatory_docs.finding as f")
      .innerJoin("regulatory_docs.run as r", "r.id", "f.run_id")
      .innerJoin("regulatory_docs.collection as c", "c.id", "r.collection_id")
      .select(["f.requirement_id", "f.due_on", "r.id as run_id", "r.number", "c.name"])
      .where("f.assignee_id", "=", tx.who.actorId)
      .where("f.decision", "is", null)
      .where("c.deleted_at", "is", null)
      .orderBy("f.due_on")
      .limit(50),
  );
  const today = new Date().toISOString().slice(0, 10);
  const items: HomeItem[] = assigned.map((each) => ({
    urgency: each.due_on === null ? "week" : each.due_on < today ? "late" : each.due_on === today ? "today" : "week",
    verb: "Decide",
    object: `${each.requirement_id} in ${each.name}`,
    detail: each.due_on === null ? "no day set" : `due ${each.due_on}`,
    reason: "assigned to you",
    href: `${base}/runs/${each.run_id}?req=${encodeURIComponent(each.requirement_id)}`,
    act: "Open",
  }));

  const open = await tx.all(
    query
      .selectFrom("regulatory_docs.run as r")
      .innerJoin("regulatory_docs.collection as c", "c.id", "r.collection_id")
      .innerJoin("regulatory_docs.finding as f", "f.run_id", "r.id")
      .select([
        "r.id",
        "r.number",
        "c.name",
        sql<number>`(count(*) filter (where f.status in ('gap', 'partial')))::integer`.as("gaps"),
      ])
      .where("f.decision", "is", null)
      .where("c.deleted_at", "is", null)
      .where("r.deleted_at", "is", null)
      .where(({ eb, selectFrom }) =>
        eb(
          "r.number",
          "=",
          selectFrom("regulatory_docs.run as newest")
            .select(({ fn }) => fn.max("newest.number").as("number"))
            .whereRef("newest.collection_id", "=", "c.id")
            .where("newest.state", "=", "done"),
        ),
      )
      .groupBy(["r.id", "r.number", "c.name"])
      .limit(20),
  );
  for (const run of open.filter((each) => each.gaps > 0)) {
    items.push({
      urgency: "week",
      verb: "Decide",
      object: `${run.gaps} gaps and partials`,
      detail: `${run.name}, run ${run.number}`,
      reason: "open in the newest run",
      href: `${base}/runs/${run.id}?f=undecided`,
      act: "Continue",
    });
  }
  return [...(await waitingForApproval(tx, base)), ...items];
}

/** Reports that were reviewed by somebody else and wait for an approval this person may give. */
async function waitingForApproval(tx: Tx, base: string): Promise<HomeItem[]> {
  if (!(await ownPermissions(tx)).has("regulatory_docs.run.approve")) return [];
  const locked = await tx.all(
    query
      .selectFrom("regulatory_docs.run as r")
      .innerJoin("regulatory_docs.collection as c", "c.id", "r.collection_id")
      .select(["r.id", "r.number", "r.version", "c.name"])
      .where("r.locked_at", "is not", null)
      .where("r.deleted_at", "is", null)
      .orderBy("r.locked_at", "desc")
      .limit(20),
  );
  const items: HomeItem[] = [];
  for (const run of locked) {
    // oxlint-disable-next-line no-await-in-loop -- twenty at most, over one connection
    const all = await signaturesOf(tx, "regulatory_docs.run", run.id);
    const standing = inForce(all, { version: run.version, locked: true });
    const own = standing.some((each) => each.userId === tx.who.userId);
    const approved = standing.some((each) => each.step === "approve");
    if (own || approved || standing.length === 0) continue;
    items.push({
      urgency: "week",
      verb: "Approve",
      object: `run ${run.number} of ${run.name}`,
      detail: `reviewed by ${standing[0]?.printedName ?? ""}`,
      reason: "waiting for approval",
      href: `${base}/runs/${run.id}`,
      act: "Open",
    });
  }
  return items;
}
