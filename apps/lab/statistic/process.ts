import type { Limits } from "./stability.ts";

/** A series in the order of time, summed up as an individuals chart does it (Montgomery, Statistical Quality Control, §6.4). */
export type Series = {
  readonly n: number;
  readonly mean: number;
  /** Standard deviation of all values, divisor n − 1. */
  readonly deviation: number;
  /** Mean moving range of neighbours. */
  readonly movingRange: number;
  /** Spread within: moving range ÷ d₂ (1.128 for two). */
  readonly within: number;
  /** Control limits, mean ± 3 within. */
  readonly lower: number;
  readonly upper: number;
};

/** d₂ of two values: the mean range of two draws from a normal distribution, 2/√π. */
const d2 = 2 / Math.sqrt(Math.PI);

/** Needs two values at least. */
export function summarise(values: readonly number[]): Series {
  const n = values.length;
  if (n < 2) throw new RangeError("A series needs two values at least");
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1));
  let ranges = 0;
  for (let index = 1; index < n; index += 1) ranges += Math.abs((values[index] ?? 0) - (values[index - 1] ?? 0));
  const movingRange = ranges / (n - 1);
  const within = movingRange / d2;
  return { n, mean, deviation, movingRange, within, lower: mean - 3 * within, upper: mean + 3 * within };
}

/** Cp and Cpk from the spread within, Pp and Ppk from that of all values; undefined where a limit or any spread is missing. */
export type Capability = {
  readonly cp: number | undefined;
  readonly cpk: number | undefined;
  readonly pp: number | undefined;
  readonly ppk: number | undefined;
};

export function capabilityOf(series: Series, limits: Limits): Capability {
  const [cp, cpk] = indices(series.mean, series.within, limits);
  const [pp, ppk] = indices(series.mean, series.deviation, limits);
  return { cp, cpk, pp, ppk };
}

function indices(mean: number, spread: number, { lower, upper }: Limits): [number | undefined, number | undefined] {
  if (!(spread > 0)) return [undefined, undefined];
  const sides = [
    upper === undefined ? [] : [(upper - mean) / (3 * spread)],
    lower === undefined ? [] : [(mean - lower) / (3 * spread)],
  ].flat();
  const whole = upper === undefined || lower === undefined ? undefined : (upper - lower) / (6 * spread);
  return [whole, sides.length === 0 ? undefined : Math.min(...sides)];
}
