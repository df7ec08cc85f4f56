import { compare, type Decimal } from "./decimal.ts";
import type { Qualifier } from "./value.ts";

/** Where the true value may lie: from, to; undefined is without end. `fromOpen`: not `from` itself. */
export type Span = { from?: Decimal; fromOpen?: boolean; to?: Decimal; toOpen?: boolean };
export function spanOf(number: Decimal, qualifier: Qualifier | null): Span {
  if (qualifier === "<" || qualifier === "<=") return { to: number, toOpen: qualifier === "<" };
  if (qualifier === ">" || qualifier === ">=") return { from: number, fromOpen: qualifier === ">" };
  return { from: number, to: number };
}
export function beyondLow(span: Span, low: Decimal, open: boolean): "yes" | "no" | "perhaps" {
  if (span.to !== undefined) {
    const order = compare(span.to, low);
    if (order < 0 || (order === 0 && (open || span.toOpen === true))) return "yes";
  }
  if (span.from === undefined) return isZeroOrLess(low) && !open ? "no" : "perhaps";
  const order = compare(span.from, low);
  return order > 0 || (order === 0 && (!open || span.fromOpen === true)) ? "no" : "perhaps";
}
export function beyondHigh(span: Span, high: Decimal, open: boolean): "yes" | "no" | "perhaps" {
  if (span.from !== undefined) {
    const order = compare(span.from, high);
    if (order > 0 || (order === 0 && (open || span.fromOpen === true))) return "yes";
  }
  if (span.to === undefined) return "perhaps";
  const order = compare(span.to, high);
  return order < 0 || (order === 0 && (!open || span.toOpen === true)) ? "no" : "perhaps";
}
/** "<0.05" of a quantity that can't be negative is not under a low end of zero. */
function isZeroOrLess(low: Decimal): boolean {
  return low.digits <= 0n;
}
