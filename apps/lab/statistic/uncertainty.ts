/** One source of a result's uncertainty, in the result's unit (JCGM 100:2008, GUM). */
export type Contribution = {
  readonly name: string;
  /** Half width for "rectangular" and "triangular", standard deviation for "standard", expanded value for "expanded". */
  readonly value: number;
  readonly kind: "standard" | "rectangular" | "triangular" | "expanded";
  /** Coverage factor of an expanded value; 2 when not given. */
  readonly coverage?: number;
  /** How much the result moves when the source moves by one; 1 when not given. */
  readonly sensitivity?: number;
};

/** Combined standard uncertainty (GUM 5.1.2), expanded by `coverage` (2: about 95 %), and each source's share of the variance. */
export function combine(
  contributions: readonly Contribution[],
  coverage = 2,
): {
  readonly standard: number;
  readonly expanded: number;
  readonly shares: readonly { readonly name: string; readonly share: number }[];
} {
  const variances = contributions.map((each) => ({ name: each.name, variance: standardOf(each) ** 2 }));
  const total = variances.reduce((sum, { variance }) => sum + variance, 0);
  const standard = Math.sqrt(total);
  return {
    standard,
    expanded: coverage * standard,
    shares: variances.map(({ name, variance }) => ({ name, share: total === 0 ? 0 : variance / total })),
  };
}

/** GUM 4.3: what a statement of each kind is as a standard uncertainty. */
function standardOf({ value, kind, coverage = 2, sensitivity = 1 }: Contribution): number {
  if (!(value >= 0)) throw new RangeError("An uncertainty is 0 or more");
  const divisor = { standard: 1, rectangular: Math.sqrt(3), triangular: Math.sqrt(6), expanded: coverage }[kind];
  return (Math.abs(sensitivity) * value) / divisor;
}
