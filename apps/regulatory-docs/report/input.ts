import type { PrintedSeal, PrintedSignature } from "@probity/paper";

/** What the documents alone allow the machine, or a person, to say about one requirement. */
export type FindingStatus = "covered" | "partial" | "gap" | "not-assessable";

/** A person's decision on a finding. `at` is an ISO 8601 instant in UTC. */
export interface ReportDecision {
  by: string;
  at: string;
  reasonCode: string | null;
  reason: string | null;
}

/** One obligation within a requirement, and how far the documents were seen to meet it. */
export interface ReportObligation {
  id: string;
  statement: string;
  seen: boolean | "partly";
}

/** Which document is meant for a requirement, whatever it says, and what that is told from. */
export interface ReportAddressed {
  /** 0–1. */
  score: number;
  meant: boolean;
  /** The nearest document, meant for it or not; null where none speaks of the subject. */
  documentName: string | null;
  why: readonly string[];
}

/** A passage quoted verbatim. `page` is null where the file has no pages (DOCX, TXT). */
export interface ReportEvidence {
  documentName: string;
  revision: string | number;
  page: number | null;
  quote: string;
}

/** The reading of one requirement: the machine's status stays beside whatever a person decided. */
export interface ReportFinding {
  requirementId: string;
  /** Chapter heading the requirement belongs to, such as "7 Making the product". */
  group: string;
  title: string;
  /** The machine's reading; never rewritten by a decision. */
  status: FindingStatus;
  /** The machine's measure of how far the passages carry the requirement, 0 to 1. */
  coverage: number;
  /** Null in runs made before this was asked. */
  addressed: ReportAddressed | null;
  decidedStatus: FindingStatus | null;
  decision: ReportDecision | null;
  assignee: string | null;
  /** Calendar date, YYYY-MM-DD. */
  dueOn: string | null;
  note: string | null;
  obligations: readonly ReportObligation[];
  evidence: readonly ReportEvidence[];
  nextStep: string | null;
  /** Why the machine reads it so, one sentence each. */
  reasons: readonly string[];
}

/** A passage that cites a section of law that is no longer in force. */
export interface ReportWithdrawnCitation {
  citation: string;
  documentName: string;
  revision: string | number;
  page: number | null;
  quote: string;
  /** What took its place, or null when nothing did. */
  replacedBy: string | null;
  /** What to do about it, or null. */
  advice: string | null;
}

/** A document of the collection. `skipped` says why it was not assessed, or is null. */
export interface ReportDocument {
  name: string;
  revision: string | number;
  /** Lower-case hexadecimal SHA-256 of the file as uploaded. */
  sha256: string;
  skipped: string | null;
}

/** Everything a report is made from. Same input, same bytes, in each of the three formats. */
export interface ReportInput {
  workspaceName: string;
  collectionName: string;
  runNumber: number;
  pack: { id: string; title: string; edition: string; version: string; licence: string };
  /** ISO 8601 instant in UTC at which the run ended. */
  createdAt: string;
  /** IANA time zone in which instants are printed, such as "Europe/Berlin". */
  zone: string;
  /** Counts by status in force: the decided status where there is one, else the machine's. */
  counts: {
    covered: number;
    partial: number;
    gap: number;
    notAssessable: number;
    undecided: number;
  };
  findings: readonly ReportFinding[];
  withdrawnCitations: readonly ReportWithdrawnCitation[];
  documents: readonly ReportDocument[];
  /** Ledger event that recorded the run; null for a check that keeps nothing. */
  ledger: { seq: number | null };
  /** How far it is signed: draft, reviewed, approved. Absent where nothing is kept. */
  state?: string;
  /** Signatures in force, in their order. */
  signatures?: readonly PrintedSignature[];
  /** Present where the file is sealed. */
  seal?: PrintedSeal;
}

/** The status in force: a decision outranks the machine. */
export function statusInForce(finding: Pick<ReportFinding, "status" | "decidedStatus">): FindingStatus {
  return finding.decidedStatus ?? finding.status;
}

/** Counts by status in force, in the shape `ReportInput.counts` wants. */
export function countFindings(
  findings: readonly Pick<ReportFinding, "status" | "decidedStatus">[],
): ReportInput["counts"] {
  const counts = { covered: 0, partial: 0, gap: 0, notAssessable: 0, undecided: 0 };
  for (const finding of findings) {
    const status = statusInForce(finding);
    if (status === "not-assessable") counts.notAssessable += 1;
    else counts[status] += 1;
    if (finding.decidedStatus === null) counts.undecided += 1;
  }
  return counts;
}
