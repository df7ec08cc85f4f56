/** The analysis: documents read one by one, requirements scored per document, then combined. Pure and deterministic. */
import { claimsOf } from "./addressed.ts";
import { type CompiledPack, compilePack } from "./compile.ts";
import { type CitationList, findCitations } from "./citation.ts";
import type { AnalysisDocument } from "./document.ts";
import { type ContentMap, contentOf } from "./exclusion.ts";
import type { Pack } from "./pack.ts";
import { type DocumentScore, scoreDocument } from "./score.ts";
import { structureOf } from "./structure.ts";
import { type IndexedDocument, indexDocument } from "./term.ts";
import type { GapRun, GapStatus, RequirementResult } from "./result.ts";
import { explain, readingOf } from "./explain.ts";

/** Version of the method; a run states it, and equal versions give equal results. */
export const ENGINE_VERSION = "gap-2";

/** A document's part in a requirement. */
export interface Showing {
  document: IndexedDocument;
  score: DocumentScore;
  /** The score after the document's kind is taken into account: templates and overviews count less. */
  coverage: number;
}

/** Most a template full of prompts can score: enough to rank it, never enough to leave the gap. */
const TEMPLATE_CEILING = 0.2;

/** Analyses documents against a pack, and looks for withdrawn citations when given their list. Neither their order nor their names or ids change any judgement. */
export function analyse(pack: Pack, documents: readonly AnalysisDocument[], citationList?: CitationList): GapRun {
  const compiled = compilePack(pack);
  const indexed = documents.map((document) => readDocument(document, compiled)).toSorted(byText);
  const scores = indexed.map((document) => scoreDocument(compiled.requirements, document));
  const claims = claimsOf(compiled, indexed, scores);
  const requirements = pack.requirements.map((requirement, index): RequirementResult => {
    const form = compiled.requirements[index];
    if (!form) throw new Error(`the pack ${pack.id} changed while it was read`);
    const showings = indexed
      .flatMap((document, place): Showing[] => {
        const score = scores[place]?.[index];
        return score ? [{ document, score, coverage: weigh(score, document, form.carriedBy) }] : [];
      })
      .toSorted((a, b) => b.coverage - a.coverage);
    return explain(requirement, form, showings, claims[index] ?? []);
  });
  const summary: Record<GapStatus, number> = { covered: 0, partial: 0, gap: 0, "not-assessable": 0 };
  for (const { status } of requirements) summary[status] += 1;
  return {
    pack: { id: pack.id, version: pack.version, title: pack.title, edition: pack.edition },
    engine: ENGINE_VERSION,
    requirements,
    documents: indexed.map(readingOf),
    citations: citationList ? indexed.flatMap((document) => findCitations(document, citationList)) : [],
    summary,
  };
}

/** Structure, readings and index of one document. */
export function readDocument(document: AnalysisDocument, compiled: CompiledPack): IndexedDocument {
  const structure = structureOf(document);
  const content = contentOf(structure);
  return indexDocument(
    structure,
    content.kind === "template" ? withPrompts(content) : content,
    compiled.book,
    compiled.queryStems,
  );
}

/** A template is read with its prompts, so that the report can say what it is meant for; its score stays under the ceiling. */
function withPrompts(content: ContentMap): ContentMap {
  const readings = content.readings.map((reading) =>
    reading.exclusion === "placeholder" ? { exclusion: undefined, wording: "practice" as const } : reading,
  );
  return { ...content, readings };
}

function weigh(score: DocumentScore, document: IndexedDocument, carriedBy: readonly string[]): number {
  const { kind } = document.content;
  if (kind === "stub" || kind === "index" || kind === "withdrawn") return 0;
  const coverage = calibrate(score.coverage);
  if (kind === "template") return TEMPLATE_CEILING * coverage;
  if (document.overview && carriedBy[0] !== "manual" && carriedBy[0] !== "policy") {
    const floor = carriedBy.includes("manual") ? 0.6 : 0.25;
    // A manual that gives a subject two sentences points to a procedure; one that gives it pages is the procedure.
    return coverage * Math.min(1, floor + (1 - floor) * Math.max(0, (score.depth - 600) / 1800));
  }
  return coverage;
}

/** Stretches the raw mean to the scale on which `GAP_BELOW` and `COVERED_FROM` cut. Monotone. */
export function calibrate(raw: number): number {
  return Math.min(1, Math.max(0, raw));
}

/** A fixed order that depends on the text alone, so that ties fall the same way however the files came. */
function byText(left: IndexedDocument, right: IndexedDocument): number {
  const a = left.structure.document.text;
  const b = right.structure.document.text;
  return a < b ? -1 : a > b ? 1 : 0;
}
