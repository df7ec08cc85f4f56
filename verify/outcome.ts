/** Every outcome there is. The first three are good. */
export const outcomes = [
  "VERIFIED",
  "VERIFIED_WITH_ERASURES",
  "CONTINUED_AFTER_RESTORE",
  "INCOMPLETE",
  "TAMPERED",
  "ROLLED_BACK",
  "NOTHING_VERIFIED",
] as const;
export type Outcome = (typeof outcomes)[number];

const good: ReadonlySet<Outcome> = new Set(outcomes.slice(0, 3));

export function isGood(outcome: Outcome): boolean {
  return good.has(outcome);
}
