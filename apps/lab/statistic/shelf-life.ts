import {
  boundsAt,
  fitBatches,
  poolingLevel,
  shelfLife,
  type Batch,
  type Fit,
  type Limits,
  type Model,
} from "./stability.ts";

/** How a product is meant to be kept: ICH Q1E treats the three differently. */
export type Keeping = "room" | "refrigerator" | "freezer";
/** What the accelerated (or intermediate) condition showed; "missing" where it was not tested for its six months. */
export type Shown = "no-change" | "change" | "missing";

/** How far beyond the long-term data a shelf life may reach, and why. */
export type Extrapolation = { readonly covered: number; readonly limit: number; readonly why: string };

/**
 * The longest shelf life that data over `covered` months may carry, where a statistical analysis supports it (ICH Q1E 2.4
 * and 2.5, its appendix A). What is not known counts as the worse.
 */
export function extrapolationLimit(
  keeping: Keeping,
  covered: number,
  accelerated: Shown,
  intermediate: Shown,
): Extrapolation {
  const upTo = (factor: number, months: number, why: string) => ({
    covered,
    limit: Math.floor(Math.min(covered * factor, covered + months)),
    why,
  });
  if (keeping === "freezer") return upTo(1, 0, "What is kept frozen is not extrapolated (ICH Q1E 2.5.2).");
  if (accelerated === "missing")
    return upTo(
      1,
      0,
      "The accelerated condition is not verified to 6 months for every batch: nothing beyond the data.",
    );
  if (keeping === "refrigerator")
    return accelerated === "no-change"
      ? upTo(
          1.5,
          6,
          "Refrigerated, no significant change at the accelerated condition: 1.5 times the data, 6 months more at most (ICH Q1E 2.5.1.1).",
        )
      : upTo(
          1,
          0,
          "Refrigerated, significant change at the accelerated condition: nothing beyond the data (ICH Q1E 2.5.1.2).",
        );
  if (accelerated === "no-change")
    return upTo(
      2,
      12,
      "No significant change at the accelerated condition: twice the data, 12 months more at most (ICH Q1E 2.4.1).",
    );
  if (intermediate === "no-change")
    return upTo(
      1.5,
      6,
      "Significant change at the accelerated, none at the intermediate condition: 1.5 times the data, 6 months more at most (ICH Q1E 2.4.2.1).",
    );
  return upTo(
    1,
    0,
    intermediate === "change"
      ? "Significant change at the accelerated and the intermediate condition: nothing beyond the data (ICH Q1E 2.4.2.2)."
      : "Significant change at the accelerated condition, and the intermediate one is not verified: nothing beyond the data.",
  );
}

/** One value of an attribute under one condition. */
export type Reading = {
  readonly batch: string;
  readonly analyte: string;
  readonly name: string;
  readonly months: number;
  /** Null where it is a text or lies beyond what can be quantified. */
  readonly value: number | null;
  readonly outOfSpecification: boolean;
};

/**
 * What counts as significant change (ICH Q1A(R2) 2.2.7.1): an assay that moved by 5 % or more from its batch's initial value,
 * or any attribute outside its acceptance criterion. Each finding is a sentence.
 */
export function significantChanges(
  readings: readonly Reading[],
  initial: readonly Reading[],
  assays: readonly string[],
): string[] {
  return readings.flatMap((reading) => {
    const at = `batch ${reading.batch} at ${reading.months} months`;
    if (reading.outOfSpecification) return [`${reading.name} is out of its acceptance criterion: ${at}.`];
    if (!assays.includes(reading.analyte) || reading.value === null) return [];
    const first = initial.find((each) => each.batch === reading.batch && each.analyte === reading.analyte)?.value;
    if (first === undefined || first === null || first === 0) return [];
    const moved = ((reading.value - first) / first) * 100;
    return Math.abs(moved) >= 5
      ? [`${reading.name} moved by ${moved.toFixed(1)} % from its initial value: ${at}.`]
      : [];
  });
}

export type Judgement = {
  readonly fit: Fit;
  readonly model: Model;
  readonly why: string;
  readonly confidence: number;
  /** Where the bound of the worst batch meets a limit; "none" where it is outside from the start. */
  readonly crossing: { readonly months: number | "none"; readonly batch: string; readonly reached: boolean };
  readonly extrapolation: Extrapolation;
  /** Whole months; null where nothing can be proposed. */
  readonly months: number | null;
  readonly said: string;
};

/** Fits, chooses the model, and says how long the product keeps within its limits; throws a RangeError where it can't. */
export function judgeShelfLife(batches: readonly Batch[], limits: Limits, extrapolation: Extrapolation): Judgement {
  const fit = fitBatches(batches);
  const both = limits.lower !== undefined && limits.upper !== undefined;
  // Looked for well beyond what may be claimed, so that the page can show where the bound would meet the limit.
  const crossing = shelfLife(batches, fit, limits, Math.max(120, extrapolation.limit));
  const months = crossing.time === "none" ? null : Math.floor(Math.min(crossing.time, extrapolation.limit) + 1e-9);
  return {
    fit,
    model: fit.model,
    why: sayModel(fit),
    confidence: both ? 0.975 : 0.95,
    crossing: { months: crossing.time, batch: crossing.batch, reached: crossing.reached },
    extrapolation,
    months,
    said: sayLife(crossing.time, crossing.reached, crossing.batch, extrapolation, months, fit.model),
  };
}

/** Line, bounds and limit over time, for the chart of one batch. */
export function curveOf(batches: readonly Batch[], fit: Fit, index: number, until: number, confidence: number) {
  const steps = 48;
  return Array.from({ length: steps + 1 }, (_, step) => {
    const x = (until * step) / steps;
    return { x, ...boundsAt(batches, fit, index, x, confidence) };
  });
}

function sayModel({ model, slopesDiffer, interceptsDiffer }: Fit): string {
  const p = (value: number | undefined) => (value ?? 1).toFixed(3);
  if (slopesDiffer === undefined) return "One batch: there is nothing to pool.";
  if (model === "separate")
    return `The batches change at different rates (p = ${p(slopesDiffer)}, below ${poolingLevel}): each keeps a line of its own, and the worst decides.`;
  if (model === "common-slope")
    return `The batches change at one rate (p = ${p(slopesDiffer)}) from different starts (p = ${p(interceptsDiffer)}, below ${poolingLevel}): one slope, a line each, and the worst decides.`;
  return `Neither rates (p = ${p(slopesDiffer)}) nor starts (p = ${p(interceptsDiffer)}) differ at ${poolingLevel}: all batches are one line.`;
}

function sayLife(
  time: number | "none",
  reached: boolean,
  batch: string,
  extrapolation: Extrapolation,
  months: number | null,
  model: Model,
): string {
  if (time === "none" || months === null)
    return "The confidence bound lies outside the limit from the start: no shelf life follows from these data.";
  const who = model === "pooled" ? "The bound of the common line" : `The bound of batch ${batch}`;
  const where = reached ? "meets no limit within ten years" : `meets the limit at ${time.toFixed(1)} months`;
  return time > extrapolation.limit
    ? `${who} ${where}; ${months} months may be claimed. ${extrapolation.why}`
    : `${who} ${where}: ${months} whole months.`;
}
