import { fisherTail, studentQuantile } from "./distribution.ts";
import { fitLine, momentsOf, type Line, type Moments, type Point } from "./regression.ts";

export type Batch = { readonly name: string; readonly points: readonly Point[] };
/** Acceptance limits of the attribute; at least one. */
export type Limits = { readonly lower?: number; readonly upper?: number };

/** What batches have in common, by ICH Q1E §B.2: nothing, their slope, or their whole line. */
export type Model = "separate" | "common-slope" | "pooled";

export type Fit = {
  readonly model: Model;
  readonly lines: readonly (Line & { readonly name: string })[];
  /** Residual mean square and its degrees of freedom. */
  readonly variance: number;
  readonly degrees: number;
  /** Probabilities of the two tests of ICH Q1E; undefined where there is one batch or nothing left to test with. */
  readonly slopesDiffer: number | undefined;
  readonly interceptsDiffer: number | undefined;
};

/** ICH Q1E tests whether batches may be pooled at this level: high, so that differences are not overlooked. */
export const poolingLevel = 0.25;

/**
 * Chooses the model by ICH Q1E (analysis of covariance): slopes are tested first, then intercepts, each at .25. One
 * variance is estimated from all batches. Throws a RangeError where a batch has fewer than three points in time.
 */
export function fitBatches(batches: readonly Batch[]): Fit {
  if (batches.length === 0 || batches.some(({ points }) => new Set(points.map(({ x }) => x)).size < 3))
    throw new RangeError("Each batch needs results at three different times at least");
  const groups = batches.map(({ name, points }) => ({ name, moments: momentsOf(points) }));
  const models = [separate(groups), commonSlope(groups), pooled(groups, batches)] as const;
  const [apart, sloped, whole] = models;
  const spare = batches.length - 1;
  if (spare === 0) return { ...whole, slopesDiffer: undefined, interceptsDiffer: undefined };
  const slopesDiffer = testOf(sloped.residual - apart.residual, spare, apart);
  if (slopesDiffer < poolingLevel) return { ...apart, slopesDiffer, interceptsDiffer: undefined };
  const interceptsDiffer = testOf(whole.residual - sloped.residual, spare, sloped);
  return { ...(interceptsDiffer < poolingLevel ? sloped : whole), slopesDiffer, interceptsDiffer };
}

export type ShelfLife = {
  /** In the unit of x, or "none" where the bound is outside the limits from the start. */
  readonly time: number | "none";
  /** The batch that decides. */
  readonly batch: string;
  /** It was the search's end, not a limit, that stopped it. */
  readonly reached: boolean;
};

/**
 * The latest time up to which the confidence bound of the mean stays within the limits, for the worst batch (ICH Q1E §B.1:
 * one-sided 95 % for one limit; for two limits each at 97.5 %). Never beyond `latest`, the longest the protocol lets it be.
 */
export function shelfLife(batches: readonly Batch[], fit: Fit, limits: Limits, latest: number): ShelfLife {
  if (limits.lower === undefined && limits.upper === undefined) throw new RangeError("A shelf life needs a limit");
  const both = limits.lower !== undefined && limits.upper !== undefined;
  const t = studentQuantile(both ? 0.975 : 0.95, fit.degrees);
  const lives = fit.lines.map((line, index): ShelfLife => {
    const within = (time: number) => {
      const mean = line.intercept + line.slope * time;
      const width = t * Math.sqrt(fit.variance * leverage(batches, fit.model, index, time));
      return (
        (limits.lower === undefined || mean - width >= limits.lower) &&
        (limits.upper === undefined || mean + width <= limits.upper)
      );
    };
    return { ...lastWithin(within, latest), batch: line.name };
  });
  const timeOf = ({ time }: ShelfLife) => (time === "none" ? -1 : time);
  return lives.reduce((worst, each) => (timeOf(each) < timeOf(worst) ? each : worst));
}

