/** From scores to a result a person can check: combined coverage, ranked quotes, reasons, the next step. */
import type { Showing } from "./analyse.ts";
import type { Claim } from "./addressed.ts";
import type { CompiledRequirement } from "./compile.ts";
import type { Exclusion } from "./exclusion.ts";
import type { Requirement } from "./pack.ts";
import {
  type Addressed,
  ADDRESSED_FROM,
  COVERED_FROM,
  type DocumentReading,
  type Evidence,
  GAP_BELOW,
  type GapStatus,
  type ObligationResult,
  type ObligationState,
  type RequirementResult,
  statusOf,
} from "./result.ts";
import type { IndexedDocument } from "./term.ts";

/** What a second document adds to an obligation the first one lacks. */
const SECOND_DOCUMENT = 0.6;
const MOST_EVIDENCE = 8;

/** Combines the showings and claims of all documents, each best first, into the requirement's result. */
export function explain(
  requirement: Requirement,
  form: CompiledRequirement,
  showings: readonly Showing[],
  claims: readonly Claim[],
): RequirementResult {
  const carriers = showings.filter((showing) => showing.coverage > 0);
  const best = carriers[0];
  const obligations = form.obligations.map((obligation, index): ObligationResult => {
    let coverage = 0;
    for (const showing of carriers) {
      const raw = (showing.score.obligations[index]?.score ?? 0) * damping(showing);
      coverage = Math.max(coverage, showing === best ? raw : SECOND_DOCUMENT * raw);
    }
    const evidence = carriers
      .slice(0, 5)
      .flatMap((showing) => evidenceFor(showing, [index], [obligation.id]))
      .toSorted(byScore)
      .slice(0, 3);
    const state: ObligationState = coverage >= COVERED_FROM ? "seen" : coverage >= GAP_BELOW ? "partly" : "not-seen";
    return {
      id: obligation.id,
      statement: obligation.statement,
      state,
      status: statusOf(coverage),
      coverage: round(coverage),
      evidence,
    };
  });
  let sum = 0;
  let weights = 0;
  obligations.forEach((obligation, index) => {
    const weight = form.obligations[index]?.weight ?? 1;
    sum += weight * obligation.coverage;
    weights += weight;
  });
  const coverage = round(weights === 0 ? 0 : sum / weights);
  const status = requirement.assessable === "records" ? "not-assessable" : statusWith(coverage, obligations);
  const claim = chosen(claims, carriers);
  const addressed = addressedBy(claim);
  return {
    id: requirement.id,
    title: requirement.title,
    group: requirement.group ?? "",
    status,
    coverage,
    addressed,
    evidence: status === "gap" && coverage < 0.1 ? [] : merged(carriers, form),
    obligations,
    reasons: reasonsFor(requirement, obligations, carriers, status, addressed, claim),
    nextStep: requirement.nextStep ?? "",
    seeAlso: requirement.seeAlso ?? [],
    carriers: carriers
      .filter((showing) => showing.coverage >= 0.1)
      .slice(0, 5)
      .map((showing) => ({
        document: showing.document.structure.document.id,
        name: showing.document.structure.document.name,
        score: round(showing.coverage),
      })),
  };
}

/** Covered is a promise to the reader: no mean makes up for an obligation that nothing speaks of. */
function statusWith(coverage: number, obligations: readonly ObligationResult[]): GapStatus {
  const status = statusOf(coverage);
  return status === "covered" && obligations.some(({ state }) => state === "not-seen") ? "partial" : status;
}

/** How much of a document's raw showing survives its kind (template, overview). */
function damping(showing: Showing): number {
  return showing.score.coverage <= 0 ? 0 : Math.min(1, showing.coverage / showing.score.coverage);
}

function merged(carriers: readonly Showing[], form: CompiledRequirement): Evidence[] {
  const byPlace = new Map<string, Evidence>();
  for (const showing of carriers.slice(0, 5)) {
    form.obligations.forEach((obligation, index) => {
      for (const evidence of evidenceFor(showing, [index], [obligation.id])) {
        const key = `${evidence.document} ${evidence.start} ${evidence.end}`;
        const known = byPlace.get(key);
        if (!known) byPlace.set(key, evidence);
        else {
          known.obligations = [...new Set([...known.obligations, ...evidence.obligations])];
          known.score = Math.max(known.score, evidence.score);
        }
      }
    });
  }
  return [...byPlace.values()].toSorted(byScore).slice(0, MOST_EVIDENCE);
}

function evidenceFor(showing: Showing, indexes: readonly number[], ids: readonly string[]): Evidence[] {
  const { structure, content } = showing.document;
  if (content.kind !== "content") return [];
  const factor = damping(showing);
  const { document, units, sections } = structure;
  const out: Evidence[] = [];
  for (const index of indexes) {
    for (const { unit: place, score } of showing.score.obligations[index]?.units.slice(0, 3) ?? []) {
      const unit = units[place];
      if (!unit || score * factor < 0.2) continue;
      out.push({
        document: document.id,
        name: document.name,
        page: unit.page,
        start: unit.start,
        end: unit.end,
        quote: document.text.slice(unit.start, unit.end),
        heading: sections[unit.section]?.title ?? "",
        obligations: [...ids],
        score: round(score * factor),
      });
    }
  }
  return out;
}

const MOST_HEADINGS = 3;
/** A share of passages below this says nothing about what a document is for. */
const DENSITY_TOLD = 0.1;

