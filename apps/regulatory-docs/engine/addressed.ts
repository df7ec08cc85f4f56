/**
 * Which document is meant for a requirement, whatever it says about it: told from its title, its headings and how much of it
 * speaks of the subject. Coverage asks what is said; a skeleton says nothing and is still the place where it belongs.
 */
import type { CompiledPack, CompiledRequirement } from "./compile.ts";
import { akin, type DocumentScore } from "./score.ts";
import type { IndexedDocument, TermBook } from "./term.ts";
import { stemsOf } from "./token.ts";

/** One document's claim to a requirement. */
export interface Claim {
  document: IndexedDocument;
  /** 0–1. */
  score: number;
  /** What its title says: the subject itself, its chapter or a neighbour, nothing in particular, or another subject. */
  title: keyof typeof TITLE;
  /** Headings that name the subject, without their numbers, the most fitting first. */
  headings: string[];
  /** Share of its sentences, items and rows that speak of the subject. */
  density: number;
}

/** How near a title brings a document to a requirement. A title of another subject leaves a section its mention. */
const TITLE = { subject: 1, part: 0.8, chapter: 0.7, neighbour: 0.6, open: 0.4, other: 0 };

/** A manual's two sentences point to a procedure; its chapter of this length is meant to be the rule itself. */
const OVERVIEW_CHARACTERS = 600;
/** Headings that this share of the documents has are a form's, and name no subject. */
const COMMON_SHARE = 0.3;
const COMMON_LEAST = 3;
/** More headings than any procedure has: what stands beyond them is not looked at. */
const MOST_HEADINGS = 2000;

/** More content words than a heading has: a line of a paragraph that the page's layout made look like one. */
const MOST_WORDS = 8;

/** A requirement's subject: the words of each of its names. */
interface Subject {
  requirement: CompiledRequirement;
  names: ReadonlySet<number>[];
}

/** Section → stems of its heading. */
type Body = Map<number, Set<number>>;

/** Claims of all documents to each requirement of the pack, best first. `scores` stand by document, then by requirement. */
export function claimsOf(
  { book, requirements }: CompiledPack,
  documents: readonly IndexedDocument[],
  scores: readonly (readonly DocumentScore[])[],
): Claim[][] {
  const bodies = bodiesOf(documents, book);
  const subjects = requirements.map((requirement): Subject => ({
    requirement,
    names: (requirement.scope[0] ?? []).map((term) => new Set(book.terms[term]?.parts.flat())),
  }));
  const claims = requirements.map((): Claim[] => []);
  documents.forEach((document, place) => {
    const { kind } = document.content;
    if (kind === "index" || kind === "withdrawn") return;
    const own = scores[place] ?? [];
    const titled = requirements.filter((_, index) => own[index]?.about.titled);
    subjects.forEach((subject, index) => {
      const score = own[index];
      if (!score || (document.overview && !mayBeManual(subject.requirement, score))) return;
      const claim = claimOf(subject, document, score, titled, bodies[place] ?? new Map());
      if (claim) claims[index]?.push(claim);
    });
  });
  return claims.map((some) => some.toSorted((a, b) => b.score - a.score));
}

function mayBeManual(requirement: CompiledRequirement, { about }: DocumentScore): boolean {
  const [carrier] = requirement.carriedBy;
  return (carrier === "manual" || carrier === "policy") && about.depth >= OVERVIEW_CHARACTERS;
}

function claimOf(
  subject: Subject,
  document: IndexedDocument,
  { about }: DocumentScore,
  titled: readonly CompiledRequirement[],
  body: Body,
): Claim | undefined {
  const { requirement } = subject;
  const { density } = about;
  const title = about.titled ? "subject" : nearnessOf(requirement, document, titled);
  // "Review" in a procedure titled "Design and development" is the design review.
  const lent = new Set([...requirement.chapterStems].filter((stemmed) => document.titleStems.has(stemmed)));
  const sections = lent.size > 0 ? [...body.keys()] : about.named;
  const named = sections
    .map((section) => ({ section, exact: exactness(body.get(section), subject, lent) }))
    .filter(({ exact }) => exact > 0)
    .toSorted((a, b) => b.exact - a.exact || a.section - b.section);
  const [best] = named;
  if (title !== "subject" && !best && density === 0) return undefined;
  const headed = new Set([...about.headed.filter((section) => body.has(section)), ...named.map((one) => one.section)]);
  const share = body.size === 0 ? 0 : headed.size / body.size;
  // Sentences alone never make a document's subject.
  let score = 0.2 * TITLE[title] + 0.2 * Math.min(1, density / 0.25);
  if (best) {
    const fit = Math.max(0, (best.exact - 0.4) / 0.6);
    score = 0.3 + 0.35 * TITLE[title] + 0.15 * fit + 0.25 * Math.min(1, share / 0.4);
  }
  if (title === "subject") score = Math.max(score, 0.75 + 0.25 * Math.min(1, 2 * Math.max(share, density)));
  const headings = named.map(({ section }) => document.structure.sections[section]?.title ?? "");
  return { document, score: Math.min(1, score), title, headings: [...new Set(headings)], density };
}

function nearnessOf(
  requirement: CompiledRequirement,
  document: IndexedDocument,
  titled: readonly CompiledRequirement[],
): Exclude<keyof typeof TITLE, "subject"> {
  if (requirement.scope[0]?.some((term) => document.titleTerms.has(term))) return "part";
  if (akin(requirement, document) > 0) return "chapter";
  if (titled.length === 0) return "open";
  return titled.some(({ id, group }) => group === requirement.group || requirement.seeAlso.includes(id))
    ? "neighbour"
    : "other";
}

/** How much of a heading is a name of the subject: "Management review" in full, "Input to management review" two thirds. */
function exactness(stems: ReadonlySet<number> | undefined, { names }: Subject, lent: ReadonlySet<number>): number {
  if (!stems || stems.size === 0) return 0;
  let best = 0;
  for (const name of names) {
    let own = 0;
    let all = true;
    for (const stemmed of name) {
      if (stems.has(stemmed)) own += 1;
      else if (!lent.has(stemmed)) all = false;
    }
    if (all) best = Math.max(best, own / stems.size);
  }
  return best;
}

/**
 * By document: the sections that say what is done. Left out are the title, purpose, definitions, responsibilities and
 * records, and headings of a form, which stand in many documents of the set.
 */
function bodiesOf(documents: readonly IndexedDocument[], book: TermBook): Body[] {
  const holders = new Map<string, number>();
  const found = documents.map(({ structure, content }) => {
    const body: Body = new Map();
    structure.sections.slice(0, MOST_HEADINGS).forEach((section, index) => {
      if (index === 0 || (index === 1 && section.title === structure.title)) return;
      if ((content.roles[index] ?? "procedure") !== "procedure") return;
      const stems = new Set(stemsOf(section.title, book.lexicon));
      if (stems.size <= MOST_WORDS) body.set(index, stems);
    });
    for (const key of new Set([...body.values()].map(keyOf))) holders.set(key, (holders.get(key) ?? 0) + 1);
    return body;
  });
  const most = Math.max(COMMON_LEAST, documents.length * COMMON_SHARE);
  for (const body of found)
    for (const [section, stems] of body) if ((holders.get(keyOf(stems)) ?? 0) >= most) body.delete(section);
  return found;
}

function keyOf(stems: ReadonlySet<number>): string {
  return [...stems].toSorted((a, b) => a - b).join(" ");
}
