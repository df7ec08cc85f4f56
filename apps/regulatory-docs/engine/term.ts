/** Finding a pack's words in a document: terms are compiled to stems, documents to postings, hits are units. */
import type { ContentMap } from "./exclusion.ts";
import type { Structure } from "./structure.ts";
import { Lexicon, type TokenList, stemsOf, tokenise } from "./token.ts";

/** One alternative of a group: its parts must all stand in one unit ("a ~ b"), each part as a phrase. */
export interface Term {
  /** Number of the term, the same for equal terms. */
  id: number;
  parts: number[][];
}

/** Compiles alternatives; equal terms share a number, so that each is looked up once in a document. */
export class TermBook {
  readonly lexicon = new Lexicon();
  readonly terms: Term[] = [];
  readonly #byKey = new Map<string, Term>();

  /** The term of an alternative, or undefined when it holds no content word. */
  compile(alternative: string): Term | undefined {
    const parts = alternative
      .split("~")
      .map((part) => stemsOf(part, this.lexicon))
      .filter((stems) => stems.length > 0);
    if (parts.length === 0) return undefined;
    const key = parts.map((stems) => stems.join(" ")).join("~");
    let term = this.#byKey.get(key);
    if (!term) {
      term = { id: this.terms.length, parts };
      this.#byKey.set(key, term);
      this.terms.push(term);
    }
    return term;
  }
}

/** A document ready to be asked: which units hold which term. */
export interface IndexedDocument {
  structure: Structure;
  content: ContentMap;
  /** Term number → units that hold it, ascending, counting units and headings only. */
  hits: Map<number, number[]>;
  /** Terms in the document's title. */
  titleTerms: Set<number>;
  titleStems: ReadonlySet<number>;
  /** A manual or another overview of the whole system. */
  overview: boolean;
  /** Stem a statement asks for → units that hold it, ascending. */
  unitsOfWord: Map<number, number[]>;
}

/** Tokenises a document and finds every term of the book in it. */
export function indexDocument(
  structure: Structure,
  content: ContentMap,
  book: TermBook,
  queryStems: ReadonlySet<number>,
): IndexedDocument {
  const { units } = structure;
  const { text } = structure.document;
  const tokens: TokenList = { stems: [], starts: [], ends: [] };
  const unitOf: number[] = [];
  const unitsOfWord = new Map<number, number[]>();
  const postings = new Map<number, number[]>();
  units.forEach((unit, index) => {
    if (content.readings[index]?.exclusion) return;
    const from = tokens.stems.length;
    tokenise(text, unit.start, unit.end, book.lexicon, tokens);
    for (let at = from; at < tokens.stems.length; at += 1) {
      unitOf.push(index);
      const stemmed = tokens.stems[at] ?? -1;
      const places = postings.get(stemmed);
      if (places) places.push(at);
      else postings.set(stemmed, [at]);
      if (!queryStems.has(stemmed)) continue;
      const holders = unitsOfWord.get(stemmed);
      if (!holders) unitsOfWord.set(stemmed, [index]);
      else if (holders.at(-1) !== index) holders.push(index);
    }
  });
  const title = new Set(stemsOf(structure.title, book.lexicon));
  const hits = new Map<number, number[]>();
  const titleTerms = new Set<number>();
  for (const term of book.terms) {
    if (term.parts.every((part) => part.every((stemmed) => title.has(stemmed)))) titleTerms.add(term.id);
    let found: number[] | undefined;
    for (const part of term.parts) {
      const here = phraseUnits(part, tokens.stems, unitOf, postings);
      found = found ? intersect(found, here) : here;
      if (found.length === 0) break;
    }
    if (found && found.length > 0) hits.set(term.id, found);
  }
  return {
    structure,
    content,
    hits,
    titleTerms,
    titleStems: title,
    unitsOfWord,
    overview: OVERVIEW.test(structure.title),
  };
}

/** Units where all stems of a phrase stand close together, in any order ("supplier evaluation", "evaluation of suppliers"). */
function phraseUnits(
  part: readonly number[],
  stems: readonly number[],
  unitOf: readonly number[],
  postings: ReadonlyMap<number, number[]>,
): number[] {
  let rarest: number[] | undefined;
  for (const stemmed of part) {
    const places = postings.get(stemmed);
    if (!places) return [];
    if (!rarest || places.length < rarest.length) rarest = places;
  }
  const found: number[] = [];
  if (!rarest) return found;
  // One foreign content word may stand between the words of a phrase of two, two in longer ones.
  const slack = part.length === 1 ? 0 : part.length + 1;
  for (const at of rarest) {
    const unit = unitOf[at] ?? -1;
    if (found.at(-1) === unit) continue;
    if (part.length === 1 || within(part, stems, unitOf, at, unit, slack)) found.push(unit);
  }
  return found;
}

function within(
  part: readonly number[],
  stems: readonly number[],
  unitOf: readonly number[],
  at: number,
  unit: number,
  width: number,
): boolean {
  const first = Math.max(0, at - width + 1);
  for (let start = first; start <= at; start += 1) {
    if (unitOf[start] !== unit) continue;
    const end = Math.min(stems.length, start + width);
    let all = true;
    for (const stemmed of part) {
      let seen = false;
      for (let look = start; look < end && unitOf[look] === unit; look += 1) {
        if (stems[look] === stemmed) {
          seen = true;
          break;
        }
      }
      if (!seen) {
        all = false;
        break;
      }
    }
    if (all) return true;
  }
  return false;
}

function intersect(left: readonly number[], right: readonly number[]): number[] {
  const other = new Set(right);
  return left.filter((unit) => other.has(unit));
}

const OVERVIEW =
  /\b(?:quality|management system|qms|company|system|organi[sz]ation|operations|policy) (?:management )?(?:system )?manual\b|^manual$|\bsystem (?:overview|description)\b|\bhandbook\b/i;
