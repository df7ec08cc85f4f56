import { censoredShareMost, estimate, type Observed } from "./censored.ts";
import { chiSquareQuantile } from "./distribution.ts";
import { capabilityOf, summarise } from "./process.ts";
import type { Limits } from "./stability.ts";

/** Below this many values an index is chance: with 25 the 95 % interval of Cp still spans ± 28 %. */
export const capabilityLeast = 25;

export type Index = {
  readonly name: "Cp" | "Cpk" | "Pp" | "Ppk";
  readonly value: number;
  /** 95 % confidence interval; absent where values are censored. */
  readonly low: number | null;
  readonly high: number | null;
};
export type CapabilityReport = {
  readonly n: number;
  readonly censored: number;
  readonly mean: number | null;
  readonly deviation: number | null;
  readonly within: number | null;
  readonly indices: readonly Index[];
  /** Why there are no indices, or what to bear in mind of them. */
  readonly words: string | null;
};

/** 97.5 % of the normal distribution. */
const z975 = 1.959963984540054;

/**
 * How a process stands against its limits, with how sure that is. Refused below 25 values, without a limit, and where more
 * than half are censored. Censored values are taken for what they are (maximum likelihood); moving ranges of them have no
 * meaning, so Cp and Cpk are left out then.
 *
 * Intervals: χ² for Cp and Pp; Bissell (Appl Stat 39:331, 1990) for Cpk and Ppk. The spread within stands on moving ranges,
 * worth 0.605 (n − 1) degrees of freedom (Cryer and Ryan, J Qual Technol 22:187, 1990).
 */
export function reportCapability(observed: readonly Observed[], limits: Limits): CapabilityReport {
  const n = observed.length;
  const censored = observed.filter((each) => each.censored !== null).length;
  const none = { n, censored, mean: null, deviation: null, within: null, indices: [] };
  if (n < 2) return { ...none, words: "Fewer than two values." };
  if (censored > 0) {
    const found = estimate(observed);
    if (found === undefined)
      return {
        ...none,
        words: `${censored} of ${n} values are only bounded; beyond ${censoredShareMost * 100} % nothing is estimated.`,
      };
    const overall = found.deviation * Math.sqrt(n / (n - 1));
    const known = { ...none, mean: found.mean, deviation: overall };
    const refused = refusal(n, limits);
    if (refused !== null) return { ...known, words: refused };
    const { pp, ppk } = capabilityOf(seriesOf(n, found.mean, overall), limits);
    return {
      ...known,
      indices: [index("Pp", pp, null), index("Ppk", ppk, null)].flat(),
      words: `${censored} of ${n} values are only bounded: estimated by maximum likelihood, without Cp, Cpk and intervals.`,
    };
  }
  const series = summarise(observed.map(({ value }) => value));
  const known = { ...none, mean: series.mean, deviation: series.deviation, within: series.within };
  const refused = refusal(n, limits);
  if (refused !== null) return { ...known, words: refused };
  const { cp, cpk, pp, ppk } = capabilityOf(series, limits);
  const [inner, all] = [0.605 * (n - 1), n - 1];
  return {
    ...known,
    indices: [
      index("Cp", cp, cp === undefined ? null : wholeInterval(cp, inner)),
      index("Cpk", cpk, cpk === undefined ? null : sideInterval(cpk, n, inner)),
      index("Pp", pp, pp === undefined ? null : wholeInterval(pp, all)),
      index("Ppk", ppk, ppk === undefined ? null : sideInterval(ppk, n, all)),
    ].flat(),
    words: null,
  };
}

function refusal(n: number, limits: Limits): string | null {
  if (limits.lower === undefined && limits.upper === undefined) return "Without a limit there is no capability.";
  if (n < capabilityLeast) return `${n} values are too few: an index needs ${capabilityLeast} at least.`;
  return null;
}

function index(name: Index["name"], value: number | undefined, interval: [number, number] | null): Index[] {
  return value === undefined ? [] : [{ name, value, low: interval?.[0] ?? null, high: interval?.[1] ?? null }];
}

/** 95 % interval of an index of both limits. */
export function wholeInterval(value: number, degrees: number): [number, number] {
  const at = (share: number) => value * Math.sqrt(chiSquareQuantile(share, degrees) / degrees);
  return [at(0.025), at(0.975)];
}

/** 95 % interval of an index of the nearer limit. */
export function sideInterval(value: number, n: number, degrees: number): [number, number] {
  const width = z975 * Math.sqrt(1 / (9 * n) + (value * value) / (2 * degrees));
  return [value - width, value + width];
}

function seriesOf(n: number, mean: number, deviation: number) {
  return { n, mean, deviation, movingRange: 0, within: 0, lower: mean, upper: mean };
}
