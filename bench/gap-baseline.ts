/** Two baselines the gap engine must beat: BM25 of the requirement against sections, and two keywords anywhere. */
import type { AnalysisDocument } from "../apps/regulatory-docs/engine/document.ts";
import type { Pack, Requirement } from "../apps/regulatory-docs/engine/pack.ts";
import { Lexicon, stemsOf } from "../apps/regulatory-docs/engine/token.ts";

/** Scores a requirement against a set of documents. */
export type Scorer = (requirement: Requirement, documents: readonly AnalysisDocument[]) => number;

/** Best section by BM25 (k1 1.2, b 0.75) for title, summary and statements. Sections are cut at Markdown headings. */
export function bm25(): Scorer {
  const lexicon = new Lexicon();
  const cache = new Map<string, Map<number, number>[]>();
  const sectionsOf = (document: AnalysisDocument): Map<number, number>[] => {
    const known = cache.get(document.id);
    if (known) return known;
    const sections = document.text.split(/\n(?=#)/).map((section) => {
      const counts = new Map<number, number>();
      for (const stem of stemsOf(section, lexicon)) counts.set(stem, (counts.get(stem) ?? 0) + 1);
      return counts;
    });
    cache.set(document.id, sections);
    return sections;
  };
  return (requirement, documents) => {
    const sections = documents.flatMap(sectionsOf);
    const lengths = sections.map((counts) => [...counts.values()].reduce((sum, count) => sum + count, 0));
    const mean = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length);
    const query = new Set(
      stemsOf(
        [requirement.title, requirement.summary, ...requirement.obligations.map((one) => one.statement)].join(" "),
        lexicon,
      ),
    );
    const scores = sections.map(() => 0);
    for (const stem of query) {
      const holders = sections.filter((counts) => counts.has(stem)).length;
      const idf = Math.log(1 + (sections.length - holders + 0.5) / (holders + 0.5));
      sections.forEach((counts, index) => {
        const count = counts.get(stem) ?? 0;
        if (count > 0)
          scores[index] =
            (scores[index] ?? 0) + (idf * count * 2.2) / (count + 1.2 * (0.25 + (0.75 * (lengths[index] ?? 0)) / mean));
      });
    }
    return Math.max(0, ...scores) / Math.max(1, query.size);
  };
}

/** How many of the requirement's subject words stand anywhere in the set; two or more count as covered. */
export function keywords(): Scorer {
  return (requirement, documents) => {
    const texts = documents.map((document) => document.text.toLowerCase());
    const words = new Set(
      (requirement.scope[0] ?? []).flatMap((one) => one.split("~")).map((one) => one.trim().toLowerCase()),
    );
    let found = 0;
    for (const word of words) if (texts.some((text) => text.includes(word))) found += 1;
    return found;
  };
}

/** Documents that must not rescue a removed procedure: a manual in the pack's own words, a mapping, a list, a contents page. */
export function decoys(pack: Pack): { name: string; text: string }[] {
  const rows = pack.requirements;
  const manual = rows
    .map(
      (one) =>
        `## ${one.id} ${one.title}\n\n${one.summary} The organization has established documented procedures for this; see the applicable procedure.`,
    )
    .join("\n\n");
  const mapping = rows.map((one, index) => `| ${one.id} | ${one.title} | SOP-${100 + index} |`).join("\n");
  const list = rows.map((one, index) => `- SOP-${100 + index} ${one.title}`).join("\n");
  const contents = rows.map((one, index) => `${one.id} ${one.title} ........ ${index + 3}`).join("\n");
  return [
    { name: "decoy-a.md", text: `# Quality Manual\n\n${manual}\n` },
    {
      name: "decoy-b.md",
      text: `# Clause mapping\n\n| Clause | Title | Procedure |\n| --- | --- | --- |\n${mapping}\n`,
    },
    { name: "decoy-c.md", text: `# List of procedures\n\n${list}\n` },
    { name: "decoy-d.md", text: `# Quality system\n\nTable of contents\n\n${contents}\n` },
  ];
}
