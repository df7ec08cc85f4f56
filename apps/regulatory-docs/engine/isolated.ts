import { analyse } from "./analyse.ts";
import type { AnalysisDocument } from "./document.ts";
import { loadCitationList } from "./citation.ts";
import { loadPack } from "./pack.ts";
import type { GapRun } from "./result.ts";

/** What the isolated analysis gets: the pack's id and the documents. */
export interface AnalysisInput {
  readonly pack: string;
  readonly documents: readonly AnalysisDocument[];
}

/** Entry of the isolated child (TEN-03): one tenant's documents in, findings out. */
export function run(input: AnalysisInput): GapRun {
  return analyse(loadPack(input.pack), input.documents, loadCitationList());
}
