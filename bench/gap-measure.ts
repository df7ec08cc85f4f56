/** Measures for the gap benchmarks: rank and decision quality with bootstrap intervals from a fixed seed. */

/** One decision to be made: `positive` = the requirement is treated by the documents at hand. */
export interface Pair {
  key: string;
  positive: boolean;
  score: number;
}

/** Area under the ROC curve, ties counted half. NaN when one side is empty. */
export function auc(pairs: readonly Pair[]): number {
  const positives = pairs.filter((pair) => pair.positive);
  const negatives = pairs.filter((pair) => !pair.positive);
  let wins = 0;
  for (const positive of positives) {
    for (const negative of negatives)
      wins += positive.score > negative.score ? 1 : positive.score === negative.score ? 0.5 : 0;
  }
  return wins / (positives.length * negatives.length);
}

/** Decisions at a threshold: treated from `threshold` on. */
export function decide(
  pairs: readonly Pair[],
  threshold: number,
): { accuracy: number; gapRecall: number; presentRecall: number } {
  const right = (pair: Pair): boolean => pair.score >= threshold === pair.positive;
  const share = (some: readonly Pair[]): number => some.filter(right).length / some.length;
  return {
    accuracy: share(pairs),
    gapRecall: share(pairs.filter((pair) => !pair.positive)),
    presentRecall: share(pairs.filter((pair) => pair.positive)),
  };
}

/** The threshold with the best mean of gap recall and present recall; the middle of the best range. */
export function bestThreshold(pairs: readonly Pair[]): number {
  return thresholdFor(pairs, ({ gapRecall, presentRecall }) => gapRecall + presentRecall);
}

/** The threshold with the most right decisions; the middle of the best range. */
export function mostAccurate(pairs: readonly Pair[]): number {
  return thresholdFor(pairs, ({ accuracy }) => accuracy);
}

function thresholdFor(pairs: readonly Pair[], worth: (decisions: ReturnType<typeof decide>) => number): number {
  const scores = [...new Set(pairs.map((pair) => pair.score))].toSorted((a, b) => a - b);
  const cuts = scores.map((score, index) => (index === 0 ? score / 2 : (score + (scores[index - 1] ?? 0)) / 2));
  let best = -1;
  let kept: number[] = [];
  for (const cut of cuts) {
    const value = worth(decide(pairs, cut));
    if (value > best + 1e-9) {
      best = value;
      kept = [cut];
    } else if (Math.abs(value - best) <= 1e-9) kept.push(cut);
  }
  return kept[Math.floor(kept.length / 2)] ?? 0.5;
}

/** 95 % interval of a figure by resampling the pairs 2,000 times. The seed is fixed, so the report repeats. */
export function interval<T>(
  items: readonly T[],
  figure: (sample: readonly T[]) => number,
  seed = 13_485,
): [number, number] {
  const random = mulberry(seed);
  const values: number[] = [];
  for (let round = 0; round < 2000; round += 1) {
    const sample: T[] = [];
    for (let draw = 0; draw < items.length; draw += 1) {
      const item = items[Math.floor(random() * items.length)];
      if (item !== undefined) sample.push(item);
    }
    const value = figure(sample);
    if (Number.isFinite(value)) values.push(value);
  }
  values.sort((a, b) => a - b);
  return [values[Math.floor(values.length * 0.025)] ?? NaN, values[Math.floor(values.length * 0.975)] ?? NaN];
}

/** A figure with its interval, for print. */
export function withInterval<T>(items: readonly T[], figure: (sample: readonly T[]) => number): string {
  const [low, high] = interval(items, figure);
  return `${figure(items).toFixed(3)} [${low.toFixed(3)}–${high.toFixed(3)}]`;
}

function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
