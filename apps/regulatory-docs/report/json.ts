import type { ReportInput } from "./input.ts";

/** Version of the JSON report's shape; a change that could break a reader raises the number. */
export const reportSchema = "probity.gap-report/1";

/** The whole report as JSON: `{ schema, …ReportInput }`, indented, same input same text. */
export function reportJson(input: ReportInput): string {
  const { workspaceName, collectionName, runNumber, pack, createdAt, zone, counts, ledger } = input;
  const { findings, withdrawnCitations, documents, state, signatures } = input;
  const report = {
    schema: reportSchema,
    workspaceName,
    collectionName,
    runNumber,
    pack,
    createdAt,
    zone,
    counts,
    findings,
    withdrawnCitations,
    documents,
    ledger,
    ...(state === undefined ? {} : { state, signatures: signatures ?? [] }),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}
