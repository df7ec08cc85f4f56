import { add, compare, multiply, readDecimal, round, sayDecimal, subtract, trimmed, type Decimal } from "./decimal.ts";
import type { Analyte, Value } from "./value.ts";

/** How far a duplicate may lie from its original, as the method's version declares it for a determination. */
export type DuplicateCriterion = {
  /** In the unit of the determination, or in percent of the mean of the two. */
  readonly difference: "absolute" | "relative";
  readonly limit: string;
  /** Whether the entered or the reported values are compared. */
  readonly compare: "entered" | "rounded";
};
export type JudgedDuplicate = {
  readonly outcome: "in" | "out" | "unclear";
  /** How far they lie apart; a quotient to six places. Null where nobody can say. */
  readonly difference: string | null;
};

const unclear: JudgedDuplicate = { outcome: "unclear", difference: null };
const places = 6;

/**
 * Judged without a quotient, so that nothing is rounded on the way: |a − b| at most the limit, or 200 |a − b| at most
 * limit · |a + b|. What is only said to be less or more than a value can't be judged.
 */
export function judgeDuplicate(
  one: Value,
  other: Value,
  criterion: DuplicateCriterion,
  analyte: Pick<Analyte, "decimals" | "rule">,
): JudgedDuplicate {
  const limit = readDecimal(criterion.limit);
  if (limit === undefined || one.number === null || other.number === null) return unclear;
  if (one.qualifier !== null || other.qualifier !== null) return unclear;
  const compared = (number: Decimal) =>
    criterion.compare === "rounded" && analyte.decimals !== null
      ? round(number, analyte.decimals, analyte.rule)
      : number;
  const [a, b] = [compared(one.number), compared(other.number)];
  const apart = size(subtract(a, b));
  if (criterion.difference === "absolute")
    return { outcome: compare(apart, limit) <= 0 ? "in" : "out", difference: sayDecimal(apart) };
  const sum = size(add(a, b));
  const within = compare(multiply({ digits: 200n, scale: 0 }, apart), multiply(limit, sum)) <= 0;
  return { outcome: within ? "in" : "out", difference: percentOf(apart, sum) };
}

/** 200 · apart / sum to six places, half up. */
function percentOf(apart: Decimal, sum: Decimal): string | null {
  if (apart.digits === 0n) return "0";
  if (sum.digits === 0n) return null;
  const scale = Math.max(apart.scale, sum.scale);
  const at = ({ digits, scale: own }: Decimal) => digits * 10n ** BigInt(scale - own);
  const [top, bottom] = [at(apart) * 200n * 10n ** BigInt(places), at(sum)];
  const whole = top / bottom;
  return sayDecimal(trimmed({ digits: (top % bottom) * 2n >= bottom ? whole + 1n : whole, scale: places }));
}

function size({ digits, scale }: Decimal): Decimal {
  return { digits: digits < 0n ? -digits : digits, scale };
}

/** "at most 0.2 mg/L apart", "at most 5 % apart". */
export function sayCriterion({ difference, limit }: DuplicateCriterion, unit: string): string {
  return `at most ${limit}${difference === "relative" ? " %" : unit === "" ? "" : ` ${unit}`} apart`;
}
