import { defineSigning, everNamed, readSealed, type Kernel, type SigningSubject, type Tx } from "@probity/kernel";
import { problem } from "../errors.ts";
import type { KeptRun } from "../jobs/analyse-collection.ts";
import { query } from "../query.ts";
import { finding, run } from "../records/document.ts";
import { loadJson } from "../text.ts";
import { countsOf } from "./run-view.ts";

const finishReasons = [
  { code: "periodic", label: "Periodic review" },
  { code: "audit", label: "Preparing an audit" },
  { code: "change", label: "After a change of the documents" },
];

/** A gap report is reviewed, then approved: draft → reviewed → approved. The first signature locks it with its findings. */
export const runSigning = defineSigning({
  record: run,
  steps: [
    {
      id: "review",
      title: "Review",
      state: "reviewed",
      permission: "regulatory_docs.run.review",
      meanings: ["Reviewed: findings and decisions are supported by the quoted evidence"],
      signers: 1,
      independent: true,
      reason: "none",
    },
    {
      id: "approve",
      title: "Approval",
      state: "approved",
      permission: "regulatory_docs.run.approve",
      meanings: ["Approved for use", "Approved for use, with the open gaps accepted"],
      signers: 1,
      independent: true,
      reasons: finishReasons,
      reason: "optional",
    },
  ],
  unlock: {
    permission: "regulatory_docs.run.unlock",
    reasons: [
      { code: "error", label: "Error found" },
      { code: "evidence", label: "New evidence" },
      { code: "signed-early", label: "Signed too early" },
    ],
  },
  subject: runSubject,
});

/**
 * What a signature on a run stands for: the engine's whole answer as it was sealed, the documents it read, and every
 * decision with its reason and note. People appear by their pseudonym, so that a changed name changes no signed bytes.
 */
async function runSubject(kernel: Kernel, tx: Tx, id: string): Promise<SigningSubject> {
  const row = await tx.first(
    query
      .selectFrom("regulatory_docs.run as r")
      .innerJoin("regulatory_docs.collection as c", "c.id", "r.collection_id")
      .select(["r.collection_id", "r.number", "r.state", "r.result_blob_id", "r.created_at", "c.name"])
      .where("r.id", "=", id),
  );
  if (row === undefined || row.state !== "done" || row.result_blob_id === null) throw problem.run_unfinished();
  const kept = await loadJson<KeptRun>(kernel, tx, row.result_blob_id);
  const findings = await tx.all(
    query
      .selectFrom("regulatory_docs.finding")
      .selectAll()
      .where("run_id", "=", id)
      .where("deleted_at", "is", null)
      .orderBy("requirement_id"),
  );
  const ids = findings.map((each) => each.id);
  const changed = findings.filter((each) => each.version > 1).map((each) => each.id);
  const sealed = await readSealed(tx, kernel.keyring, finding.name, changed);
  const counts = countsOf(findings.map((each) => each.decided_status ?? each.status));
  const undecided = findings.filter((each) => each.decision === null).length;
  const overridden = findings.filter((each) => each.decision === "overridden").length;
  return {
    title: `Gap report ${row.name} × ${kept.run.pack.title}, run ${row.number}`,
    facts: [
      { label: "Collection", value: row.name },
      { label: "Requirements", value: `${kept.run.pack.title}, pack version ${kept.run.pack.version}` },
      {
        label: "Findings",
        value: `${counts.covered} covered, ${counts.partial} partial, ${counts.gap} gaps, ${counts.notAssessable} not assessable`,
      },
      {
        label: "Decisions",
        value: `${findings.length - undecided} made, ${overridden} override the machine, ${undecided} open`,
      },
      { label: "Documents", value: `${kept.documents.length} read, each by its SHA-256` },
    ],
    content: {
      collection: row.collection_id,
      number: row.number,
      analysedAt: row.created_at,
      result: kept.run,
      documents: kept.documents,
      findings: findings.map((each) => ({
        id: each.id,
        requirement: each.requirement_id,
        status: each.status,
        decision: each.decision,
        decidedStatus: each.decided_status,
        decidedBy: each.decided_by,
        decidedAt: each.decided_at,
        reasonCode: each.reason_code,
        reason: sealed.get(each.id)?.["reason"] ?? null,
        note: sealed.get(each.id)?.["note"] ?? null,
        assignee: each.assignee_id,
        dueOn: each.due_on,
      })),
    },
    authors: await everNamed(tx, finding, ids, "decided_by"),
  };
}
