import { round, sayDecimal, type Decimal } from "../calc/decimal.ts";
import { studentQuantile } from "./distribution.ts";

/** One source of uncertainty (JCGM 100:2008, GUM). */
export type Component = {
  readonly name: string;
  /** A: from a series of values; B: from anything else. */
  readonly type: "A" | "B";
  readonly distribution: "normal" | "rectangular" | "triangular" | "u-shaped";
  /** Standard deviation or expanded value of a normal one, half width of the others; absolute, or in % of the result. */
  readonly value: number;
  readonly relative: boolean;
  /** What a normal value is divided by: 1 of a standard deviation, k of an expanded value. */
  readonly divisor: number;
  /** How much the result moves when the source moves by one. */
  readonly sensitivity: number;
  /** Degrees of freedom; null where it is taken as known. */
  readonly degrees: number | null;
};

export type Uncertainty = {
  readonly standard: number;
  readonly expanded: number;
  readonly coverage: number;
  /** Effective degrees of freedom (Welch and Satterthwaite, GUM G.4); null where they are without end. */
  readonly degrees: number | null;
  /** The factor that 95 % would ask for with these degrees: beside the declared one, to judge it by. */
  readonly coverageOf95: number;
  readonly shares: readonly { readonly name: string; readonly standard: number; readonly share: number }[];
};

/** What a half width is divided by (GUM 4.3.7, 4.3.9; a cycle between two ends is u-shaped). */
const divisors = { rectangular: Math.sqrt(3), triangular: Math.sqrt(6), "u-shaped": Math.SQRT2 } as const;

/** Combined and expanded uncertainty of a result (GUM 5.1.2, 6.2.1): the sources are taken as independent. */
export function uncertaintyOf(components: readonly Component[], coverage: number, result: number): Uncertainty {
  const parts = components.map((each) => {
    if (!(each.value >= 0) || !(each.divisor > 0))
      throw new RangeError("An uncertainty is 0 or more, its divisor above 0");
    const value = each.relative ? (each.value / 100) * Math.abs(result) : each.value;
    const divisor = each.distribution === "normal" ? each.divisor : divisors[each.distribution];
    return { name: each.name, degrees: each.degrees, standard: (Math.abs(each.sensitivity) * value) / divisor };
  });
  const variance = parts.reduce((sum, { standard }) => sum + standard ** 2, 0);
  const standard = Math.sqrt(variance);
  const spent = parts.reduce((sum, part) => sum + (part.degrees === null ? 0 : part.standard ** 4 / part.degrees), 0);
  const degrees = spent > 0 ? variance ** 2 / spent : null;
  return {
    standard,
    expanded: coverage * standard,
    coverage,
    degrees,
    // GUM G.6.4: of the degrees, the whole ones below.
    coverageOf95: degrees === null ? 1.96 : studentQuantile(0.975, Math.max(1, Math.floor(degrees))),
    shares: parts.map(({ name, standard: own }) => ({
      name,
      standard: own,
      share: variance === 0 ? 0 : own ** 2 / variance,
    })),
  };
}

/**
 * A result with its expanded uncertainty as it is written: the uncertainty to two significant digits, rounded up so that it is
 * never made to look smaller, the result to the same place (GUM 7.2.6). The result is its exact decimal; it gets no digit
 * that was not measured.
 */
export function stateResult(result: Decimal, expanded: number): { value: string; expanded: string } {
  if (!(expanded > 0)) return { value: sayDecimal(result), expanded: "0" };
  // 0.0996 has its second digit in the third place once it is rounded: 0.10.
  const places = placesOf(ceiling(expanded, placesOf(expanded)));
  const up = ceiling(expanded, places);
  const scaled = places >= 0 ? up.toFixed(places) : String(Math.round(up));
  if (places >= 0) {
    const value = places >= result.scale ? result : round(result, places, "half-even");
    return { value: sayDecimal(value), expanded: scaled };
  }
  const unit = 10n ** BigInt(-places);
  const whole = round({ digits: result.digits, scale: result.scale - places }, 0, "half-even");
  return { value: sayDecimal({ digits: whole.digits * unit, scale: 0 }), expanded: scaled };
}

/** Up to so many places; what a floating-point number is off by counts as nothing. */
function ceiling(value: number, places: number): number {
  const unit = 10 ** places;
  return Math.ceil(value * unit * (1 - 1e-12)) / unit;
}

/** Places after the point of the second significant digit; negative before it. */
function placesOf(value: number): number {
  return 1 - Math.floor(Math.log10(value) + 1e-12);
}
