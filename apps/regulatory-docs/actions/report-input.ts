import { inForce, ledgerPlace, manifestationOf, signaturesOf, stateOf, workspaceName, type Tx } from "@probity/kernel";
import type { Pack } from "../engine/pack.ts";
import { query } from "../query.ts";
import type { FindingStatus, ReportInput } from "../report/input.ts";
import type { RunView } from "./run-view.ts";
import { runSigning } from "./sign-run.ts";

/** What the report is made from: the run as it stands now, with everything a reader without access needs. */
export async function reportInput(tx: Tx, view: RunView, pack: Pack, zone: string): Promise<ReportInput> {
  const collection = await tx.first(
    query.selectFrom("regulatory_docs.collection").select("name").where("id", "=", view.collectionId),
  );
  const record = runSigning.record.name;
  const standing = inForce(await signaturesOf(tx, record, view.id), view);
  return {
    state: stateOf(runSigning, standing),
    signatures: view.locked ? await manifestationOf(tx, record, view.id, view.version) : [],
    workspaceName: await workspaceName(tx),
    collectionName: collection?.name ?? "",
    runNumber: view.number,
    pack: { id: pack.id, title: pack.title, edition: pack.edition, version: pack.version, licence: pack.licence },
    createdAt: view.createdAt.toISOString(),
    zone,
    counts: { ...view.counts, undecided: view.undecided },
    findings: view.findings.map((each) => ({
      requirementId: each.requirementId,
      group: each.group,
      title: each.title,
      status: each.status,
      coverage: each.coverage,
      addressed: each.addressed && {
        score: each.addressed.score,
        meant: each.addressed.meant,
        documentName: each.addressed.documentName,
        why: each.addressed.why,
      },
      decidedStatus: statusOf(each.decidedStatus),
      decision: each.decision
        ? {
            by: each.decision.by ?? "A former member",
            at: (each.decision.at ?? view.createdAt).toISOString(),
            reasonCode: each.decision.reasonCode,
            reason: each.decision.reason,
          }
        : null,
      assignee: each.assignee?.name ?? null,
      dueOn: each.dueOn,
      note: each.note,
      obligations: each.obligations.map(({ id, statement, seen }) => ({ id, statement, seen })),
      evidence: each.evidence.map(({ documentName, revision, page, quote }) => ({
        documentName,
        revision,
        page,
        quote,
      })),
      nextStep: each.nextStep,
      reasons: each.reasons,
    })),
    withdrawnCitations: view.withdrawn.map((each) => ({
      citation: each.citation,
      documentName: each.documentName,
      revision: each.revision,
      page: each.page,
      quote: each.quote,
      replacedBy: each.replacedBy,
      advice: each.text,
    })),
    documents: view.documents.map(({ name, revision, sha256, skipped }) => ({ name, revision, sha256, skipped })),
    ledger: { seq: await ledgerPlace(tx, "regulatory_docs.run.finish", view.id) },
  };
}

function statusOf(value: string | null): FindingStatus | null {
  return value === "covered" || value === "partial" || value === "gap" || value === "not-assessable" ? value : null;
}
