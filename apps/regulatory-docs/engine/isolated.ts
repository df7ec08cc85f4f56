import { analyse } from "./analyse.ts";
import { type AnalysisDocument, documentFromText, type ParagraphSpan } from "./document.ts";
import { loadCitationList } from "./citation.ts";
import { loadPack } from "./pack.ts";
import type { GapRun } from "./result.ts";

/** What the isolated analysis gets: the pack's id and the documents. */
export interface AnalysisInput {
  readonly pack: string;
  readonly documents: readonly (AnalysisDocument & { readonly plain: boolean })[];
}

/** Entry of the isolated child (TEN-03): one tenant's documents in, findings out. */
export function run(input: AnalysisInput): GapRun {
  return analyse(loadPack(input.pack), input.documents.map(structured), loadCitationList());
}

/** Text and Markdown are read as `npx probity gaps` reads them: front matter, headings, tables and lists by their marks. */
function structured(document: AnalysisInput["documents"][number]): AnalysisDocument {
  if (!document.plain) return document;
  let at = 0;
  const onItsPage = (paragraph: ParagraphSpan): ParagraphSpan => {
    while (at + 1 < document.pages.length && (document.pages[at + 1]?.start ?? 0) <= paragraph.start) at += 1;
    return { ...paragraph, page: document.pages[at]?.number ?? 1 };
  };
  return { ...document, paragraphs: documentFromText(document.name, document.text).paragraphs.map(onItsPage) };
}
