import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { doorProblem, type Tx } from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { query } from "../query.ts";
import { investigationProblem as problem } from "./investigation-error.ts";
import { tellWaiting } from "./notice.ts";
import { nextNumbers } from "./number.ts";
import { nameOfActor } from "./save-result.ts";

export const states = ["phase-1", "retest-planned", "retest-approved", "phase-2", "concluded"] as const;
export type State = (typeof states)[number];
const words: Readonly<Record<string, string>> = {
  "phase-1": "phase I",
  "retest-planned": "approval of its retest plan",
  "retest-approved": "its retests",
  "phase-2": "phase II",
  concluded: "its conclusion and locked",
};

export type InvestigationRow = Awaited<ReturnType<typeof requireInvestigation>>;

/** The investigation at the version its caller saw, and who entered the result it is about. */
export async function requireInvestigation(tx: Tx, id: string, version: number) {
  const row = await tx.first(
    query
      .selectFrom("lab.investigation as i")
      .innerJoin("lab.result as r", "r.id", "i.result_id")
      .select(["i.id", "i.version", "i.number", "i.state", "i.planned_by", "i.cause", "i.checklist", "r.entered_by"])
      .where("i.id", "=", id)
      .where("i.deleted_at", "is", null)
      .forUpdate("i"),
  );
  if (!row) throw doorProblem.not_found();
  if (row.version !== version) throw doorProblem.stale({ values: { current: row.version, given: version } });
  return row;
}

/** Refuses a step out of its order, with what comes first. */
export function requireState(
  row: Pick<InvestigationRow, "number" | "state">,
  allowed: readonly State[],
  next: string,
): void {
  if (!allowed.some((state) => state === row.state))
    throw problem.investigation_step({ values: { number: row.number, state: words[row.state] ?? row.state, next } });
}

/** Four eyes: whoever made the result, or planned the retest, decides nothing about it. */
export function requireOther(tx: Tx, row: Pick<InvestigationRow, "entered_by" | "planned_by">, plan: boolean): void {
  if (row.entered_by === tx.who.actorId) throw problem.investigation_own({ values: { what: "entered the result" } });
  if (plan && row.planned_by === tx.who.actorId)
    throw problem.investigation_own({ values: { what: "planned the retest" } });
}

/** Opens the investigation of a result out of specification; a result has one. */
export async function openInvestigation(tx: Tx, resultId: string): Promise<{ id: string; number: string }> {
  const row = await tx.first(
    query
      .selectFrom("lab.result")
      .select(["id", "name", "verdict", "sample_id", "kind"])
      .where("id", "=", resultId)
      .where("deleted_at", "is", null),
  );
  if (!row) throw doorProblem.not_found();
  if (row.verdict !== "out" || row.sample_id === null || row.kind !== "sample")
    throw problem.not_out({ values: { name: row.name } });
  const [numbered] = await nextNumbers(tx, "investigation", 1);
  if (numbered === undefined) throw new Error("No number was drawn");
  const there = await tx.first(
    query.selectFrom("lab.investigation").select("number").where("result_id", "=", resultId),
  );
  if (there) throw problem.investigation_there({ values: { number: there.number } });
  const id = uuidv7();
  await insertAll(tx, "lab.investigation", "lab.investigation.open", [
    {
      row: { id, ...numbered, sample_id: row.sample_id, result_id: resultId, state: "phase-1" },
      fields: { number: numbered.number, resultId },
    },
  ]);
  await tellWaiting(tx, { id, version: 1 }, "lab.investigation.open");
  return { id, number: numbered.number };
}

/** One step, with its leaf; answers the new version. */
export async function step(
  tx: Tx,
  row: Pick<InvestigationRow, "id" | "version" | "state">,
  action: string,
  set: Readonly<Record<string, unknown>>,
): Promise<{ id: string; version: number }> {
  const changed = await updateAll(tx, "lab.investigation", action, [
    { row: { id: row.id, version: row.version, ...set }, fields: set },
  ]);
  if (changed !== 1) throw doorProblem.stale({ values: { current: row.version + 1, given: row.version } });
  // Written on in the same state, nobody waits anew.
  if (set["state"] !== undefined && set["state"] !== row.state)
    await tellWaiting(tx, { id: row.id, version: row.version + 1 }, action);
  return { id: row.id, version: row.version + 1 };
}

/** The name that stands beside an act for good. */
export async function printedName(tx: Tx): Promise<string> {
  return (await nameOfActor(tx)) ?? "";
}
