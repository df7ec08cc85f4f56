import type { FindingStatus, ReportFinding } from "./input.ts";
import { statusInForce } from "./input.ts";

/** The findings of one chapter, in the order given. */
export interface FindingGroup {
  title: string;
  findings: ReportFinding[];
}

/** Findings by chapter; chapters and findings keep the order in which they first appear. */
export function groupFindings(findings: readonly ReportFinding[]): FindingGroup[] {
  const groups = new Map<string, FindingGroup>();
  for (const finding of findings) {
    const group = groups.get(finding.group);
    if (group === undefined) groups.set(finding.group, { title: finding.group, findings: [finding] });
    else group.findings.push(finding);
  }
  return [...groups.values()];
}

/** How many findings of a list hold each status in force. */
export function tally(findings: readonly ReportFinding[]): Map<FindingStatus, number> {
  const counts = new Map<FindingStatus, number>();
  for (const finding of findings) {
    const status = statusInForce(finding);
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return counts;
}

/** Name of the place in the file where a requirement is discussed. */
export function destinationOf(finding: ReportFinding): string {
  return `requirement ${finding.requirementId}`;
}
