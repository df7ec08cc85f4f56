import { compare, readDecimal, round, sayDecimal, subtract, type Decimal, type RoundingRule } from "./decimal.ts";
import { guarded, type Decision, type DecisionRule, type Expanded } from "./guard.ts";
import { beyondHigh, beyondLow, spanOf } from "./span.ts";

/** One thing a method determines, as its version declares it. */
export type Analyte = {
  readonly key: string;
  readonly name: string;
  readonly unit: string;
  readonly kind: "number" | "text" | "calculated";
  /** Places of the reported value; null reports what was entered. */
  readonly decimals: number | null;
  readonly rule: RoundingRule;
  /** Below it the report says less than it. */
  readonly quantification?: string | null;
  /** Below it nothing was detected, and the report says so. */
  readonly detection?: string | null;
  /** Of a text: what may be entered; an empty list takes any. */
  readonly choices?: readonly string[];
  readonly formula?: string | null;
};

export type Qualifier = "<" | "<=" | ">" | ">=";
/** What a person or instrument wrote, and what it means. */
export type Value = { readonly text: string; readonly number: Decimal | null; readonly qualifier: Qualifier | null };
export type Read = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly why: string };

const shape = /^(<=|>=|<|>|≤|≥)?\s*([-−]?\d{1,18}(?:\.\d{1,18})?)$/;

/** Reads an entry for an analyte. Nothing is guessed: a comma, another unit or a word is told, never converted. */
export function readValue(entered: string, analyte: Pick<Analyte, "kind" | "unit" | "choices">): Read {
  const text = entered.trim();
  if (text === "") return { ok: false, why: "There is no value." };
  if (text.length > 200) return { ok: false, why: "A value has at most 200 characters." };
  if (analyte.kind === "text") {
    const choices = analyte.choices ?? [];
    if (choices.length > 0 && !choices.includes(text))
      return { ok: false, why: `One of these is expected: ${choices.join(", ")}.` };
    return { ok: true, value: { text, number: null, qualifier: null } };
  }
  const plain =
    analyte.unit !== "" && text.endsWith(` ${analyte.unit}`) ? text.slice(0, -analyte.unit.length).trim() : text;
  const found = shape.exec(plain);
  const number = found === null ? undefined : readDecimal((found[2] ?? "").replace("−", "-"));
  if (found === null || number === undefined) return { ok: false, why: reasonOf(plain, analyte.unit) };
  return { ok: true, value: { text, number, qualifier: qualifierOf(found[1]) } };
}

function reasonOf(text: string, unit: string): string {
  if (/^[<>≤≥=]*\s*-?\d{1,3}(,\d{3})+\.\d/.test(text)) return "Write it without commas between thousands.";
  if (/^[<>≤≥=]*\s*-?\d+,\d+$/.test(text)) return `Write ${text.replace(",", ".")} with a point.`;
  if (/^[<>≤≥=]*\s*-?\d+(\.\d+)?[eE]/.test(text)) return "Write it out, without an exponent.";
  if (/^[<>≤≥=]*\s*-?\d+(\.\d+)?\s*[\p{L}%°]/u.test(text))
    return unit === "" ? "Write the number alone." : `Write the number in ${unit}; another unit is not converted.`;
  return "A number is expected, such as 7.2 or <0.05.";
}

function qualifierOf(sign: string | undefined): Qualifier | null {
  if (sign === "≤") return "<=";
  if (sign === "≥") return ">=";
  return sign === "<" || sign === "<=" || sign === ">" || sign === ">=" ? sign : null;
}

/** The value as it is reported: a view by the method's declared rounding, never stored in place of what was entered. */
export function reportedOf(
  value: Value,
  analyte: Pick<Analyte, "decimals" | "rule" | "quantification" | "detection">,
): string {
  if (value.number === null) return value.text;
  const seen = readDecimal(analyte.detection ?? "");
  if (seen !== undefined && value.qualifier === null && compare(value.number, seen) < 0)
    return `not detected (<${sayDecimal(seen)})`;
  const least = readDecimal(analyte.quantification ?? "");
  if (least !== undefined && value.qualifier === null && compare(value.number, least) < 0)
    return `<${sayDecimal(least)}`;
  // What is said to be less or more than a limit is the limit's own writing.
  if (value.qualifier !== null || analyte.decimals === null)
    return `${value.qualifier ?? ""}${sayDecimal(value.number)}`;
  return sayDecimal(round(value.number, analyte.decimals, analyte.rule));
}

/** Limits of one analyte in a specification. An end that is not named is open. */
export type Limit = {
  readonly analyte: string;
  readonly low?: string | null;
  readonly lowOpen?: boolean;
  readonly high?: string | null;
  readonly highOpen?: boolean;
  readonly warnLow?: string | null;
  readonly warnHigh?: string | null;
  /** Accepted texts. */
  readonly texts?: readonly string[];
  /** Whether the entered or the reported value is compared. */
  readonly compare: "entered" | "rounded";
  /** How conformity is decided; where none is named, by simple acceptance. */
  readonly decision?: DecisionRule | null;
};
/** "conditional": within the limit, and within its guard band. */
export type Verdict = "in" | "warn" | "conditional" | "out" | "unclear" | "none";
export type Judged = { readonly verdict: Verdict; readonly words: string; readonly decision?: Decision };

