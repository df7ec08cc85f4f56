// Who works in the invented laboratory: nobody verifies what they entered, because the two are never the same people.

export const analysts = ["M. Okafor", "L. Brandt"] as const;
export const microbiologist = "J. Petrov";
export const reviewers = ["S. Lindqvist", "A. Ruiz"] as const;
/** Head of quality control: approves, concludes and signs. */
export const head = "A. Ruiz";
export const reviewer = "S. Lindqvist";

/** Who enters the results of a method: plates and filters are the microbiologist's. */
export function analystOf(method: string, of: number): string {
  return method.startsWith("MIC") ? microbiologist : (analysts[of % analysts.length] ?? analysts[0]);
}
