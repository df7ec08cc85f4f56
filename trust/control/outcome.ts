import type { ProbeOutcome } from "../control.ts";

/** One thing a probe expected. `said` is what is told when it is not so. */
export type Check = readonly [held: boolean, said: string];

/** Held when every check is; the detail says what was seen, or everything that was wrong. */
export function allOf(seen: string, checks: readonly Check[]): ProbeOutcome {
  if (checks.length === 0) return { held: false, detail: `Nothing was tried: ${seen}` };
  const wrong = checks.filter(([held]) => !held).map(([, said]) => said);
  return wrong.length === 0 ? { held: true, detail: seen } : { held: false, detail: wrong.slice(0, 8).join("; ") };
}
