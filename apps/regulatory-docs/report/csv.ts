import { csvCell } from "@probity/kernel";
import type { PrintedSignature } from "@probity/paper";
import { citationOf } from "./detail.ts";
import { statusInForce } from "./input.ts";
import type { ReportFinding, ReportInput } from "./input.ts";

const byteOrderMark = "\uFEFF";

const columns = [
  "requirement",
  "group",
  "title",
  "status",
  "machine_status",
  "decided_status",
  "coverage",
  "decided_by",
  "decided_at",
  "reason_code",
  "reason",
  "assignee",
  "due_on",
  "note",
  "obligations_seen",
  "obligations_partly_seen",
  "obligations_not_seen",
  "evidence_count",
  "evidence",
  "machine_reasons",
  "next_step",
  "pack",
  "pack_version",
  "run",
  "run_at",
  "report_state",
  "signatures",
  "meant_document",
  "meant_because",
] as const;

function statements(finding: ReportFinding, seen: boolean | "partly"): string {
  return finding.obligations
    .filter((obligation) => obligation.seen === seen)
    .map((obligation) => `${obligation.id} ${obligation.statement}`.trim())
    .join("\n");
}

function row(input: ReportInput, finding: ReportFinding): string[] {
  return [
    finding.requirementId,
    finding.group,
    finding.title,
    statusInForce(finding),
    finding.status,
    finding.decidedStatus ?? "",
    String(finding.coverage),
    finding.decision?.by ?? "",
    finding.decision?.at ?? "",
    finding.decision?.reasonCode ?? "",
    finding.decision?.reason ?? "",
    finding.assignee ?? "",
    finding.dueOn ?? "",
    finding.note ?? "",
    statements(finding, true),
    statements(finding, "partly"),
    statements(finding, false),
    String(finding.evidence.length),
    finding.evidence.map((evidence) => `“${evidence.quote}” (${citationOf(evidence)})`).join("\n"),
    finding.reasons.join("\n"),
    finding.nextStep ?? "",
    input.pack.id,
    input.pack.version,
    String(input.runNumber),
    input.createdAt,
    input.state ?? "",
    (input.signatures ?? []).map(signatureLine).join("\n"),
    ...meantCells(finding),
  ];
}

/** The document meant for the requirement and why; "none" where none is, empty where it was not asked. */
function meantCells({ addressed }: ReportFinding): [string, string] {
  if (addressed === null) return ["", ""];
  return addressed.meant ? [addressed.documentName ?? "", addressed.why.join("\n")] : ["none", ""];
}

/** Printed name, meaning, date and time with zone (21 CFR 11.50(b)), and the record version it is bound to. */
function signatureLine(each: PrintedSignature): string {
  const reason = [each.reasonCode, each.reason].filter((part) => part !== null).join(": ");
  return `${each.printedName} · ${each.meaning} · ${each.signedAt} ${each.zone}${reason === "" ? "" : ` · ${reason}`} · version ${each.version}, SHA-256 ${each.recordHash}`;
}

/**
 * The findings as CSV (RFC 4180, CRLF), one row a requirement, with a byte-order mark so that Excel
 * reads UTF-8. Instants are ISO 8601 in UTC.
 */
export function reportCsv(input: ReportInput): string {
  const rows = [[...columns], ...input.findings.map((finding) => row(input, finding))];
  return byteOrderMark + rows.map((cells) => `${cells.map((each) => csvCell(each)).join(",")}\r\n`).join("");
}
