/** Words of a text as stems with their places. One linear scan, no backtracking: hostile text costs what it weighs. */
import { JOINING_PREFIXES, SAME_WORD, STOP_WORDS } from "./vocabulary.ts";

/** Content words of a text, in order. `starts` and `ends` are UTF-16 offsets into the text given. */
export interface TokenList {
  stems: number[];
  starts: number[];
  ends: number[];
}

const STEM_RULES: readonly (readonly [suffix: string, keep: number, replacement: string])[] = [
  // Longest first; `keep` is the shortest stem that must remain in front of the suffix.
  ["ibilities", 5, ""],
  ["ibility", 5, ""],
  ["abilities", 4, ""],
  ["ability", 4, ""],
  ["isations", 3, ""],
  ["izations", 3, ""],
  ["isation", 3, ""],
  ["ization", 3, ""],
  ["ications", 3, "i"],
  ["ication", 3, "i"],
  ["ifying", 3, "ifi"],
  ["ations", 3, ""],
  ["ation", 3, ""],
  ["encies", 4, ""],
  ["ences", 4, ""],
  ["itions", 3, ""],
  ["ition", 3, ""],
  ["ments", 5, ""],
  ["iveness", 4, ""],
  ["iness", 4, ""],
  ["ness", 4, ""],
  ["ising", 3, ""],
  ["izing", 3, ""],
  ["ment", 5, ""],
  ["ency", 4, ""],
  ["ence", 4, ""],
  ["ents", 6, ""],
  ["ibly", 4, ""],
  ["ible", 4, ""],
  ["able", 4, ""],
  ["ably", 4, ""],
  ["ions", 4, ""],
  ["ings", 4, ""],
  ["ises", 3, ""],
  ["izes", 3, ""],
  ["ised", 3, ""],
  ["ized", 3, ""],
  ["ally", 4, ""],
  ["ent", 6, ""],
  ["ion", 4, ""],
  ["ing", 3, ""],
  ["ies", 2, "i"],
  ["ied", 2, "i"],
  ["ise", 4, ""],
  ["ize", 4, ""],
  ["ators", 3, ""],
  ["ers", 4, ""],
  ["als", 4, ""],
  ["ator", 3, ""],
  ["ives", 4, ""],
  ["ive", 4, ""],
  ["ed", 3, ""],
  ["es", 3, ""],
  ["ly", 5, ""],
  ["er", 4, ""],
  ["al", 4, ""],
  ["s", 3, ""],
  ["y", 3, "i"],
  ["e", 3, ""],
];

const memory = new Map<string, string>();
const aliases = new Map<string, string>();

/** A light stem: inflections and the commonest derivations of one word fall together ("verify", "verification"). */
export function stem(word: string): string {
  const known = memory.get(word);
  if (known !== undefined) return known;
  let stemmed = lightStem(word);
  stemmed = aliases.get(stemmed) ?? stemmed;
  // The memory is a cache of a pure function; the cap keeps a hostile vocabulary from filling memory.
  if (memory.size < 200_000) memory.set(word, stemmed);
  return stemmed;
}

/** Words whose ending is no inflection: cut, they would fall together with a word of another meaning. */
const WHOLE_WORDS: ReadonlyMap<string, string> = new Map([
  ["building", "building"],
  ["buildings", "building"],
  ["meeting", "meeting"],
  ["meetings", "meeting"],
  ["finding", "finding"],
  ["findings", "finding"],
  ["servicing", "servicing"],
  ["production", "production"],
  ["productions", "production"],
  ["information", "information"],
  ["author", "authorship"],
  ["authors", "authorship"],
  ["designate", "designate"],
  ["designated", "designate"],
  ["designates", "designate"],
  ["designation", "designate"],
]);

function lightStem(word: string): string {
  const whole = WHOLE_WORDS.get(word);
  if (whole !== undefined) return whole;
  if (word.length <= 3 || /[0-9]/.test(word)) return word;
  let out = word;
  if (out.endsWith("ss") && !out.endsWith("ness")) return out;
  for (const [suffix, keep, replacement] of STEM_RULES) {
    if (out.length - suffix.length < keep || !out.endsWith(suffix)) continue;
    if (suffix === "s" && (out.endsWith("us") || out.endsWith("is"))) break;
    out = out.slice(0, out.length - suffix.length) + replacement;
    break;
  }
  // "planned" → "plan", "controlled" → "control", but "ll"/"ss" of short words stay ("call", "pass").
  const last = out.at(-1);
  if (out.length > 4 && last === out.at(-2) && last !== "s") out = out.slice(0, -1);
  if (out.length > 6 && out.endsWith("at")) out = out.slice(0, -2);
  if (out.length > 4 && out.endsWith("y")) out = `${out.slice(0, -1)}i`;
  if (out.length > 4 && out.endsWith("e")) out = out.slice(0, -1);
  return out;
}

for (const [from, to] of SAME_WORD) {
  const source = lightStem(from);
  const target = lightStem(to);
  if (source !== target) aliases.set(source, target);
}

/** Numbers for stems, so that matching compares integers. Ids depend on reading order; nothing in a result does. */
export class Lexicon {
  readonly #ids = new Map<string, number>();

  /** The number of a stem, new or known. */
  id(stemmed: string): number {
    let id = this.#ids.get(stemmed);
    if (id === undefined) {
      id = this.#ids.size;
      this.#ids.set(stemmed, id);
    }
    return id;
  }

  /** How many stems are known. */
  get size(): number {
    return this.#ids.size;
  }
}

const WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}]+)?/gu;

/** Tokenises `text` between two offsets and appends to `into`. Hyphenated words split, except joining prefixes. */
export function tokenise(text: string, from: number, to: number, lexicon: Lexicon, into: TokenList): void {
  const piece = text.slice(from, to);
  let pending = "";
  let pendingStart = 0;
  let pendingEnd = 0;
  for (const match of piece.matchAll(WORD)) {
    const at = from + match.index;
    const end = at + match[0].length;
    let word = match[0].normalize("NFKC").toLowerCase();
    const apostrophe = word.search(/['’]/);
    if (apostrophe > 0) word = word.slice(0, apostrophe);
    let start = at;
    if (pending !== "") {
      // Only one separator may stand between the prefix and its word.
      if (at - pendingEnd === 1) {
        word = pending + word;
        start = pendingStart;
      }
      pending = "";
    }
    if (JOINING_PREFIXES.has(word) && start === at) {
      pending = word;
      pendingStart = at;
      pendingEnd = end;
      continue;
    }
    if (STOP_WORDS.has(word)) continue;
    into.stems.push(lexicon.id(stem(word)));
    into.starts.push(start);
    into.ends.push(end);
  }
}

/** The stems of a short text, for terms and queries. */
export function stemsOf(text: string, lexicon: Lexicon): number[] {
  const list: TokenList = { stems: [], starts: [], ends: [] };
  tokenise(text, 0, text.length, lexicon, list);
  return list.stems;
}
