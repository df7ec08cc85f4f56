/** A pack made ready for matching: alternatives as term numbers, statements as weighted words. */
import type { Pack } from "./pack.ts";
import { TermBook } from "./term.ts";
import { stemsOf } from "./token.ts";

/** An obligation with its groups as term numbers. */
export interface CompiledObligation {
  id: string;
  statement: string;
  groups: number[][];
  weight: number;
  /** Stem → how telling it is among the pack's statements. */
  words: Map<number, number>;
  wordWeight: number;
}

/** A requirement ready for scoring. The first scope group names the subject; the others narrow it within a sentence. */
export interface CompiledRequirement {
  id: string;
  scope: number[][];
  obligations: CompiledObligation[];
  carriedBy: string[];
  /** Stem → share of the subject's terms that hold it: "design" for design review, verification, transfer … */
  subjectStems: Map<number, number>;
}

/** A compiled pack with the book its terms stand in. Not shared between runs: the lexicon grows with the documents. */
export interface CompiledPack {
  pack: Pack;
  book: TermBook;
  requirements: CompiledRequirement[];
  /** Stems any statement asks for. */
  queryStems: Set<number>;
}

/** Compiles a pack. Costs about a thousandth of reading the documents. */
export function compilePack(pack: Pack): CompiledPack {
  const book = new TermBook();
  const compileGroups = (groups: readonly (readonly string[])[]): number[][] =>
    groups
      .map((alternatives) => alternatives.map((one) => book.compile(one)?.id).filter((id) => id !== undefined))
      .filter((terms) => terms.length > 0);
  const seenIn = new Map<number, number>();
  let statements = 0;
  for (const requirement of pack.requirements) {
    for (const obligation of requirement.obligations) {
      statements += 1;
      for (const stemmed of new Set(stemsOf(obligation.statement, book.lexicon))) {
        seenIn.set(stemmed, (seenIn.get(stemmed) ?? 0) + 1);
      }
    }
  }
  const requirements = pack.requirements.map((requirement): CompiledRequirement => {
    const carried = requirement.carriedBy ?? [];
    return {
      id: requirement.id,
      scope: compileGroups(requirement.scope),
      subjectStems: subjectStems(requirement.scope[0] ?? [], book),
      carriedBy: typeof carried === "string" ? [carried] : carried,
      obligations: requirement.obligations.map((obligation): CompiledObligation => {
        const words = new Map<number, number>();
        let wordWeight = 0;
        for (const stemmed of new Set(stemsOf(obligation.statement, book.lexicon))) {
          const weight = Math.log((statements + 1) / (seenIn.get(stemmed) ?? 1));
          words.set(stemmed, weight);
          wordWeight += weight;
        }
        return {
          id: obligation.id,
          statement: obligation.statement,
          groups: compileGroups(obligation.groups),
          weight: obligation.weight ?? 1,
          words,
          wordWeight: Math.max(1e-9, wordWeight),
        };
      }),
    };
  });
  return { pack, book, requirements, queryStems: new Set(seenIn.keys()) };
}

function subjectStems(terms: readonly string[], book: TermBook): Map<number, number> {
  const shares = new Map<number, number>();
  for (const term of terms) {
    for (const stemmed of new Set(stemsOf(term.replaceAll("~", " "), book.lexicon))) {
      shares.set(stemmed, (shares.get(stemmed) ?? 0) + 1 / terms.length);
    }
  }
  return shares;
}
