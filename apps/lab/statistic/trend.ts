import type { Observed } from "./censored.ts";
import { summarise } from "./process.ts";

/** Numbers of the rules; 0 is not looked at. */
export type TrendRule = {
  /** How many spreads within an individual value may lie from the mean of those before it. */
  readonly deviations: number;
  /** How many on one side of that mean are too many. */
  readonly side: number;
  /** How many that only rise or only fall are too many. */
  readonly drift: number;
  /** How many values come first before any is judged. */
  readonly least: number;
};
export type TrendHint = "apart" | "side" | "drift";

/**
 * Which values hint at a trend, each by those before it alone: no later value makes an earlier one suspicious. A value that
 * is only bounded is never judged, enters no mean, and ends a row.
 */
export function findHints(observed: readonly Observed[], rule: TrendRule): TrendHint[][] {
  const measured: number[] = [];
  let row: number[] = [];
  return observed.map(({ value, censored }) => {
    if (censored !== null) {
      row = [];
      return [];
    }
    row.push(value);
    const hints: TrendHint[] = [];
    if (measured.length >= rule.least) {
      const before = summarise(measured);
      if (rule.deviations > 0 && Math.abs(value - before.mean) > rule.deviations * before.within) hints.push("apart");
      const last = rule.side > 0 && row.length >= rule.side ? row.slice(-rule.side) : [];
      const earlier = measured.slice(0, measured.length - (last.length - 1));
      if (last.length > 0 && earlier.length >= rule.least) {
        const mean = earlier.reduce((sum, each) => sum + each, 0) / earlier.length;
        if (last.every((each) => each > mean) || last.every((each) => each < mean)) hints.push("side");
      }
    }
    const way = rule.drift > 0 && row.length >= rule.drift ? row.slice(-rule.drift) : [];
    const steps = way.slice(1).map((each, index) => each - (way[index] ?? each));
    if (
      steps.length > 0 &&
      measured.length >= rule.least &&
      (steps.every((by) => by > 0) || steps.every((by) => by < 0))
    )
      hints.push("drift");
    measured.push(value);
    return hints;
  });
}
