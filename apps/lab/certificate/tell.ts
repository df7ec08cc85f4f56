import { printInstant } from "@probity/paper";
import {
  sayConformity,
  sayRules,
  type CertificateContent,
  type CertifiedInvestigation,
  type CertifiedOverride,
} from "./content.ts";
import { decimals } from "./look.ts";

const conclusionWords: Readonly<Record<string, string>> = {
  "laboratory-error": "Laboratory error: the original result does not stand",
  confirmed: "Confirmed: the sample is out of specification",
  inconclusive: "Inconclusive: the original result stands",
};

/** What became of an investigation, in the sentences of the certificate. */
export function tellInvestigation(each: CertifiedInvestigation, zone: string): string[] {
  const conclusion = conclusionWords[each.conclusion] ?? each.conclusion;
  const when = each.concludedAt === null ? "" : `, ${printInstant(each.concludedAt, zone)}`;
  const retests =
    each.retests === 0
      ? "It was not retested."
      : `Retested ${each.retests === 1 ? "once" : `${each.retests} times`} by a plan approved before.`;
  return [
    `${conclusion}${when}.`,
    each.conclusionText,
    `${retests} Corrective action: ${each.corrective === "" ? "none stated" : each.corrective}.`,
  ].filter((text) => text !== "");
}

/** Who let a held result pass, and why, in the sentences of the certificate. */
export function tellOverride(each: CertifiedOverride, zone: string): string[] {
  const confirmed = each.confirmedAt === null ? "" : `, ${printInstant(each.confirmedAt, zone)}`;
  const remark = each.remark === null ? "" : `: “${each.remark}”`;
  return [
    each.held,
    `Asked for by ${each.askedBy}, ${printInstant(each.askedAt, zone)}: “${each.reason}”`,
    `Confirmed by ${each.confirmedBy}${confirmed}${remark}`,
  ];
}

/**
 * A certificate as whoever it was handed to reads it before they open its file: by which rule conformity was decided, what was
 * retested, investigated and let pass. A verdict told without these says more than the laboratory does (ISO/IEC 17025:2017,
 * 7.8.6.2). The words are those in print.
 */
export function toldOf({ template, evaluations, results, investigations, overrides = [] }: CertificateContent) {
  const { decimalMark: mark, zone, columns } = template;
  return {
    columns,
    evaluations: evaluations.map((evaluation) => {
      const left = [...results];
      return {
        specification: evaluation.specification,
        number: evaluation.number,
        verdict: evaluation.verdict,
        rules: sayRules(evaluation),
        lines: evaluation.lines.map((line) => {
          // The same test by two methods: each line takes its own.
          const at = left.findIndex((each) => each.name === line.name && each.entered === line.entered);
          const [found] = at < 0 ? [] : left.splice(at, 1);
          return {
            name: line.name,
            result: decimals(line.reported, mark),
            unit: line.unit,
            limit: decimals(line.limit, mark),
            uncertainty: typeof found?.uncertainty === "string" ? decimals(found.uncertainty, mark) : null,
            verdict: line.verdict,
            conformity: sayConformity(line),
            rule: line.rule === undefined ? null : decimals(line.rule, mark),
            retested: (found?.repeated ?? []).map((each) =>
              decimals(`${each.entered}${line.unit === "" ? "" : ` ${line.unit}`}`, mark),
            ),
          };
        }),
      };
    }),
    investigations: investigations.map((each) => ({
      number: each.number,
      head: `${each.analyte}: original result ${decimals([each.original, each.unit].filter(Boolean).join(" "), mark)}, out of specification`,
      told: tellInvestigation(each, zone),
    })),
    overrides: overrides.map((each) => ({
      head: `${each.analyte} ${decimals(each.entered, mark)}: ${each.gate}`,
      told: tellOverride(each, zone),
    })),
  };
}
