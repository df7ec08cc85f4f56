/** How far one document treats one requirement: obligations found within passages that are about it. */
import { WORDING_WEIGHT } from "./strength.ts";
import type { Unit } from "./structure.ts";
import type { IndexedDocument } from "./term.ts";
import type { CompiledObligation, CompiledRequirement } from "./compile.ts";

/** An obligation's showing in a document. */
export interface ObligationScore {
  /** 0–1: how fully it is said, in passages how much about the requirement. */
  score: number;
  /** Best units for it, best first, with their scores. */
  units: { unit: number; score: number }[];
}

/** A requirement's showing in a document. */
export interface DocumentScore {
  /** 0–1: whether the requirement, or its chapter, is what the document is for. */
  mainness: number;
  obligations: ObligationScore[];
  /** Weighted mean of the obligations within the focus. */
  coverage: number;
  /** Characters in sections that are about the requirement: a chapter of a manual is short, a procedure is not. */
  depth: number;
  /** What title, headings and sentences say the document is about. */
  about: Aboutness;
}

/** Weights of context: a group counts in full in the unit itself and less, the further off its word stands. */
const CONTEXT = { own: 1, lead: 0.95, passage: 0.85, heading: 0.9, parent: 0.8, title: 0.75, section: 0.55 };

const ROLE_WEIGHT = { purpose: 0.55, definitions: 0.4, responsibilities: 0.8, records: 0.7, excluded: 0, procedure: 1 };

