import { doorProblem, versionsOf, type Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { finding, run } from "../records/document.ts";

/** What happened to a run and its findings after the analysis, newest first: each version with its changes and reason. */
export async function runHistory(tx: Tx, id: string): Promise<Record<string, unknown>[]> {
  const found = await tx.first(query.selectFrom("regulatory_docs.run").select("id").where("id", "=", id));
  if (found === undefined) throw doorProblem.not_found();
  const findings = await tx.all(
    query
      .selectFrom("regulatory_docs.finding")
      .select(["id", "requirement_id"])
      .where("run_id", "=", id)
      .where("version", ">", 1),
  );
  const ofRun = await versionsOf(tx, run, [id]);
  const ofFindings = await versionsOf(
    tx,
    finding,
    findings.map((each) => each.id),
  );
  const named = (object: string, items: readonly unknown[] | undefined) =>
    (items ?? []).map((item) => ({ object, ...Object(item) }));
  return [
    ...named("Report", ofRun.get(id)),
    ...findings.flatMap((each) => named(each.requirement_id, ofFindings.get(each.id)?.slice(1))),
  ].toSorted((a, b) => Number(b.at) - Number(a.at));
}
