/** How far one document treats one requirement: obligations found within passages that are about it. */
import { WORDING_WEIGHT } from "./strength.ts";
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
}

/** Weights of context: a group counts in full in the unit itself and less, the further off its word stands. */
const CONTEXT = { own: 1, lead: 0.95, passage: 0.85, heading: 0.9, parent: 0.8, title: 0.75, section: 0.55 };

const ROLE_WEIGHT = { purpose: 0.55, definitions: 0.4, responsibilities: 0.8, records: 0.7, excluded: 0, procedure: 1 };

/** Scores every requirement against one document. Pure; the document's place among others has no part in it. */
export function scoreDocument(requirements: readonly CompiledRequirement[], document: IndexedDocument): DocumentScore[] {
  const views = requirements.map((requirement) => aboutness(requirement, document));
  const sizes = sectionSizes(document);
  const whole = Math.max(1, sizes.reduce((sum, size) => sum + size, 0));
  return requirements.map((requirement, index) => {
    const about = views[index] ?? { sections: [], titled: false, headed: [], depth: 0 };
    const headed = about.headed.reduce((sum, section) => sum + (sizes[section] ?? 0), 0);
    const share = Math.min(1, Math.max(headed / whole / MAIN_SHARE, headed / MAIN_CHARACTERS));
    const mainness = about.titled ? 1 : Math.max(akin(requirement, document), share);
    return scoreRequirement(requirement, document, about, mainness);
  });
}

/** "Design review" in a procedure titled "Design and development": the title holds a word of the whole chapter. */
function akin(requirement: CompiledRequirement, document: IndexedDocument): number {
  for (const stemmed of requirement.chapterStems) if (document.titleStems.has(stemmed)) return 0.85;
  return 0;
}

/** A subject with headings over this share of a document, or over this many characters, is one of its main subjects. */
const MAIN_SHARE = 0.3;
const MAIN_CHARACTERS = 2500;
/** What a passing treatment is worth beside the same words in a document whose subject it is. */
const SIDE_SUBJECT = 0.55;

function scoreRequirement(requirement: CompiledRequirement, document: IndexedDocument, about: Aboutness, mainness: number): DocumentScore {
  const factor = SIDE_SUBJECT + (1 - SIDE_SUBJECT) * mainness;
  const obligations = requirement.obligations.map((obligation) => scoreObligation(obligation, document, about, mainness, factor));
  let sum = 0;
  let weights = 0;
  obligations.forEach(({ score }, index) => {
    const weight = requirement.obligations[index]?.weight ?? 1;
    sum += weight * score;
    weights += weight;
  });
  const coverage = weights === 0 ? 0 : sum / weights;
  return { mainness, obligations, coverage, depth: about.depth };
}

interface Aboutness {
  /** 0–1 by section. */
  sections: number[];
  /** The title names the subject. */
  titled: boolean;
  /** Sections whose heading, with those above it, names the subject. */
  headed: number[];
  depth: number;
}

function aboutness(requirement: CompiledRequirement, document: IndexedDocument): Aboutness {
  const { structure, content } = document;
  const { units, sections } = structure;
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
  scores.forEach((score, index) => {
    if (score >= 0.5) depth += size[index] ?? 0;
    if ((headings[index] ?? 0) > 0) headed.push(index);
  });
  return { sections: scores, titled, headed, depth };
}

/** Characters that count, by section. */
function sectionSizes(document: IndexedDocument): number[] {
  const size = document.structure.sections.map(() => 0);
  document.structure.units.forEach((unit, index) => {
    if (unit.kind === "heading" || document.content.readings[index]?.exclusion) return;
    size[unit.section] = (size[unit.section] ?? 0) + unit.end - unit.start;
  });
  return size;
}