/** Lower and upper confidence bound of a batch's mean at a time, for the chart. */
export function boundsAt(
  batches: readonly Batch[],
  fit: Fit,
  index: number,
  time: number,
  confidence = 0.95,
): { readonly mean: number; readonly lower: number; readonly upper: number } {
  const line = fit.lines[index];
  if (line === undefined) throw new RangeError("No such batch");
  const mean = line.intercept + line.slope * time;
  const width =
    studentQuantile(confidence, fit.degrees) * Math.sqrt(fit.variance * leverage(batches, fit.model, index, time));
  return { mean, lower: mean - width, upper: mean + width };
}

type Group = { readonly name: string; readonly moments: Moments };
type Fitted = Pick<Fit, "model" | "lines" | "variance" | "degrees"> & { readonly residual: number };

function separate(groups: readonly Group[]): Fitted {
  const fits = groups.map(({ name, moments }) => ({ name, ...fitLine(moments) }));
  const residual = fits.reduce((sum, each) => sum + each.residual, 0);
  const degrees = count(groups) - 2 * groups.length;
  return { model: "separate", lines: fits.map(lineOf), residual, degrees, variance: residual / degrees };
}

function commonSlope(groups: readonly Group[]): Fitted {
  const total = (of: (moments: Moments) => number) => groups.reduce((sum, { moments }) => sum + of(moments), 0);
  const xx = total(({ xx }) => xx);
  const slope = total(({ xy }) => xy) / xx;
  const residual = Math.max(0, total(({ yy }) => yy) - slope * total(({ xy }) => xy));
  const degrees = count(groups) - groups.length - 1;
  const lines = groups.map(({ name, moments }) => ({
    name,
    slope,
    intercept: moments.meanY - slope * moments.meanX,
  }));
  return { model: "common-slope", lines, residual, degrees, variance: residual / degrees };
}

function pooled(groups: readonly Group[], batches: readonly Batch[]): Fitted {
  const { residual, ...line } = fitLine(momentsOf(batches.flatMap(({ points }) => points)));
  const degrees = count(groups) - 2;
  const lines = groups.map(({ name }) => ({ name, ...line }));
  return { model: "pooled", lines, residual, degrees, variance: residual / degrees };
}

/** How far the mean at a time is from certain, in units of the variance: the hat value of that time. */
function leverage(batches: readonly Batch[], model: Model, index: number, time: number): number {
  if (model === "pooled") {
    const all = momentsOf(batches.flatMap(({ points }) => points));
    return 1 / all.n + (time - all.meanX) ** 2 / all.xx;
  }
  const groups = batches.map(({ points }) => momentsOf(points));
  const own = groups[index];
  if (own === undefined) throw new RangeError("No such batch");
  const xx = model === "separate" ? own.xx : groups.reduce((sum, each) => sum + each.xx, 0);
  return 1 / own.n + (time - own.meanX) ** 2 / xx;
}

function testOf(extra: number, degrees: number, full: Fitted): number {
  if (full.degrees <= 0) return 0;
  // Without any scatter the smallest difference is a difference, and none is none.
  if (full.residual === 0) return extra > 0 ? 0 : 1;
  return fisherTail(Math.max(0, extra) / degrees / full.variance, degrees, full.degrees);
}

/** First crossing: within at 0 and up to there. Steps are fine enough for a bound that bends once. */
function lastWithin(within: (time: number) => boolean, latest: number): Pick<ShelfLife, "time" | "reached"> {
  if (!within(0)) return { time: "none", reached: false };
  const steps = 2_000;
  for (let step = 1; step <= steps; step += 1) {
    const time = (latest * step) / steps;
    if (within(time)) continue;
    let [low, high] = [(latest * (step - 1)) / steps, time];
    for (let halving = 0; halving < 60; halving += 1) {
      const middle = (low + high) / 2;
      if (within(middle)) low = middle;
      else high = middle;
    }
    return { time: low, reached: false };
  }
  return { time: latest, reached: true };
}

const count = (groups: readonly Group[]) => groups.reduce((sum, { moments }) => sum + moments.n, 0);
const lineOf = ({ name, slope, intercept }: Line & { name: string }) => ({ name, slope, intercept });