/** Of the documents meant for it the one that says most: an old title page beside the procedure is not where to look. */
function chosen(claims: readonly Claim[], carriers: readonly Showing[]): Claim | undefined {
  const worth = (claim: Claim): number =>
    claim.score + (carriers.find(({ document }) => document === claim.document)?.coverage ?? 0) / 2;
  const meant = claims.filter(({ score }) => score >= ADDRESSED_FROM);
  return meant.toSorted((a, b) => worth(b) - worth(a))[0] ?? claims[0];
}

function addressedBy(claim: Claim | undefined): Addressed {
  if (!claim) return { score: 0, meant: false, document: null, why: [] };
  const { id, name } = claim.document.structure.document;
  const why: string[] = [];
  if (claim.title === "subject") why.push("its title names the subject");
  if (claim.headings.length > 0) {
    const shown = claim.headings.slice(0, MOST_HEADINGS).map((heading) => `“${heading}”`);
    why.push(`its section${shown.length > 1 ? "s" : ""} ${shown.join(", ")}`);
  }
  if (claim.density >= DENSITY_TOLD) why.push(`${Math.round(100 * claim.density)} % of its passages speak of it`);
  return {
    score: round(claim.score),
    meant: claim.score >= ADDRESSED_FROM,
    document: { document: id, name, title: titleOf(claim.document) },
    why,
  };
}

function titleOf({ structure }: IndexedDocument): string {
  return structure.title || structure.document.name;
}

function reasonsFor(
  requirement: Requirement,
  obligations: readonly ObligationResult[],
  carriers: readonly Showing[],
  status: GapStatus,
  addressed: Addressed,
  claim: Claim | undefined,
): string[] {
  const reasons: string[] = [];
  const [best] = carriers;
  const list = (state: ObligationState): string =>
    obligations
      .filter((obligation) => obligation.state === state)
      .map((obligation) => `(${obligation.id}) ${obligation.statement}`)
      .join(" ");
  if (status === "not-assessable") reasons.push("Documents alone cannot show this: it needs records of what was done.");
  if (claim && addressed.meant) reasons.push(...meantFor(claim, addressed, best));
  else reasons.push(...meantByNone(best));
  const seen = list("seen");
  const partly = list("partly");
  const missing = list("not-seen");
  if (seen) reasons.push(`Seen: ${seen}`);
  if (partly) reasons.push(`Partly seen: ${partly}`);
  if (missing) reasons.push(`Not seen: ${missing}`);
  if (requirement.assessable === "partly")
    reasons.push("Records must show the rest: the documents can only promise it.");
  if (best?.document.overview && best.document.content.kind === "content")
    reasons.push("The best passage stands in a manual or overview, which counts less than a procedure.");
  return reasons;
}

/** Where the requirement belongs, and how far that document has come. */
function meantFor(claim: Claim, addressed: Addressed, best: Showing | undefined): string[] {
  const { kind } = claim.document.content;
  const reasons = [`“${titleOf(claim.document)}” is meant for this: ${addressed.why.join("; ")}.`];
  if (kind === "template") reasons.push("It holds prompts and empty fields instead of content.");
  else if (kind === "stub") reasons.push("It has hardly any content yet.");
  else if (!best || best.coverage < GAP_BELOW) reasons.push("It does not settle the subject.");
  if (best && best.document !== claim.document && best.coverage >= GAP_BELOW)
    reasons.push(`Most of what was found stands in “${titleOf(best.document)}”.`);
  return reasons;
}

function meantByNone(best: Showing | undefined): string[] {
  if (!best) return ["No document is meant for this, and none treats the subject."];
  const name = `“${titleOf(best.document)}”`;
  if (best.document.content.kind === "template")
    return [`No document is meant for this. The nearest, ${name}, holds prompts and empty fields instead of content.`];
  if (best.coverage < GAP_BELOW)
    return [`No document is meant for this. The nearest, ${name}, touches the subject without settling it.`];
  return [`No document has this as its subject: ${name} treats it beside others.`];
}

const EXCLUDED: Readonly<Record<Exclusion, string>> = {
  contents: "lines of a table of contents",
  mapping: "rows that map clauses to documents",
  "document-list": "entries of a list of documents",
  references: "entries under references",
  "revision-history": "entries of the revision history",
  "front-matter": "lines of metadata",
  code: "lines of code",
  placeholder: "prompts and empty fields",
  denied: "statements that something does not exist or does not apply",
  deferred: "statements that put something off",
};

/** How a document was read, in plain words. */
export function readingOf(indexed: IndexedDocument): DocumentReading {
  const { structure, content } = indexed;
  const notes: string[] = [];
  if (content.kind === "stub")
    notes.push(`Only ${content.contentCharacters} characters of content: a stub is not counted.`);
  if (content.kind === "template")
    notes.push("Prompts and empty fields outweigh the content: a template is not counted.");
  if (content.kind === "index") notes.push("Mostly lists of clauses or documents: an index is not counted.");
  if (content.kind === "withdrawn") notes.push("The document says it is no longer in force: it is not counted.");
  if (structure.cut) notes.push("The text is longer than is read at once: its end was not looked at. Split it.");
  if (indexed.overview) notes.push("A manual or overview: what belongs into procedures counts less here.");
  for (const [reason, count] of Object.entries(content.counts)) {
    notes.push(`Left out of account: ${count} ${EXCLUDED[isExclusion(reason) ? reason : "references"]}.`);
  }
  const { document } = structure;
  return {
    document: document.id,
    name: document.name,
    kind: content.kind,
    contentCharacters: content.contentCharacters,
    notes,
  };
}

function isExclusion(reason: string): reason is Exclusion {
  return Object.hasOwn(EXCLUDED, reason);
}

function byScore(left: Evidence, right: Evidence): number {
  return right.score - left.score || left.start - right.start || left.quote.localeCompare(right.quote, "en");
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
