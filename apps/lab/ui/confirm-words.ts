import type { ConfirmWords } from "@probity/web/shell/step-up-words.ts";

/** "the investigation I-26-003", or what it is where its name is not told. */
const or = (told: string, otherwise: string) => (told === "" ? otherwise : told);

/** Acts of the laboratory that ask for a fresh proof, as they stand after "You are about to". */
export const labConfirms: ConfirmWords = {
  "lab.result.verify": (_, told) => `verify ${or(told, "these results")}`,
  "lab.override.confirm": (_, told) => `let ${or(told, "held results")} be verified all the same`,
  "lab.sample.unblind": (_, told) => `open the blind of ${or(told, "this sample")} before it is verified`,
  "lab.master.approve": (_, told) => `approve ${or(told, "this version")}`,
  "lab.setting.change": (subject, told) => `decide “${or(told, subject)}”`,
  "lab.chart_limit.freeze": (_, told) => `freeze ${or(told, "these limits")}`,
  "lab.rule_set.create": (subject) =>
    `put other rules for ${subject === "trend" ? "trends" : "control charts"} in force`,
  "lab.uncertainty_budget.approve": (_, told) => `approve ${or(told, "this uncertainty budget")}`,
  "lab.study.approve": (_, told) => `approve and freeze ${or(told, "this protocol")}`,
  "lab.investigation.approve": (_, told) => `approve the retest plan of ${or(told, "this investigation")}`,
  "lab.investigation.conclude": (_, told) => `conclude ${or(told, "this investigation")}`,
};
