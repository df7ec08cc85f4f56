/** A pack made ready for matching: alternatives as term numbers, statements as weighted words. */
import type { Pack, Requirement } from "./pack.ts";
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
  /** Its chapter: the pack's group, else the clause above it. */
  group: string;
  seeAlso: string[];
  scope: number[][];
  obligations: CompiledObligation[];
  carriedBy: string[];
  /** Stems that run through the subjects of its whole chapter: "design" for design review, verification, transfer … */
  chapterStems: ReadonlySet<number>;
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
      group: chapterOf(requirement),
      seeAlso: requirement.seeAlso ?? [],
      scope: compileGroups(requirement.scope),
      chapterStems: new Set(),
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
  findChapters(pack, requirements, book);
  return { pack, book, requirements, queryStems: new Set(seenIn.keys()) };
}

/** Chapters are the requirements of one group, or of one clause two levels deep (7.3.1 … 7.3.10). */
function findChapters(pack: Pack, requirements: CompiledRequirement[], book: TermBook): void {
  const chapters = new Map<string, number[]>();
  pack.requirements.forEach((requirement, index) => {
    const chapter = chapterOf(requirement);
    chapters.set(chapter, [...(chapters.get(chapter) ?? []), index]);
  });
  const leading = pack.requirements.map((requirement) => {
    const shares = subjectStems(requirement.scope[0] ?? [], book);
    return new Set([...shares].filter(([, share]) => share >= 0.15).map(([stemmed]) => stemmed));
  });
  for (const members of chapters.values()) {
    if (members.length < 2) continue;
    const inside = (stemmed: number): number => members.filter((index) => leading[index]?.has(stemmed)).length;
    const anywhere = (stemmed: number): number => leading.filter((stems) => stems.has(stemmed)).length;
    const candidates = new Set(members.flatMap((index) => [...(leading[index] ?? [])]));
    // Half of the chapter shares it and hardly anything outside does: "quality" or "product" name no chapter.
    const common = new Set(
      [...candidates].filter(
        (stemmed) => inside(stemmed) >= Math.max(2, members.length / 2) && anywhere(stemmed) - inside(stemmed) <= 1,
      ),
    );
    for (const index of members) {
      const requirement = requirements[index];
      if (requirement) requirement.chapterStems = common;
    }
  }
}

function chapterOf(requirement: Requirement): string {
  const parts = requirement.id.split(".");
  return requirement.group ?? parts.slice(0, Math.max(1, parts.length - 1)).join(".");
}

/** Stem → share of the terms that hold it. */
function subjectStems(terms: readonly string[], book: TermBook): Map<number, number> {
  const shares = new Map<number, number>();
  for (const term of terms) {
    for (const stemmed of new Set(stemsOf(term.replaceAll("~", " "), book.lexicon))) {
      shares.set(stemmed, (shares.get(stemmed) ?? 0) + 1 / terms.length);
    }
  }
  return shares;
}
