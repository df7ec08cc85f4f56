/** Withdrawn citations: where a document still cites a section of a regulation that is no longer in force. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Static, Type } from "typebox";
import { Value } from "typebox/value";
import { parse } from "yaml";
import { PACK_FOLDER, PackError } from "./pack.ts";
import type { CitationFinding } from "./result.ts";
import type { IndexedDocument } from "./term.ts";
import type { Unit } from "./structure.ts";

const Replacement = Type.Object({ qmsr: Type.Array(Type.String()), iso13485: Type.Array(Type.String()) });
const Finding = {
  formerHeading: Type.Optional(Type.String()),
  replacedBy: Replacement,
  severity: Type.Union([Type.Literal("major"), Type.Literal("minor"), Type.Literal("hint")]),
  finding: Type.String(),
};
const Section = Type.String({ pattern: "^[0-9]{3}\\.[0-9]{1,3}$" });
const Letter = Type.String({ pattern: "^\\([a-z]{1,2}\\)$" });

const CitationListSchema = Type.Object({
  id: Type.String(),
  inForce: Type.Array(Section),
  pattern: Type.Object({ excusedBy: Type.Array(Type.String({ minLength: 3 })) }),
  citations: Type.Array(
    Type.Object({
      section: Section,
      ...Finding,
      paragraphs: Type.Optional(
        Type.Array(
          Type.Object({ paragraph: Letter, qmsr: Type.Array(Type.String()), iso13485: Type.Array(Type.String()) }),
        ),
      ),
    }),
  ),
  endedParagraphs: Type.Array(Type.Object({ section: Section, paragraphs: Type.Array(Letter), ...Finding })),
  subparts: Type.Array(Type.Object({ subpart: Type.String({ pattern: "^[A-Z]$" }), ...Finding })),
  terms: Type.Array(Type.Object({ terms: Type.Array(Type.String({ minLength: 3 })), ...Finding })),
});

/** The list of withdrawn citations of one regulation. */
export type CitationList = Static<typeof CitationListSchema>;

/** Loads the list shipped with the packs. Throws `PackError` naming file and path. */
export function loadCitationList(folder: string = PACK_FOLDER, file = "withdrawn-citations.yaml"): CitationList {
  const value: unknown = parse(readFileSync(join(folder, file), "utf8"));
  if (!Value.Check(CitationListSchema, value)) {
    const [problem] = Value.Errors(CitationListSchema, value);
    throw new PackError(file, `at ${problem?.instancePath || "/"} ${problem?.message ?? "does not fit"}`);
  }
  return value;
}

