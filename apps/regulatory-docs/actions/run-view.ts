import { doorProblem, memberNames, readSealed, type Kernel, type Tx } from "@probity/kernel";
import { loadPack, type Pack } from "../engine/pack.ts";
import type { Addressed, GapRun } from "../engine/result.ts";
import { problem } from "../errors.ts";
import type { KeptRequirement, KeptRun } from "../jobs/analyse-collection.ts";
import { query } from "../query.ts";
import { loadJson } from "../text.ts";

/** One run as the API and the reports show it. */
export type RunView = Awaited<ReturnType<typeof readRun>>;

/** Reads a finished run: the engine's sealed answer joined with what people decided since. */
export async function readRun(kernel: Kernel, tx: Tx, id: string) {
  const run = await tx.first(
    query.selectFrom("regulatory_docs.run").selectAll().where("id", "=", id).where("deleted_at", "is", null),
  );
  if (!run) throw doorProblem.not_found();
  if (run.state !== "done" || run.result_blob_id === null) throw problem.run_unfinished();
  const kept = await loadJson<KeptRun>(kernel, tx, run.result_blob_id);
  const rows = await tx.all(query.selectFrom("regulatory_docs.finding").selectAll().where("run_id", "=", id));
  const sealed = await readSealed(
    tx,
    kernel.keyring,
    "regulatory_docs.finding",
    rows.filter((row) => row.version > 1).map((row) => row.id),
  );
  const people = await memberNames(tx);
  const byRequirement = new Map(rows.map((row) => [row.requirement_id, row]));
  const revisionOf = new Map(kept.documents.map((each) => [each.id, each.revision]));

  const findings = kept.run.requirements.flatMap((requirement) => {
    const row = byRequirement.get(requirement.id);
    if (!row) return [];
    const words = sealed.get(row.id) ?? {};
    return [
      {
        id: row.id,
        version: row.version,
        ...machineView(kept.run, requirement, (document) => revisionOf.get(document) ?? 1),
        changed: row.changed,
        decidedStatus: row.decided_status,
        decision:
          row.decision === null
            ? null
            : {
                kind: row.decision,
                status: row.decided_status,
                reasonCode: row.reason_code,
                reason: textOf(words["reason"]),
                by: people.get(row.decided_by ?? "") ?? null,
                at: row.decided_at,
              },
        assignee: row.assignee_id === null ? null : { id: row.assignee_id, name: people.get(row.assignee_id) ?? null },
        dueOn: row.due_on,
        note: textOf(words["note"]),
      },
    ];
  });
  return {
    id: run.id,
    version: run.version,
    locked: run.locked_at !== null,
    collectionId: run.collection_id,
    number: run.number,
    pack: kept.run.pack,
    engine: kept.run.engine,
    createdAt: run.created_at,
    counts: countsOf(findings.map((each) => each.decidedStatus ?? each.status)),
    undecided: findings.filter((each) => each.decision === null).length,
    findings,
    withdrawn: withdrawnView(kept.run, (document) => revisionOf.get(document) ?? 1),
    documents: kept.documents,
  };
}

/** What the machine found about one requirement; evidence once each, referred to by its index. */
export function machineView(
  run: Pick<GapRun, "pack">,
  requirement: KeptRequirement,
  revisionOf: (document: string) => number,
) {
  const pack = loadPack(run.pack.id);
  const evidence = requirement.evidence.map((each) => ({
    documentId: each.document,
    documentName: each.name,
    revision: revisionOf(each.document),
    page: each.page,
    start: each.start,
    end: each.end,
    quote: each.quote,
    obligationIds: each.obligations,
  }));
  return {
    requirementId: requirement.id,
    title: requirement.title,
    summary: pack.requirements.find((each) => each.id === requirement.id)?.summary ?? "",
    group: groupTitle(pack, requirement.group),
    status: requirement.status,
    coverage: requirement.coverage,
    addressed: addressedView(requirement.addressed),
    obligations: requirement.obligations.map((each) => ({
      id: each.id,
      statement: each.statement,
      seen: each.state === "seen" ? true : each.state === "partly" ? ("partly" as const) : false,
      evidence: evidence.flatMap((shown, index) => (shown.obligationIds.includes(each.id) ? [index] : [])),
    })),
    evidence,
    reasons: requirement.reasons,
    nextStep: requirement.nextStep,
    seeAlso: requirement.seeAlso,
  };
}

/** Which document is meant for the requirement; null for a run kept before that was asked. */
function addressedView(addressed: Addressed | undefined) {
  if (!addressed) return null;
  const { score, meant, document, why } = addressed;
  return { score, meant, documentId: document?.document ?? null, documentName: document?.name ?? null, why };
}

/** "7.4 Purchasing": the number a reader knows, with the words. */
function groupTitle(pack: Pack, id: string): string {
  const group = pack.groups.find((each) => each.id === id);
  return group ? `${group.id} ${group.title}` : id;
}

export function withdrawnView(run: Pick<GapRun, "citations">, revisionOf: (document: string) => number) {
  return run.citations.map((each) => ({
    citation: each.cited,
    replacedBy:
      [
        ...each.replacedBy.qmsr.map((section) => `21 CFR ${section}`),
        ...each.replacedBy.iso13485.map((clause) => `ISO 13485 ${clause}`),
      ].join(", ") || null,
    severity: each.severity,
    text: each.finding,
    documentId: each.document,
    documentName: each.name,
    revision: revisionOf(each.document),
    page: each.page,
    start: each.start,
    end: each.end,
    quote: each.quote,
  }));
}

export function countsOf(statuses: readonly string[]) {
  const count = (status: string) => statuses.filter((each) => each === status).length;
  return {
    covered: count("covered"),
    partial: count("partial"),
    gap: count("gap"),
    notAssessable: count("not-assessable"),
  };
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
