/** What other parts of the app and the command line may use of the engine. */
export { analyse, ENGINE_VERSION } from "./analyse.ts";
export { type CitationList, loadCitationList } from "./citation.ts";
export { type AnalysisDocument, documentFromText, type PageSpan, type ParagraphSpan } from "./document.ts";
export {
  listPacks,
  loadPack,
  type Obligation,
  type Pack,
  PACK_FOLDER,
  PackError,
  parsePack,
  type Requirement,
} from "./pack.ts";
export {
  type Addressed,
  ADDRESSED_FROM,
  type CitationFinding,
  COVERED_FROM,
  type DocumentReading,
  type Evidence,
  GAP_BELOW,
  type GapRun,
  type GapStatus,
  type ObligationResult,
  type ObligationState,
  type RequirementResult,
  statusOf,
} from "./result.ts";
