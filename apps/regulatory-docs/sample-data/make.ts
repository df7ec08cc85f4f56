import { writeDocx } from "./docx.ts";
import { writePdf } from "./pdf.ts";
import { readSource } from "./source-document.ts";
import type { SourceDocument } from "./source-document.ts";
import { writeText } from "./text.ts";

/** A sample file, ready for the ordinary upload path. */
export interface SampleFile {
  fileName: string;
  bytes: Uint8Array;
  /** Document number, equal in every revision: SOP-12. */
  documentNumber: string;
  /** Revision as the document states it. */
  revision: string;
}

const firstSources = [
  "index-001-master-list",
  "qm-001-quality-manual",
  "sop-01-document-control",
  "sop-02-control-of-records",
  "sop-03-training",
  "sop-04-management-review",
  "sop-05-design-and-development",
  "sop-06-purchasing",
  "sop-07-production",
  "sop-08-identification-labelling",
  "sop-09-inspection-release",
  "sop-10-nonconforming-product",
  "sop-11-complaint-handling",
  "sop-12-capa-rev-3",
  "sop-13-internal-audit",
  "sop-14-software-validation",
  "sop-15-risk-management",
];

const updateSources = ["sop-12-capa-rev-4"];

async function render(source: SourceDocument): Promise<Uint8Array> {
  if (source.format === "pdf") return writePdf(source);
  return source.format === "docx" ? writeDocx(source) : writeText(source);
}

async function make(names: readonly string[]): Promise<SampleFile[]> {
  return Promise.all(
    names.map(async (name) => {
      const source = readSource(new URL(`./source/${name}.md`, import.meta.url));
      return {
        // No revision in the name: the next revision must be recognised as the same document.
        fileName: `${source.number} ${source.title}.${source.format}`,
        bytes: await render(source),
        documentNumber: source.number,
        revision: source.revision,
      };
    }),
  );
}

/**
 * The sample quality system as files: 12 DOCX, 4 PDF, 1 TXT. Made on demand, the same bytes every time
 * and in every time zone. What is missing in it on purpose is listed in README.md.
 */
export async function sampleFiles(): Promise<SampleFile[]> {
  return make(firstSources);
}

/** Later revisions of documents in `sampleFiles`, under the same file names, to show what changed. */
export async function sampleUpdates(): Promise<SampleFile[]> {
  return make(updateSources);
}