function scoreObligation(obligation: CompiledObligation, document: IndexedDocument, about: Aboutness, mainness: number, factor: number): ObligationScore {
  const { structure, content, titleTerms } = document;
  const { units, sections } = structure;
  const own = obligation.groups.map((group) => hitUnits(group, document));
  const inTitle = obligation.groups.map((group) => group.some((term) => titleTerms.has(term)));
  const candidates = new Set<number>();
  for (const set of own) for (const unit of set) if (units[unit]?.kind !== "heading") candidates.add(unit);
  const similar = similarity(obligation, document);
  for (const unit of similar.keys()) candidates.add(unit);
  const passages = own.map((set) => new Set([...set].map((unit) => units[unit]?.passage ?? -1)));
  const inSection = own.map((set) => new Set([...set].map((unit) => units[unit]?.section ?? -1)));
  const scored: { unit: number; score: number }[] = [];
  for (const index of candidates) {
    const unit = units[index];
    if (!unit) continue;
    let sum = 0;
    let found = 0;
    for (let group = 0; group < own.length; group += 1) {
      const set = own[group];
      let weight = 0;
      if (set?.has(index)) weight = CONTEXT.own;
      else if (unit.lead >= 0 && set?.has(unit.lead)) weight = CONTEXT.lead;
      else if (set?.has(sections[unit.section]?.heading ?? -1)) weight = CONTEXT.heading;
      else if (passages[group]?.has(unit.passage)) weight = CONTEXT.passage;
      else {
        for (let at = sections[unit.section]?.parent ?? 0; at > 0; at = sections[at]?.parent ?? 0) {
          if (set?.has(sections[at]?.heading ?? -1)) weight = CONTEXT.parent;
        }
        if (weight === 0 && inTitle[group]) weight = CONTEXT.title;
        if (weight === 0 && inSection[group]?.has(unit.section)) weight = CONTEXT.section;
      }
      if (weight > 0) found += 1;
      sum += weight;
    }
    const count = Math.max(1, own.length);
    const terms = own.length === 0 ? 0 : (sum / count) * (found / count);
    const alike = similar.get(index) ?? 0;
    const wording = content.readings[index]?.wording ?? "practice";
    const role = ROLE_WEIGHT[content.roles[unit.section] ?? "procedure"];
    // In the subject's own procedure "per SOP-4" is a detail; elsewhere it sends the reader away.
    const pointing = wording === "pointer" || (unit.lead >= 0 && content.readings[unit.lead]?.wording === "pointer");
    const firm = pointing ? WORDING_WEIGHT.pointer + 0.45 * mainness : WORDING_WEIGHT[wording];
    const strength = firm * role * (about.sections[unit.section] ?? 0) * factor;
    const score = Math.max(terms, 0.7 * alike) * strength;
    if (score > 0.05) scored.push({ unit: index, score });
  }
  scored.sort((a, b) => b.score - a.score || a.unit - b.unit);
  return { score: scored[0]?.score ?? 0, units: scored.slice(0, 6) };
}

/** Share of the statement's telling words in a unit with its lead and heading, above what chance gives. */
function similarity(obligation: CompiledObligation, document: IndexedDocument): Map<number, number> {
  const { units } = document.structure;
  const sums = new Map<number, number>();
  for (const [stemmed, weight] of obligation.words) {
    for (const unit of document.unitsOfWord.get(stemmed) ?? []) {
      sums.set(unit, (sums.get(unit) ?? 0) + weight);
    }
  }
  const out = new Map<number, number>();
  for (const [index, sum] of sums) {
    const unit = units[index];
    if (!unit || unit.kind === "heading") continue;
    const share = sum / obligation.wordWeight;
    const shaped = Math.min(1, Math.max(0, (share - 0.25) / 0.4));
    if (shaped > 0) out.set(index, shaped);
  }
  return out;
}

function hitUnits(group: readonly number[], document: IndexedDocument): Set<number> {
  const found = new Set<number>();
  for (const term of group) for (const unit of document.hits.get(term) ?? []) found.add(unit);
  return found;
}