/** Scores every requirement against one document. Pure; the document's place among others has no part in it. */
export function scoreDocument(
  requirements: readonly CompiledRequirement[],
  document: IndexedDocument,
): DocumentScore[] {
  const views = requirements.map((requirement) => aboutness(requirement, document));
  const sizes = sectionSizes(document);
  const whole = Math.max(
    1,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  return requirements.map((requirement, index) => {
    const about = views[index] ?? NOT_ABOUT;
    const headed = about.headed.reduce((sum, section) => sum + (sizes[section] ?? 0), 0);
    const share = Math.min(1, Math.max(headed / whole / MAIN_SHARE, headed / MAIN_CHARACTERS));
    const mainness = about.titled ? 1 : Math.max(akin(requirement, document), share);
    return scoreRequirement(requirement, document, about, mainness);
  });
}

/** "Design review" in a procedure titled "Design and development": the title holds a word of the whole chapter. */
export function akin(requirement: CompiledRequirement, document: IndexedDocument): number {
  for (const stemmed of requirement.chapterStems) if (document.titleStems.has(stemmed)) return 0.85;
  return 0;
}

/** A subject with headings over this share of a document, or over this many characters, is one of its main subjects. */
const MAIN_SHARE = 0.3;
const MAIN_CHARACTERS = 2500;
/** What a passing treatment is worth beside the same words in a document whose subject it is. */
const SIDE_SUBJECT = 0.55;

function scoreRequirement(
  requirement: CompiledRequirement,
  document: IndexedDocument,
  about: Aboutness,
  mainness: number,
): DocumentScore {
  const factor = SIDE_SUBJECT + (1 - SIDE_SUBJECT) * mainness;
  const obligations = requirement.obligations.map((obligation) =>
    scoreObligation(obligation, document, about, mainness, factor),
  );
  let sum = 0;
  let weights = 0;
  obligations.forEach(({ score }, index) => {
    const weight = requirement.obligations[index]?.weight ?? 1;
    sum += weight * score;
    weights += weight;
  });
  const coverage = weights === 0 ? 0 : sum / weights;
  return { mainness, obligations, coverage, depth: about.depth, about };
}

/** How far a document is about a requirement's subject. */
export interface Aboutness {
  /** 0–1 by section. */
  sections: number[];
  /** The title names the subject. */
  titled: boolean;
  /** Sections whose heading, with those above it, names the subject. */
  headed: number[];
  /** Those of them whose own heading does. */
  named: number[];
  /** Share of the units that speak of the subject. */
  density: number;
  depth: number;
}

const NOT_ABOUT: Aboutness = { sections: [], titled: false, headed: [], named: [], density: 0, depth: 0 };

function aboutness(requirement: CompiledRequirement, document: IndexedDocument): Aboutness {
  const { structure, content } = document;
  const { units, sections } = structure;
  const [subject] = requirement.scope;
  const named = subject?.some((term) => document.hits.has(term) || document.titleTerms.has(term)) ?? false;
  if (!named) return NOT_ABOUT;
  const groups = requirement.scope.map((group) => hitUnits(group, document));
  const inTitle = requirement.scope.map((group) => group.some((term) => document.titleTerms.has(term)));
  const titled = inTitle.length > 0 && inTitle.every(Boolean);
  const headings = sections.map((_, index) => {
    if (index === 0) return 0;
    let here = false;
    const full = groups.every((set, group) => {
      for (let at = index; at > 0; at = sections[at]?.parent ?? 0) {
        if (!set.has(sections[at]?.heading ?? -1)) continue;
        if (at === index) here = true;
        return true;
      }
      return inTitle[group] ?? false;
    });
    return full ? (here ? 1 : 0.9) : 0;
  });
  const total = sections.map(() => 0);
  const touched = sections.map(() => 0);
  const size = sectionSizes(document);
  units.forEach((unit, index) => {
    if (unit.kind === "heading" || content.readings[index]?.exclusion) return;
    const { section } = unit;
    total[section] = (total[section] ?? 0) + 1;
    const heading = sections[section]?.heading ?? -1;
    const here = (set: Set<number>): boolean => set.has(index) || set.has(unit.lead) || set.has(heading);
    if (groups.every(here)) touched[section] = (touched[section] ?? 0) + 1;
  });
  const allUnits = total.reduce((sum, count) => sum + count, 0);
  const allTouched = touched.reduce((sum, count) => sum + count, 0);
  const density = allUnits === 0 ? 0 : allTouched / allUnits;
  const base = titled ? 0.9 : Math.min(0.7, density * 4);
  const scores = sections.map((_, index) => {
    const share = (touched[index] ?? 0) / Math.max(3, total[index] ?? 0);
    return Math.max(headings[index] ?? 0, base, Math.min(0.8, share * 1.6));
  });
  let depth = 0;
  const headed: number[] = [];
  const ownHeading: number[] = [];
  scores.forEach((score, index) => {
    if (score >= 0.5) depth += size[index] ?? 0;
    if ((headings[index] ?? 0) > 0) headed.push(index);
    if ((headings[index] ?? 0) === 1) ownHeading.push(index);
  });
  return { sections: scores, titled, headed, named: ownHeading, density, depth };
}

const sizesOf = new WeakMap<IndexedDocument, number[]>();

/** Characters that count, by section. Computed once a document. */
function sectionSizes(document: IndexedDocument): number[] {
  const known = sizesOf.get(document);
  if (known) return known;
  const size = document.structure.sections.map(() => 0);
  document.structure.units.forEach((unit, index) => {
    if (unit.kind === "heading" || document.content.readings[index]?.exclusion) return;
    size[unit.section] = (size[unit.section] ?? 0) + unit.end - unit.start;
  });
  sizesOf.set(document, size);
  return size;
}

function scoreObligation(
  obligation: CompiledObligation,
  document: IndexedDocument,
  about: Aboutness,
  mainness: number,
  factor: number,
): ObligationScore {
  if (about.sections.length === 0) return { score: 0, units: [] };
  const { structure, content } = document;
  const { units } = structure;
  const place = scratchOf(document);
  const candidates: number[] = [];
  let titleMask = 0;
  obligation.groups.forEach((group, index) => {
    const bit = 1 << index;
    for (const term of group) {
      if (document.titleTerms.has(term)) titleMask |= bit;
      for (const at of document.hits.get(term) ?? []) mark(place, units, at, bit, candidates);
    }
  });
  similarity(obligation, document, place, candidates);
  const scored: { unit: number; score: number }[] = [];
  for (const index of candidates) {
    const unit = units[index];
    if (!unit || unit.kind === "heading") continue;
    const near = about.sections[unit.section] ?? 0;
    if (near < 0.05) continue;
    const terms = inContext(obligation.groups.length, index, unit, document, place, titleMask);
    const alike = Math.min(1, Math.max(0, ((place.words[index] ?? 0) / obligation.wordWeight - 0.25) / 0.4));
    // In the subject's own procedure "per SOP-4" is a detail; elsewhere it sends the reader away.
    const wording = content.readings[index]?.wording ?? "practice";
    const pointing = wording === "pointer" || (unit.lead >= 0 && content.readings[unit.lead]?.wording === "pointer");
    const firm = pointing ? WORDING_WEIGHT.pointer + 0.45 * mainness : WORDING_WEIGHT[wording];
    const role = ROLE_WEIGHT[content.roles[unit.section] ?? "procedure"];
    const score = Math.max(terms, 0.7 * alike) * firm * role * near * factor * (isHead(units, index) ? 0.5 : 1);
    if (score > 0.05) scored.push({ unit: index, score });
  }
  for (const index of candidates) clear(place, units, index);
  scored.sort((a, b) => b.score - a.score || a.unit - b.unit);
  return { score: scored[0]?.score ?? 0, units: scored.slice(0, 6) };
}

/** Which groups a unit shows: in its own words in full, through its surroundings in part. */
function inContext(
  count: number,
  index: number,
  unit: Unit,
  document: IndexedDocument,
  place: Scratch,
  titleMask: number,
): number {
  if (count === 0) return 0;
  const { sections } = document.structure;
  const own = place.units[index] ?? 0;
  const lead = unit.lead >= 0 ? (place.units[unit.lead] ?? 0) : 0;
  const heading = place.units[sections[unit.section]?.heading ?? -1] ?? 0;
  const passage = place.passages[unit.passage] ?? 0;
  const section = place.sections[unit.section] ?? 0;
  let parents = 0;
  for (let at = sections[unit.section]?.parent ?? 0; at > 0; at = sections[at]?.parent ?? 0) {
    parents |= place.units[sections[at]?.heading ?? -1] ?? 0;
  }
  let sum = 0;
  let found = 0;
  let close = 0;
  for (let group = 0; group < count; group += 1) {
    const bit = 1 << group;
    let weight = 0;
    if (own & bit) weight = CONTEXT.own;
    else if (lead & bit) weight = CONTEXT.lead;
    else if (heading & bit) weight = CONTEXT.heading;
    else if (passage & bit) weight = CONTEXT.passage;
    else if (parents & bit) weight = CONTEXT.parent;
    else if (titleMask & bit) weight = CONTEXT.title;
    else if (section & bit) weight = CONTEXT.section;
    if (weight > 0) found += 1;
    if (weight >= CONTEXT.lead) close += 1;
    sum += weight;
  }
  // What is said must mostly be said here: title and headings lend the subject, not the statement.
  return (sum / count) * (found / count) * (close >= count / 2 ? 1 : 0.7);
}

/** Working marks of one document, cleared after each obligation: groups seen as bits, words as weights. */
interface Scratch {
  units: Uint32Array;
  passages: Uint32Array;
  sections: Uint32Array;
  words: Float64Array;
  listed: Uint8Array;
}

const scratches = new WeakMap<IndexedDocument, Scratch>();

function scratchOf(document: IndexedDocument): Scratch {
  let scratch = scratches.get(document);
  if (!scratch) {
    const { units, sections } = document.structure;
    scratch = {
      units: new Uint32Array(units.length),
      passages: new Uint32Array((units.at(-1)?.passage ?? 0) + 1),
      sections: new Uint32Array(sections.length),
      words: new Float64Array(units.length),
      listed: new Uint8Array(units.length),
    };
    scratches.set(document, scratch);
  }
  return scratch;
}

function mark(place: Scratch, units: readonly Unit[], index: number, bit: number, candidates: number[]): void {
  const unit = units[index];
  if (!unit) return;
  place.units[index] = (place.units[index] ?? 0) | bit;
  place.passages[unit.passage] = (place.passages[unit.passage] ?? 0) | bit;
  place.sections[unit.section] = (place.sections[unit.section] ?? 0) | bit;
  if (place.listed[index]) return;
  place.listed[index] = 1;
  candidates.push(index);
}

function clear(place: Scratch, units: readonly Unit[], index: number): void {
  const unit = units[index];
  if (!unit) return;
  place.units[index] = 0;
  place.passages[unit.passage] = 0;
  place.sections[unit.section] = 0;
  place.words[index] = 0;
  place.listed[index] = 0;
}

/** Weights of the statement's telling words, by unit: a second way in for texts in other words than the pack's. */
function similarity(
  obligation: CompiledObligation,
  document: IndexedDocument,
  place: Scratch,
  candidates: number[],
): void {
  for (const [stemmed, weight] of obligation.words) {
    for (const index of document.unitsOfWord.get(stemmed) ?? []) {
      place.words[index] = (place.words[index] ?? 0) + weight;
      if (place.listed[index]) continue;
      place.listed[index] = 1;
      candidates.push(index);
    }
  }
}

/** The head of a table names columns; it states nothing. */
function isHead(units: readonly Unit[], index: number): boolean {
  const unit = units[index];
  const next = units[index + 1];
  return unit?.kind === "row" && unit.lead < 0 && next?.kind === "row" && next.passage === unit.passage;
}

function hitUnits(group: readonly number[], document: IndexedDocument): Set<number> {
  const found = new Set<number>();
  for (const term of group) for (const unit of document.hits.get(term) ?? []) found.add(unit);
  return found;
}
