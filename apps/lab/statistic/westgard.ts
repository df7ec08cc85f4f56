/** Mean and standard deviation that were frozen for a control lot before the values judged by them. */
export type Frozen = { readonly mean: number; readonly deviation: number };

/** One control value; several of one run (levels of the control) share `run`. Frozen limits are the level's own. */
export type ControlValue = {
  readonly run: string;
  readonly level: string;
  readonly value: number;
  readonly frozen: Frozen;
};

/** Westgard et al., Clin Chem 27:493 (1981). "1-2s" warns, the others refuse the run. */
export const westgardRules = ["1-2s", "1-3s", "2-2s", "R-4s", "4-1s", "10x"] as const;
export type WestgardRule = (typeof westgardRules)[number];
export type Violation = { readonly rule: WestgardRule; readonly run: string; readonly levels: readonly string[] };
export type Verdict = {
  readonly run: string;
  readonly outcome: "accepted" | "warned" | "refused";
  readonly violations: readonly Violation[];
};

/**
 * Judges runs of control values in the order of time. Each rule is looked for within a level over the runs, and where it
 * says so within one run across levels (2-2s, R-4s) or over both (4-1s, 10x). Throws a RangeError on a deviation that is
 * not above 0: limits without a spread judge nothing.
 */
export function judgeRuns(values: readonly ControlValue[]): Verdict[] {
  const runs = [...Map.groupBy(values.map(scored), ({ run }) => run)];
  const before = new Map<string, number[]>();
  const all: number[] = [];
  return runs.map(([run, members]): Verdict => {
    const violations: Violation[] = [];
    const add = (rule: WestgardRule, levels: readonly string[]) => violations.push({ rule, run, levels });
    for (const { level, z } of members) {
      const history = [...(before.get(level) ?? []), z];
      before.set(level, history);
      all.push(z);
      if (Math.abs(z) > 2) add("1-2s", [level]);
      if (Math.abs(z) > 3) add("1-3s", [level]);
      if (beyond(history.slice(-2), 2, 2)) add("2-2s", [level]);
      if (beyond(history.slice(-4), 4, 1)) add("4-1s", [level]);
      if (beyond(history.slice(-10), 10, 0)) add("10x", [level]);
    }
    if (members.length > 1) {
      const levels = members.map(({ level }) => level);
      const scores = members.map(({ z }) => z);
      // Across levels the same error shows at once: two of one run, four or ten of the last runs together.
      if (atLeastTwoBeyond(scores)) add("2-2s", levels);
      if (Math.max(...scores) > 2 && Math.min(...scores) < -2) add("R-4s", levels);
      if (beyond(all.slice(-4), 4, 1)) add("4-1s", levels);
      if (beyond(all.slice(-10), 10, 0)) add("10x", levels);
    }
    const refused = violations.some(({ rule }) => rule !== "1-2s");
    return { run, outcome: refused ? "refused" : violations.length > 0 ? "warned" : "accepted", violations };
  });
}

/** All of `count` values on one side, further than `deviations` from the mean. */
function beyond(scores: readonly number[], count: number, deviations: number): boolean {
  if (scores.length < count) return false;
  return scores.every((z) => z > deviations) || scores.every((z) => z < -deviations);
}

function atLeastTwoBeyond(scores: readonly number[]): boolean {
  return scores.filter((z) => z > 2).length >= 2 || scores.filter((z) => z < -2).length >= 2;
}

function scored({ run, level, value, frozen }: ControlValue) {
  if (!(frozen.deviation > 0)) throw new RangeError("Frozen limits need a standard deviation above 0");
  return { run, level, z: (value - frozen.mean) / frozen.deviation };
}