const NUMBER = /(?<![0-9A-Za-z.,])([0-9]{3}\.[0-9]{1,3})(?![0-9]|[.,][0-9])((?:\([a-z0-9ivx]{1,4}\)){0,3})/g;
const SUBPART = /\bsubparts? ([A-O])\b/gi;
/** Before a bare number: it is another standard's number, a version or a price, not a section. */
const FOREIGN_BEFORE =
  /(?:\b(?:ISO|IEC|EN|DIN|BS|ASTM|AAMI|ANSI|UL|IEEE|NF|JIS|GB|YY|RFC|v|ver|version|rev|revision|no|nr|item|part number|p\/n|lot|batch|serial)\.?[ :/-]{0,2}|[$€£#≈<>=±×])$/i;
/** After a bare number: it is a quantity. */
const QUANTITY_AFTER =
  /^\s?(?:mm|cm|m|nm|µm|um|mg|g|kg|ml|µl|l|s|ms|h|min|hz|khz|mhz|v|mv|a|ma|w|kw|pa|kpa|bar|%|°|eur|usd|gbp|€|\$|pcs|units|ppm)(?![a-z])/i;
/** "Obsolete documents" is about documents, not about the section cited beside them. */
const ABOUT_DOCUMENTS =
  /^\s+(?:documents?|versions?|cop(?:y|ies)|records?|labels?|labell?ing|parts?|components?|pages?|products?|revisions?|forms?|procedures?|devices?|materials?|equipment)\b/;
const EXCUSE_REACH = 70;
/** Findings told of one document. A text with more is no procedure, and nobody reads them. */
const MOST_FINDINGS = 500;

/** Finds withdrawn citations in one document, in order of place. Linear in the text. */
export function findCitations(indexed: IndexedDocument, list: CitationList): CitationFinding[] {
  const { document, units } = indexed.structure;
  const findings: CitationFinding[] = [];
  const sections = new Map(list.citations.map((citation) => [citation.section, citation]));
  const ended = new Map(list.endedParagraphs.map((entry) => [entry.section, entry]));
  const subparts = new Map(list.subparts.map((entry) => [entry.subpart, entry]));
  const hinted = new Set<string>();
  units.forEach((unit, index) => {
    if (findings.length >= MOST_FINDINGS || indexed.content.readings[index]?.exclusion === "revision-history") return;
    const text = document.text.slice(unit.start, unit.end);
    const lower = text.toLowerCase();
    const add = (start: number, end: number, cited: string, entry: FindingEntry): void => {
      if (entry.severity !== "hint" && isExcused(lower, start, end, list.pattern.excusedBy)) return;
      findings.push(placed(indexed, unit, start, end, cited, entry));
    };
    if (/[0-9]{3}\.[0-9]/.test(text)) {
      for (const match of text.matchAll(NUMBER)) {
        if (findings.length >= MOST_FINDINGS) break;
        const [whole, section = "", tail = ""] = match;
        const end = match.index + whole.length;
        if (FOREIGN_BEFORE.test(text.slice(Math.max(0, match.index - 14), match.index))) continue;
        if (QUANTITY_AFTER.test(text.slice(end, end + 8))) continue;
        const entry = sections.get(section);
        const letter = tail.slice(0, tail.indexOf(")") + 1);
        if (entry) {
          const finer = entry.paragraphs?.find((paragraph) => paragraph.paragraph === letter);
          const replacedBy = finer ? { qmsr: finer.qmsr, iso13485: finer.iso13485 } : entry.replacedBy;
          add(match.index, end, whole, { ...entry, replacedBy });
        } else if (ended.get(section)?.paragraphs.includes(letter)) {
          const gone = ended.get(section);
          if (gone) add(match.index, end, whole, gone);
        }
      }
    }
    if (lower.includes("subpart") && text.includes("820")) {
      for (const match of text.matchAll(SUBPART)) {
        const entry = subparts.get(match[1]?.toUpperCase() ?? "");
        const near = text.slice(Math.max(0, match.index - 30), match.index + match[0].length + 30);
        if (entry && near.includes("820"))
          add(match.index, match.index + match[0].length, `Subpart ${entry.subpart}`, entry);
      }
    }
    for (const entry of list.terms) {
      for (const term of entry.terms) {
        if (hinted.has(entry.finding)) break;
        const at = wordAt(text, lower, term);
        if (at < 0) continue;
        hinted.add(entry.finding);
        add(at, at + term.length, term, entry);
      }
    }
  });
  return findings;
}

interface FindingEntry {
  formerHeading?: string;
  replacedBy: { qmsr: string[]; iso13485: string[] };
  severity: "major" | "minor" | "hint";
  finding: string;
}

function placed(
  indexed: IndexedDocument,
  unit: Unit,
  start: number,
  end: number,
  cited: string,
  entry: FindingEntry,
): CitationFinding {
  const { document } = indexed.structure;
  return {
    document: document.id,
    name: document.name,
    page: unit.page,
    start: unit.start + start,
    end: unit.start + end,
    quote: document.text.slice(unit.start + start, unit.start + end),
    cited,
    formerHeading: entry.formerHeading ?? "",
    replacedBy: { qmsr: [...entry.replacedBy.qmsr], iso13485: [...entry.replacedBy.iso13485] },
    severity: entry.severity,
    finding: entry.finding,
  };
}

/** Whether words near the citation show that the text knows it is history. */
function isExcused(lower: string, start: number, end: number, words: readonly string[]): boolean {
  const from = Math.max(0, start - EXCUSE_REACH);
  const near = lower.slice(from, end + EXCUSE_REACH);
  return words.some((word) => {
    const at = wordAt(near, near, word.toLowerCase());
    return at >= 0 && !ABOUT_DOCUMENTS.test(near.slice(at + word.length, at + word.length + 20));
  });
}

/** Where a term stands as whole words; capitals must agree for short all-capital terms ("DHF", not "dhf"). */
function wordAt(text: string, lower: string, term: string): number {
  const exact = term === term.toUpperCase() && term.length <= 5;
  const [haystack, needle] = exact ? [text, term] : [lower, term.toLowerCase()];
  for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, at + 1)) {
    const before = haystack[at - 1] ?? " ";
    const after = haystack[at + needle.length] ?? " ";
    if (!/[\p{L}\p{N}]/u.test(before) && !/[\p{L}\p{N}]/u.test(after)) return at;
  }
  return -1;
}
