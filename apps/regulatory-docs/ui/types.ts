/** Shapes of the regulatory documents API, as the screens read them. */

export type Status = "covered" | "partial" | "gap" | "not-assessable";

export interface Counts {
  covered: number;
  partial: number;
  gap: number;
  notAssessable: number;
}

export interface Collection {
  id: string;
  version: number;
  name: string;
  /** Null where it was made without one, by a program. */
  description: string | null;
  documentCount: number;
  createdAt: string;
  updatedAt: string;
  lastRun: { id: string; pack: string | { id: string; title: string }; counts: Counts } | null;
}

export interface Refusal {
  code: string;
  title: string;
  detail: string;
}

export interface DocumentRecord {
  id: string;
  version: number;
  name: string;
  revision: number;
  fileName: string;
  kind: string;
  bytes: number;
  pageCount: number | null;
  state: "reading" | "ready" | "refused";
  refusal: Refusal | null;
  warnings: { code: string; text: string }[];
  /** Why its newest revision came, where that was asked. */
  reason: string | null;
  updatedAt: string;
}

/** A document of its own page; `collection` is null where it is out of the reader's sight. */
export type OpenDocument = DocumentRecord & { collection: { id: string; name: string } | null };

/** Text of one document with where its pages and paragraphs start; offsets are UTF-16. */
export interface DocumentText {
  text: string;
  pages: { number: number; start: number; end: number }[];
  paragraphs: { page: number; start: number; end: number; style: string }[];
}

export interface Evidence {
  documentId: string;
  documentName: string;
  revision: number;
  page: number | null;
  start: number;
  end: number;
  quote: string;
  obligationIds: string[];
}

export interface Obligation {
  id: string;
  statement: string;
  seen: boolean | "partly";
  evidence: number[];
}

export interface Decision {
  kind: "accepted" | "overridden";
  status: Status;
  reasonCode: string | null;
  reason: string | null;
  by: string | { id: string; name: string | null } | null;
  at: string;
}

export interface Finding {
  id: string;
  version: number;
  requirementId: string;
  title: string;
  summary: string;
  group: string;
  status: Status;
  coverage: number;
  /** Which document is meant for the requirement, whatever it says; null in runs made before that was asked. */
  addressed: { meant: boolean; documentId: string | null; documentName: string | null; why: string[] } | null;
  decidedStatus: Status | null;
  decision: Decision | null;
  assignee: string | { id: string; name: string | null } | null;
  dueOn: string | null;
  note: string | null;
  changed: boolean;
  obligations: Obligation[];
  evidence: Evidence[];
  nextStep: string;
  reasons: string[];
}

export interface WithdrawnCitation {
  citation: string;
  replacedBy: string | null;
  severity: string;
  text: string;
  documentId: string;
  documentName: string;
  page: number | null;
  start: number;
  end: number;
  quote: string;
}

export interface Run {
  id: string;
  collectionId: string;
  collectionName?: string;
  pack: { id: string; title: string; version: string };
  number: number;
  createdAt: string;
  counts: Counts;
  undecided: number;
  findings: Finding[];
  withdrawn: WithdrawnCitation[];
  documents: RunDocument[];
}

export interface RunDocument {
  id: string;
  name: string;
  revision: number;
  skipped: string | null;
}

/** What the free check hands back: a run whose documents carry their text, because nothing was kept. */
export interface CheckRun extends Omit<Run, "documents" | "id" | "collectionId"> {
  documents: (RunDocument & DocumentText)[];
}

export type CheckLine =
  | { type: "file"; name: string; state: string; refusal?: Refusal | null }
  | { type: "progress"; stage: string; done: number; total: number }
  | { type: "result"; run: CheckRun }
  | { type: "problem"; problem: { title: string; detail?: string; next?: string; code?: string } };

export interface Comparison {
  changed: {
    requirementId: string;
    title: string;
    before: Status | null;
    after: Status | null;
    beforeCoverage: number | null;
    afterCoverage: number | null;
  }[];
}

export interface HistoryEntry {
  version: number;
  at: string;
  actor: { id: string; name: string } | null;
  reason: string | null;
  changes: { field: string; before: unknown; after: unknown }[];
}
