/** An exact decimal: digits / 10^scale. Results are never floating-point numbers: 0.1 + 0.2 is 0.3 here. */
export type Decimal = { readonly digits: bigint; readonly scale: number };

/** How a value between two is rounded; a method declares which. */
export type RoundingRule = "half-up" | "half-even";

const pattern = /^(-?)(\d{1,30})(?:\.(\d{1,30}))?$/;
/** Places kept of a quotient that never ends. */
const quotientPlaces = 24;

/** Reads a decimal written with a point; anything else is undefined. */
export function readDecimal(text: string): Decimal | undefined {
  const found = pattern.exec(text);
  if (found === null) return undefined;
  const [, sign = "", whole = "0", fraction = ""] = found;
  return { digits: BigInt(`${sign}${whole}${fraction}`), scale: fraction.length };
}

/** Writes a decimal with all its places, as it was built: 23.70 stays 23.70. */
export function sayDecimal({ digits, scale }: Decimal): string {
  if (scale === 0) return digits.toString();
  const text = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, "0");
  return `${digits < 0n ? "-" : ""}${text.slice(0, -scale)}.${text.slice(-scale)}`;
}

export function add(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { digits: at(a, scale) + at(b, scale), scale };
}
export function subtract(a: Decimal, b: Decimal): Decimal {
  return add(a, { digits: -b.digits, scale: b.scale });
}
export function multiply(a: Decimal, b: Decimal): Decimal {
  return { digits: a.digits * b.digits, scale: a.scale + b.scale };
}
/** Undefined by zero. A quotient that ends is exact; another is kept to 24 places. */
export function divide(a: Decimal, b: Decimal): Decimal | undefined {
  if (b.digits === 0n) return undefined;
  const scale = quotientPlaces + b.scale;
  const quotient = { digits: over(at(a, a.scale + scale), b.digits, "half-even"), scale: a.scale + scale - b.scale };
  return trimmed(round(quotient, quotientPlaces, "half-even"));
}
/** Negative, zero or positive, as a < b, a = b, a > b. */
export function compare(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const left = at(a, scale);
  const right = at(b, scale);
  return left < right ? -1 : left > right ? 1 : 0;
}
/** To so many places; one that has fewer gets zeros. */
export function round(value: Decimal, places: number, rule: RoundingRule): Decimal {
  if (value.scale <= places) return { digits: at(value, places), scale: places };
  return { digits: over(value.digits, 10n ** BigInt(value.scale - places), rule), scale: places };
}
/** Without zeros at its end. */
export function trimmed({ digits, scale }: Decimal): Decimal {
  let [left, places] = [digits, scale];
  while (places > 0 && left % 10n === 0n) [left, places] = [left / 10n, places - 1];
  return { digits: left, scale: places };
}

function at({ digits, scale }: Decimal, wanted: number): bigint {
  return digits * 10n ** BigInt(wanted - scale);
}
/** Half-up is away from zero, as pharmacopoeias round (USP General Notices 7.20); half-even is ISO 80000-1, B.3. */
function over(value: bigint, by: bigint, rule: RoundingRule): bigint {
  const [top, bottom] = by < 0n ? [-value, -by] : [value, by];
  const size = top < 0n ? -top : top;
  const quotient = size / bottom;
  const twice = (size % bottom) * 2n;
  const up = twice > bottom || (twice === bottom && (rule === "half-up" || quotient % 2n === 1n));
  return (top < 0n ? -1n : 1n) * (quotient + (up ? 1n : 0n));
}