/**
 * How a value stands against its limit, and by how much. What can't be decided is "unclear", never "in": under guarded
 * acceptance a value whose uncertainty nobody stated passes nothing.
 */
export function judgeValue(
  value: Value,
  limit: Limit | undefined,
  analyte: Pick<Analyte, "decimals" | "rule">,
  uncertainty: Expanded | null = null,
): Judged {
  const simple = judgeSimply(value, limit, analyte);
  const rule = limit?.decision;
  if (rule === undefined || rule === null || value.number === null) return simple;
  const number = comparedOf({ ...value, number: value.number }, limit, analyte);
  const ends = { low: end(limit?.low), high: end(limit?.high) };
  const open = { low: limit?.lowOpen === true, high: limit?.highOpen === true };
  return guarded(simple, spanOf(number, value.qualifier), ends, open, rule, uncertainty);
}

/** The number that is held against the limit: as entered, or rounded as it is reported. */
function comparedOf(
  value: Value & { readonly number: Decimal },
  limit: Limit | undefined,
  analyte: Pick<Analyte, "decimals" | "rule">,
): Decimal {
  const places = limit?.compare === "rounded" && value.qualifier === null ? analyte.decimals : null;
  return places === null ? value.number : round(value.number, places, analyte.rule);
}

/** Simple acceptance (ILAC-G8:09/2019, 4.2.1; JCGM 106:2012, 8.2): the limit itself decides. */
function judgeSimply(value: Value, limit: Limit | undefined, analyte: Pick<Analyte, "decimals" | "rule">): Judged {
  if (limit === undefined) return { verdict: "none", words: "no limit" };
  if (limit.texts !== undefined && limit.texts.length > 0)
    return limit.texts.includes(value.text)
      ? { verdict: "in", words: "as specified" }
      : { verdict: "out", words: `specified: ${limit.texts.join(" or ")}` };
  if (value.number === null) return { verdict: "unclear", words: "not a number" };
  const number = comparedOf({ ...value, number: value.number }, limit, analyte);
  const span = spanOf(number, value.qualifier);
  const low = end(limit.low);
  const high = end(limit.high);
  if (low === undefined && high === undefined) return { verdict: "none", words: "no limit" };
  // All of what the value may be lies beyond an end: out. A part of it: nobody can say.
  const under = low === undefined ? "no" : beyondLow(span, low, limit.lowOpen === true);
  const over = high === undefined ? "no" : beyondHigh(span, high, limit.highOpen === true);
  if (under === "yes" && low !== undefined)
    return { verdict: "out", words: distance(low, number, "below", limit.lowOpen) };
  if (over === "yes" && high !== undefined)
    return { verdict: "out", words: distance(number, high, "above", limit.highOpen) };
  if (under === "perhaps" || over === "perhaps")
    return { verdict: "unclear", words: "the limit lies within what this may be" };
  const warnLow = end(limit.warnLow);
  const warnHigh = end(limit.warnHigh);
  if (warnLow !== undefined && compare(number, warnLow) < 0)
    return { verdict: "warn", words: `below ${sayDecimal(warnLow)}` };
  if (warnHigh !== undefined && compare(number, warnHigh) > 0)
    return { verdict: "warn", words: `above ${sayDecimal(warnHigh)}` };
  return { verdict: "in", words: "within limits" };
}

/** The limit as people write it: 6.0–7.0, ≤ 500, > 0. */
export function sayLimit(limit: Limit | undefined): string {
  if (limit === undefined) return "";
  if (limit.texts !== undefined && limit.texts.length > 0) return limit.texts.join(" or ");
  const low = limit.low ?? null;
  const high = limit.high ?? null;
  if (low !== null && high !== null && limit.lowOpen !== true && limit.highOpen !== true) return `${low}–${high}`;
  const parts = [
    ...(low === null ? [] : [`${limit.lowOpen === true ? ">" : "≥"} ${low}`]),
    ...(high === null ? [] : [`${limit.highOpen === true ? "<" : "≤"} ${high}`]),
  ];
  return parts.join(" and ");
}

function distance(greater: Decimal, less: Decimal, word: "above" | "below", open: boolean | undefined): string {
  const by = subtract(greater, less);
  const end = word === "above" ? less : greater;
  if (by.digits === 0n)
    return `not ${word === "above" ? "under" : "over"} ${sayDecimal(end)}${open === true ? ", which is excluded" : ""}`;
  return `${sayDecimal(by)} ${word} ${sayDecimal(end)}`;
}
function end(text: string | null | undefined): Decimal | undefined {
  return text === null || text === undefined ? undefined : readDecimal(text);
}
