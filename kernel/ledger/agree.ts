import { canonicalText } from "./canonical.ts";

/**
 * Whether a stored value is the one that was committed to. PostgreSQL writes the same moment and the same number in other
 * letters than the leaf does (`+00:00` for `Z`, `1.50` for `1.5`): that is no change.
 */
export function agrees(committed: string, stored: unknown): boolean {
  let said: unknown;
  try {
    said = JSON.parse(committed);
  } catch {
    said = committed;
  }
  return same(said, stored);
}

function same(said: unknown, stored: unknown): boolean {
  const [a, b] = [said ?? null, stored ?? null];
  if (a === null || b === null) return a === b;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((each: unknown, place) => same(each, b[place]));
  if (typeof a === "object" || typeof b === "object")
    return typeof a === "object" && typeof b === "object" && canonicalText(a) === canonicalText(b);
  const [one, other] = [String(a), String(b)];
  return one === other || sameMoment(one, other) || sameNumber(one, other);
}

const moment = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/;

function sameMoment(one: string, other: string): boolean {
  return moment.test(one) && moment.test(other) && Date.parse(one) === Date.parse(other);
}

const decimal = /^-?\d+(\.\d+)?$/;

function sameNumber(one: string, other: string): boolean {
  return decimal.test(one) && decimal.test(other) && plain(one) === plain(other);
}

/** Without zeros that say nothing. */
function plain(text: string): string {
  const short = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return short.replace(/^(-?)0+(?=\d)/, "$1").replace(/^-0$/, "0");
}
