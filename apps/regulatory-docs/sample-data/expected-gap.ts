/** What a careful reader of the sample documents finds for one requirement. */
export interface ExpectedGap {
  pack: "iso-13485" | "fda-qmsr";
  requirement: string;
  status: "covered" | "partial" | "gap";
  /** Number of the document the reader would open first; null where no document treats the subject. */
  documentNumber: string | null;
  why: string;
}

const iso = "iso-13485";
const fda = "fda-qmsr";

/** The deliberate gaps of `sampleFiles`, and a few sound procedures beside them. Written before any analysis was run. */
export const expectedGaps: readonly ExpectedGap[] = [
  { pack: iso, requirement: "4.1.6", status: "gap", documentNumber: "SOP-14", why: "The procedure is one line: to be written" },
  { pack: iso, requirement: "4.2.4", status: "covered", documentNumber: "SOP-01", why: "Sound" },
  { pack: iso, requirement: "4.2.5", status: "partial", documentNumber: "SOP-02", why: "No retention period" },
  { pack: iso, requirement: "5.6.2", status: "covered", documentNumber: "SOP-04", why: "Sound" },
  { pack: iso, requirement: "6.2", status: "partial", documentNumber: "SOP-03", why: "Whether training worked is never evaluated" },
  { pack: iso, requirement: "7.1", status: "covered", documentNumber: "SOP-15", why: "Sound" },
  { pack: iso, requirement: "7.3.8", status: "gap", documentNumber: null, why: "Design transfer is missing from SOP-05" },
  { pack: iso, requirement: "7.4.1", status: "partial", documentNumber: "SOP-06", why: "Suppliers are never monitored or evaluated again" },
  { pack: iso, requirement: "7.4.2", status: "partial", documentNumber: "SOP-06", why: "No agreement that the supplier notifies changes first" },
  { pack: iso, requirement: "7.5.4", status: "gap", documentNumber: null, why: "Depot repair is in the scope; its procedure is only planned" },
  { pack: iso, requirement: "7.6", status: "gap", documentNumber: null, why: "The manual points to SOP-17, which does not exist" },
  { pack: iso, requirement: "8.2.3", status: "partial", documentNumber: "SOP-11", why: "Who decides on reporting is said; times, criteria and records are not" },
  { pack: iso, requirement: "8.2.4", status: "covered", documentNumber: "SOP-13", why: "Sound" },
  { pack: iso, requirement: "8.3.4", status: "partial", documentNumber: "SOP-10", why: "Harm done by the rework itself is not considered" },
  { pack: iso, requirement: "8.4", status: "gap", documentNumber: null, why: "SOP-18 Data analysis is only planned" },
  { pack: iso, requirement: "8.5.2", status: "partial", documentNumber: "SOP-12", why: "Neither effectiveness nor adverse effects are checked" },
  { pack: iso, requirement: "8.5.3", status: "partial", documentNumber: "SOP-12", why: "Neither effectiveness nor adverse effects are checked" },
  { pack: fda, requirement: "820.10(b)(1)", status: "gap", documentNumber: null, why: "No unique device identifier anywhere" },
  { pack: fda, requirement: "820.35(c)", status: "gap", documentNumber: null, why: "No unique device identifier in the records" },
  { pack: fda, requirement: "820.45(a)", status: "gap", documentNumber: "SOP-08", why: "Labels are issued without an inspection for accuracy" },
];

/** After `sampleUpdates`: SOP-12 revision 4 closes corrective action and leaves preventive action open. */
export const expectedAfterUpdate: readonly ExpectedGap[] = [
  { pack: iso, requirement: "8.5.2", status: "covered", documentNumber: "SOP-12", why: "Revision 4 checks adverse effects and effectiveness" },
  { pack: iso, requirement: "8.5.3", status: "partial", documentNumber: "SOP-12", why: "Revision 4 does so for corrective action alone" },
];

/** Citations of withdrawn sections that a run must point out. */
export const expectedWithdrawnCitations: readonly { section: string; documentNumber: string }[] = [
  { section: "820.30", documentNumber: "SOP-05" },
  { section: "820.198", documentNumber: "SOP-11" },
];
