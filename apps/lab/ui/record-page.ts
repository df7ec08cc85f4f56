import { inspectPage } from "./inspect-path.ts";
import { chartPage } from "./chart-types.ts";
import { qualityPage } from "./instrument-types.ts";
import { investigationPage } from "./investigation-types.ts";
import { labPage } from "./path.ts";

const pages: Readonly<Record<string, (ws: string, id: string) => string>> = {
  "lab.sample": labPage.sample,
  "lab.result": inspectPage.evidence,
  "lab.worksheet": labPage.worksheet,
  "lab.investigation": investigationPage.one,
  "lab.instrument": qualityPage.instrument,
  "lab.lot": qualityPage.lot,
  "lab.control_chart": chartPage.one,
  "lab.trail_review": inspectPage.review,
  "lab.study": inspectPage.study,
  "lab.certificate": inspectPage.certificate,
  "lab.method": inspectPage.method,
  "lab.specification": inspectPage.specification,
};

/** Where a record of this app is shown, by the name the ledger gives it. */
export function recordPage(record: string, id: string, ws: string): string | undefined {
  return pages[record]?.(ws, id);
}
