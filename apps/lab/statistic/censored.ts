import { normalCumulative } from "./distribution.ts";

/** A measured value, or what is only said to lie below or above one. */
export type Observed = { readonly value: number; readonly censored: "below" | "above" | null };

/** Mean and standard deviation by maximum likelihood; with nothing censored those are the usual ones, divisor n. */
export type Estimate = { readonly mean: number; readonly deviation: number };

/** Beyond this share nothing is estimated (Helsel, Statistics for Censored Environmental Data, 2012, §6.4: MLE to 50 %). */
export const censoredShareMost = 0.5;

/**
 * Mean and deviation of normal values of which some are only bounded: expectation and maximisation (Dempster, Laird, Rubin,
 * J R Stat Soc B 39:1, 1977). No number is put in a value's place: half of a limit is nobody's measurement. Undefined with
 * fewer than two measured values or more than half of all censored.
 */
export function estimate(observed: readonly Observed[]): Estimate | undefined {
  const measured = observed.filter(({ censored }) => censored === null).map(({ value }) => value);
  const n = observed.length;
  if (measured.length < 2 || (n - measured.length) / n > censoredShareMost) return undefined;
  let mean = measured.reduce((sum, value) => sum + value, 0) / measured.length;
  let deviation = Math.sqrt(measured.reduce((sum, value) => sum + (value - mean) ** 2, 0) / measured.length);
  if (!(deviation > 0)) return undefined;
  for (let round = 0; round < 10_000; round += 1) {
    let [first, second] = [0, 0];
    for (const { value, censored } of observed) {
      const z = (value - mean) / deviation;
      const [one, two] = censored === null ? [value, value * value] : moments(mean, deviation, z, censored);
      first += one;
      second += two;
    }
    const nextMean = first / n;
    const nextDeviation = Math.sqrt(Math.max(second / n - nextMean * nextMean, 0));
    const moved = Math.abs(nextMean - mean) + Math.abs(nextDeviation - deviation);
    [mean, deviation] = [nextMean, nextDeviation];
    if (!(deviation > 0)) return undefined;
    if (moved < 1e-12 * (Math.abs(mean) + deviation)) break;
  }
  return { mean, deviation };
}

/** E[X] and E[X²] of a normal value that lies beyond z on one side. */
function moments(mean: number, deviation: number, z: number, side: "below" | "above"): [number, number] {
  const share = side === "below" ? normalCumulative(z) : normalCumulative(-z);
  const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
  // Far out in the tail the ratio of density and share goes to |z|.
  const ratio = (share > 1e-300 ? density / share : Math.abs(z)) * (side === "below" ? -1 : 1);
  const one = mean + deviation * ratio;
  const variance = deviation * deviation * Math.max(1 + z * ratio - ratio * ratio, 0);
  return [one, variance + one * one];
}
