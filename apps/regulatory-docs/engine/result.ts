/** What an analysis answers: the API's types, and the command line's JSON in part. */

/** `not-assessable`: documents cannot show it (records of what was done are needed). */
export type GapStatus = "covered" | "partial" | "gap" | "not-assessable";

/** How far one obligation was found. */
export type ObligationState = "seen" | "partly" | "not-seen";

/** A verbatim passage: `quote` is the document's text between `start` and `end` (UTF-16, `end` exclusive). */
export interface Evidence {
  document: string;
  name: string;
  page: number;
  start: number;
  end: number;
  quote: string;
  /** Heading the passage stands under, "" for none. */
  heading: string;
  /** Ids of the obligations it supports. */
  obligations: string[];
  /** 0–1, for ranking only. */
  score: number;
}

/** One obligation of a requirement, judged by itself. */
export interface ObligationResult {
  id: string;
  statement: string;
  state: ObligationState;
  status: GapStatus;
  /** 0–1 on the requirement's scale. */
  coverage: number;
  evidence: Evidence[];
}

/**
 * Which document is meant for a requirement, whatever it says about it. Coverage asks what is said; this asks where it
 * belongs, and tells "no procedure treats this" from "this procedure is meant for it and says nothing yet".
 */
export interface Addressed {
  /** 0–1: how plainly title, headings and passages of a document name the subject. */
  score: number;
  /** From `ADDRESSED_FROM` on: the document is meant for the requirement. */
  meant: boolean;
  /** The nearest document and its title in the text (its name where it has none); null where none speaks of the subject. */
  document: { document: string; name: string; title: string } | null;
  /** What it is told from: "its title names the subject", "its section “Rework”". */
  why: string[];
}

/** One requirement of the pack. */
export interface RequirementResult {
  id: string;
  title: string;
  group: string;
  status: GapStatus;
  /** 0–1: below `GAP_BELOW` a gap, from `COVERED_FROM` on covered unless an obligation is not seen, partial between. */
  coverage: number;
  addressed: Addressed;
  /** Best first, at most eight. */
  evidence: Evidence[];
  obligations: ObligationResult[];
  /** Plain sentences: what was found where, what was not, what was left out of account. */
  reasons: string[];
  nextStep: string;
  seeAlso: string[];
  /** Documents that treat the requirement, best first, with their own score. */
  carriers: { document: string; name: string; score: number }[];
}

/** How a document was read. */
export interface DocumentReading {
  document: string;
  name: string;
  kind: "content" | "stub" | "template" | "index" | "withdrawn";
  /** Characters that could count as coverage. */
  contentCharacters: number;
  /** Plain sentences: what was left out of account, and why. */
  notes: string[];
}

/** A citation of a section, paragraph or subpart that is no longer in force, or an old term (`hint`). */
export interface CitationFinding {
  document: string;
  name: string;
  page: number;
  start: number;
  end: number;
  /** The citation as it stands in the text. */
  quote: string;
  /** What is cited: `820.30(c)`, `Subpart C`, or the old term. */
  cited: string;
  formerHeading: string;
  /** What took its place: sections of the regulation and ISO clauses; empty lists mean nothing did. */
  replacedBy: { qmsr: string[]; iso13485: string[] };
  severity: "major" | "minor" | "hint";
  finding: string;
}

/** A whole run. The same pack and the same documents give the same run, whatever their order or names. */
export interface GapRun {
  pack: { id: string; version: string; title: string; edition: string };
  engine: string;
  requirements: RequirementResult[];
  documents: DocumentReading[];
  citations: CitationFinding[];
  summary: Record<GapStatus, number>;
}

/** Below this coverage a requirement is a gap. */
export const GAP_BELOW = 0.4;
/** From this coverage on it is covered, where no obligation is unseen. */
export const COVERED_FROM = 0.75;

/** From this claim on a document is meant for a requirement (`addressed.ts`). */
export const ADDRESSED_FROM = 0.59;

/** The status a coverage stands for. */
export function statusOf(coverage: number): GapStatus {
  if (coverage < GAP_BELOW) return "gap";
  return coverage < COVERED_FROM ? "partial" : "covered";
}
