import { investigationProblem } from "./investigation-error.ts";

/** What the laboratory looks at before anything is repeated (FDA, Investigating OOS Test Results, 2022, §III), in our words. */
export const assessmentQuestions = [
  { key: "talk", text: "The test was gone through with the analyst, step by step" },
  { key: "method", text: "The right version of the method was followed" },
  { key: "data", text: "Raw data, readings and calculations were checked again" },
  { key: "instrument", text: "Instruments worked and were in calibration" },
  { key: "standard", text: "Standards, reagents and solvents were right, in date and properly kept" },
  { key: "sample", text: "It was the right sample, intact and properly kept" },
  { key: "kept", text: "Preparations and glassware are kept and were looked at again" },
  { key: "history", text: "Controls and earlier results of the method and product were looked at" },
] as const;

export type Answered = {
  readonly question: (typeof assessmentQuestions)[number]["key"];
  readonly answer: "in-order" | "deviation" | "not-applicable";
  readonly note: string;
};

/** Every question once, in order, and a note wherever something was not in order or was left out. */
export function answered(given: readonly Answered[]): Answered[] {
  return assessmentQuestions.map(({ key, text }) => {
    const found = given.filter(({ question }) => question === key);
    const [one] = found;
    if (one === undefined || found.length > 1)
      throw investigationProblem.assessment_open({ values: { why: `“${text}” is not answered once.` } });
    if (one.answer !== "in-order" && one.note.trim() === "")
      throw investigationProblem.assessment_open({ values: { why: `“${text}” needs a note.` } });
    return one;
  });
}
