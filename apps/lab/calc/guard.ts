import { add, compare, multiply, readDecimal, sayDecimal, subtract, trimmed, type Decimal } from "./decimal.ts";
import { beyondHigh, beyondLow, type Span } from "./span.ts";
import type { Judged, Limit } from "./value.ts";

/**
 * Guarded acceptance: a band w = factor · U inside each end of the limit, U being the expanded uncertainty of the result
 * (JCGM 106:2012, 8.3.2; ILAC-G8:09/2019, 4.2). A limit without a rule is judged by simple acceptance, w = 0.
 */
export type DecisionRule = { readonly rule: "guarded"; readonly factor: string };
/** What a statement with a guard band says (ILAC-G8:09/2019, 4.2.3). Undecided: nobody stated the uncertainty. */
export type Decision = "pass" | "conditional-pass" | "conditional-fail" | "fail" | "undecided";
/** Expanded uncertainty of a result as it is stated, in its unit, with its coverage factor. */
export type Expanded = { readonly expanded: string; readonly coverage: string };

type Ends = { readonly low: Decimal | undefined; readonly high: Decimal | undefined };
type Open = { readonly low: boolean; readonly high: boolean };

/** The greatest factor a limit may ask for: 3 U keeps a false acceptance below one in a million (ILAC-G8:09/2019, table 1). */
const mostFactor: Decimal = { digits: 3n, scale: 0 };
const none: Decimal = { digits: 0n, scale: 0 };

/**
 * What simple acceptance found, decided again with the guard band. Out stays out, so that it is investigated; what is in
 * passes only when all that the value may be is clear of the band. Ends belong to what is accepted where they belong to the
 * limit (JCGM 106:2012, 3.3.9, note 1).
 */
export function guarded(
  simple: Judged,
  span: Span,
  { low, high }: Ends,
  open: Open,
  { factor }: DecisionRule,
  uncertainty: Expanded | null,
): Judged {
  if (simple.verdict === "none" || simple.verdict === "unclear") return simple;
  const width = widthOf(factor, uncertainty);
  if (width === undefined)
    return simple.verdict === "out"
      ? { ...simple, words: `${simple.words}; its uncertainty is not stated`, decision: "undecided" }
      : { verdict: "unclear", words: "not decided: its uncertainty is not stated", decision: "undecided" };
  const band = `the guard band of ${sayDecimal(width)}`;
  if (simple.verdict === "out") {
    const near =
      (low !== undefined && span.to !== undefined && between(subtract(low, width), span.to, low)) ||
      (high !== undefined && span.from !== undefined && between(high, span.from, add(high, width)));
    return near
      ? { ...simple, words: `${simple.words}, within ${band}`, decision: "conditional-fail" }
      : { ...simple, words: `${simple.words}, beyond ${band}`, decision: "fail" };
  }
  // A quantity that can't be negative needs no band above an end of zero.
  const clearBelow =
    low === undefined || span.from === undefined || beyondLow(span, add(low, width), open.low) === "no";
  const clearAbove = high === undefined || beyondHigh(span, subtract(high, width), open.high) === "no";
  return clearBelow && clearAbove
    ? { ...simple, decision: "pass" }
    : { verdict: "conditional", words: `within limits, in ${band}`, decision: "conditional-pass" };
}

/** The guard band's width; undefined where no uncertainty is stated. */
export function widthOf(factor: string, uncertainty: Expanded | null): Decimal | undefined {
  const [times, expanded] = [readDecimal(factor), readDecimal(uncertainty?.expanded ?? "")];
  return times === undefined || expanded === undefined || expanded.digits <= 0n
    ? undefined
    : trimmed(multiply(times, expanded));
}

/** What is wrong with a decision rule, or null. */
export function ruleFault({ decision, low, high, analyte }: Limit): string | null {
  if (decision === undefined || decision === null) return null;
  const factor = readDecimal(decision.factor);
  if (factor === undefined || compare(factor, none) <= 0 || compare(factor, mostFactor) > 0)
    return `The guard band of ${analyte} is more than 0 and at most 3 times the uncertainty.`;
  if ((low ?? null) === null && (high ?? null) === null)
    return `The guard band of ${analyte} has no number to lie beside.`;
  return null;
}

/** The rule in words, as lists and certificates say it; nothing of simple acceptance. */
export function sayRule(limit: Limit | undefined): string {
  const band = sayBand(limit, null);
  return band === "" ? "" : `guarded acceptance, ${band}`;
}

/** The guard band in short, as it stands beside a limit: `w = U`, and how wide it is once the uncertainty is stated. */
export function sayBand(limit: Limit | undefined, uncertainty: Expanded | null): string {
  const factor = limit?.decision?.factor;
  if (factor === undefined) return "";
  const width = widthOf(factor, uncertainty);
  return `w = ${factor === "1" ? "" : `${factor} `}U${width === undefined ? "" : ` = ${sayDecimal(width)}`}`;
}

/** The rule as it was used on one result: with its width, what was accepted by it, and of which coverage U was. */
export function sayGuard(limit: Limit | undefined, uncertainty: Expanded | null): string {
  const rule = sayRule(limit);
  if (limit === undefined || rule === "") return "";
  const width = widthOf(limit.decision?.factor ?? "", uncertainty);
  if (width === undefined || uncertainty === null) return `${rule}; the uncertainty is not stated`;
  const [low, high] = [readDecimal(limit.low ?? ""), readDecimal(limit.high ?? "")];
  const from = low === undefined ? undefined : add(low, width);
  const to = high === undefined ? undefined : subtract(high, width);
  const accepted =
    from !== undefined && to !== undefined
      ? compare(from, to) > 0
        ? "no value: the guard bands meet"
        : `${sayDecimal(from)}–${sayDecimal(to)}`
      : from !== undefined
        ? `${limit.lowOpen === true ? ">" : "≥"} ${sayDecimal(from)}`
        : `${limit.highOpen === true ? "<" : "≤"} ${sayDecimal(to ?? none)}`;
  return `${rule} = ${sayDecimal(width)} (k = ${uncertainty.coverage}); accepted: ${accepted}`;
}

function between(from: Decimal, value: Decimal, to: Decimal): boolean {
  return compare(from, value) <= 0 && compare(value, to) <= 0;
}
