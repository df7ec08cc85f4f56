import type { CertificateContent } from "./content.ts";
import type { Template } from "./template.ts";

/** A certificate of nothing, to look at a template by: every part that a certificate may have stands on it. */
export function specimenContent(template: Template): CertificateContent {
  const at = "2026-01-05T09:30:00.000Z";
  return {
    v: "1",
    number: "SPECIMEN",
    preparedAt: at,
    template: { ...template, name: "Specimen", version: 0 },
    customer: { name: "Name of the customer", address: "Street, town" },
    sample: {
      number: "S-00-00000",
      product: "Name of the product",
      productCode: "CODE",
      lot: "LOT 1",
      point: null,
      sampledAt: at,
      sampledBy: "who sampled",
      receivedAt: at,
      condition: "as received",
    },
    publication: { number: 1, at, publisher: "who published" },
    evaluations: [
      {
        specification: "SPC-1",
        number: 3,
        verdict: "in",
        lines: [
          {
            ...line("pH", "", "6.52", "6.5", "5.0–7.0", "in", []),
            decision: "pass",
            rule: "guarded acceptance, w = U = 0.05 (k = 2); accepted: 5.05–6.95",
          },
          line("Conductivity", "µS/cm", "1.14", "1.1", "≤ 1.3", "warn", []),
          line("Residue on evaporation", "mg/L", "4.2", "4.2", "≤ 10", "in", ["12.6"]),
        ],
      },
    ],
    results: [
      result("pH", "", "6.52", "6.5", "± 0.05 (k = 2)", []),
      result("Conductivity", "µS/cm", "1.14", "1.1", null, []),
      result("Residue on evaporation", "mg/L", "4.2", "4.2", null, [
        { entered: "12.6", verdict: "out", reason: "By the approved plan" },
      ]),
    ],
    investigations: [
      {
        number: "OOS-00-0000",
        analyte: "Residue on evaporation",
        original: "12.6",
        unit: "mg/L",
        cause: "laboratory-error",
        conclusion: "laboratory-error",
        conclusionText: "What was found, in the words of who concluded.",
        retests: 1,
        corrective: "CAPA-0",
        concludedAt: at,
      },
    ],
    overrides: [
      {
        analyte: "pH",
        entered: "6.52",
        gate: "Training",
        held: "What held the result, in the words of the gate.",
        reason: "Why it was verified all the same",
        askedBy: "who asked",
        askedAt: at,
        confirmedBy: "who confirmed",
        confirmedAt: at,
        remark: null,
      },
    ],
    amends: null,
  };
}

function line(
  name: string,
  unit: string,
  entered: string,
  reported: string,
  limit: string,
  verdict: "in" | "warn",
  retested: string[],
) {
  return { name, unit, entered, reported, limit, verdict, retested };
}
function result(
  name: string,
  unit: string,
  entered: string,
  reported: string,
  uncertainty: string | null,
  repeated: CertificateContent["results"][number]["repeated"],
) {
  return { name, unit, method: "M-1 v2", entered, reported, uncertainty, enteredAt: null, verifiedAt: null, repeated };
}
