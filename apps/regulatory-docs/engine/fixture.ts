/** Documents of an invented company, for tests: short, plain, in nobody's template. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type AnalysisDocument, documentFromText } from "./document.ts";

const FOLDER = join(import.meta.dirname, "fixture");

/** All fixture documents, by file name. */
export function fixtureDocuments(): AnalysisDocument[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".md"))
    .toSorted()
    .map((file) => documentFromText(file, readFileSync(join(FOLDER, file), "utf8")));
}

/** Which requirement each fixture document carries, decided by reading it. */
export const FIXTURE_CARRIERS: Readonly<Record<string, readonly string[]>> = {
  "audit.md": ["8.2.4"],
  "calibration.md": ["7.6"],
  "complaint.md": ["8.2.2"],
  "document-control.md": ["4.2.4"],
  "purchasing.md": ["7.4.1", "7.4.2", "7.4.3"],
};
