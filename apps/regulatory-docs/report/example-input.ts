import { countFindings } from "./input.ts";
import type { FindingStatus, ReportFinding, ReportInput } from "./input.ts";

const chapters = [
  "4 The quality system as a whole",
  "5 What top management must do",
  "6 Resources",
  "7 Making the product",
  "8 Measuring, analysing, improving",
];

const titles = [
  "Keeping records under control",
  "Choosing and watching suppliers",
  "Competent people",
  "Transfer to production",
  "Measuring equipment",
  "Handling complaints",
  "Corrective action",
  "Decide on processes, their risk and their order, and show how each of them hangs together with the others",
];

const quotes = [
  "Suppliers are approved on the basis of a questionnaire, a review of certificates and, for critical components, an audit at their premises. The Purchasing Manager enters the result in the approved supplier list before the first order is placed.",
  "Each record carries the number of the device, the date and the initials of the person who made the entry.",
  "The temperature of the conditioning chamber is held at 23 °C ± 2 °C and read every 15 minutes; drift ≤ 0.5 °C per hour is accepted (see form F-07-02, “Chamber log”).",
];

const statusCycle: readonly FindingStatus[] = [
  "covered",
  "covered",
  "partial",
  "covered",
  "gap",
  "covered",
  "not-assessable",
  "covered",
];

const seenByStatus: Record<FindingStatus, readonly (boolean | "partly")[]> = {
  covered: [true, true, true],
  partial: [true, "partly", false],
  gap: [false, false, false],
  "not-assessable": [false, false, false],
};

function at<T>(list: readonly T[], index: number): T {
  const value = list[index % list.length];
  if (value === undefined) throw new Error("The list to choose from is empty.");
  return value;
}

function finding(index: number, total: number, quotesEach: number): ReportFinding {
  const status = at(statusCycle, index);
  const chapter = Math.min(chapters.length - 1, Math.floor((index * chapters.length) / total));
  const requirementId = `${chapter + 4}.${Math.floor((index % 17) / 4) + 1}.${(index % 4) + 1}`;
  const decided = index % 5 === 2;
  const seen = seenByStatus[status];
  return {
    requirementId,
    group: at(chapters, chapter),
    title: at(titles, index),
    status,
    coverage: { covered: 0.91, partial: 0.52, gap: 0.08, "not-assessable": 0 }[status],
    addressed:
      status === "gap"
        ? { score: 0.14, meant: index % 16 === 12, documentName: "SOP-06 Purchasing and supplier control.pdf", why: [] }
        : {
            score: 1,
            meant: true,
            documentName: "SOP-06 Purchasing and supplier control.pdf",
            why: ["its title names the subject", "41 % of its passages speak of it"],
          },
    decidedStatus: decided ? (status === "partial" ? "covered" : status) : null,
    decision: decided
      ? {
          by: "Ana Ruiz",
          at: "2026-11-12T09:14:00Z",
          reasonCode: "evidence-elsewhere",
          reason: `The yearly supplier scorecard (F-06-04) was shown to me for requirement ${requirementId}; it is kept outside this collection.`,
        }
      : null,
    assignee: status === "covered" ? null : "Ravi Iyer",
    dueOn: status === "covered" ? null : "2026-12-04",
    note: index % 8 === 4 ? "Discussed with production on 9 November." : null,
    obligations: [
      "Criteria for approving a supplier are written down",
      "Suppliers are watched and judged again at planned intervals, and what follows from a bad result is set",
      "Records of the evaluation are kept",
    ].map((statement, place) => ({
      id: `${requirementId}/${"abc"[place]}`,
      statement,
      seen: seen[place] ?? false,
    })),
    evidence:
      status === "gap"
        ? []
        : Array.from({ length: quotesEach }, (_, place) => ({
            documentName: "SOP-06 Purchasing and supplier control.pdf",
            revision: "D",
            page: place === 2 ? null : place + 2,
            quote: `${at(quotes, index + place)} [${requirementId}–${place + 1}]`,
          })),
    nextStep:
      status === "covered"
        ? null
        : "Add a step to SOP-06 that sets how often a supplier is judged again, by whom, and what happens to one that fails.",
    reasons: [
      status === "gap"
        ? "No document of the collection is about this subject."
        : "Two passages name the subject and who is responsible.",
    ],
  };
}

/** A report of any length in the shape the product makes, to try the layout and the tests on. */
export function exampleInput(requirementCount: number, quotesEach: number): ReportInput {
  const findings = Array.from({ length: requirementCount }, (_, index) => finding(index, requirementCount, quotesEach));
  return {
    workspaceName: "Brackwater Medical Ltd",
    collectionName: "Quality management system 2026",
    runNumber: 4,
    pack: {
      id: "iso-13485",
      title: "ISO 13485:2016",
      edition: "2016 (third edition)",
      version: "2016-1",
      licence: "Requirement statements are in our own words; no text of the standard is included.",
    },
    createdAt: "2026-11-12T09:02:11Z",
    zone: "Europe/Berlin",
    counts: countFindings(findings),
    findings,
    withdrawnCitations:
      requirementCount === 0
        ? []
        : [
            {
              citation: "21 CFR 820.198",
              documentName: "SOP-11 Complaint handling.docx",
              revision: "B",
              page: null,
              quote: "Complaint files are kept in line with 21 CFR 820.198.",
              replacedBy: "21 CFR 820.35(a) and ISO 13485:2016, 8.2.2",
              advice: "Cite the section in force when the procedure is next revised.",
            },
          ],
    documents: ["SOP-06 Purchasing and supplier control.pdf", "SOP-11 Complaint handling.docx", "Scan 2019.pdf"].map(
      (name, index) => ({
        name,
        revision: at(["D", "B", ""], index),
        sha256: at(["9f3c", "04aa", "77e1"], index).repeat(16),
        skipped: index === 2 ? "it is pictures without text" : null,
      }),
    ),
    ledger: { seq: requirementCount === 0 ? null : 48211 },
  };
}
