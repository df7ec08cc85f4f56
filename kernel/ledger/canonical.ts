import { deepestValue } from "@probity/verify";

/**
 * The RFC 8785 (JCS) text of a value: members in the order of their names' UTF-16 units, strings and numbers as ECMAScript
 * writes them, no white space. Dates are ISO strings, members without a value are left out. What JSON cannot hold (an
 * infinite number, a big integer, half of a surrogate pair) is an error, not an omission: two readers must read one thing.
 * So is what is nested deeper than the verifier follows.
 */
export function canonicalText(value: unknown): string {
  return textAt(value, 0);
}

function textAt(value: unknown, depth: number): string {
  if (depth > deepestValue) throw unholdable("objects in objects, deeper than a reader follows");
  switch (typeof value) {
    case "boolean":
      return value ? "true" : "false";
    case "string":
      if (!value.isWellFormed()) throw unholdable("a lone surrogate");
      return JSON.stringify(value);
    case "number":
      if (!Number.isFinite(value)) throw unholdable(String(value));
      return JSON.stringify(value);
    case "object":
      return objectAt(value, depth);
    default:
      throw unholdable(typeof value);
  }
}

function objectAt(value: object | null, depth: number): string {
  if (value === null) return "null";
  if (value instanceof Date) return JSON.stringify(value.toISOString());
  if (Array.isArray(value)) return `[${value.map((each) => textAt(each, depth + 1)).join(",")}]`;
  const members: string[] = [];
  // ECMAScript compares strings by UTF-16 units, which is the order the RFC asks for (3.2.3).
  for (const [name, member] of Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (member !== undefined) members.push(`${textAt(name, depth)}:${textAt(member, depth + 1)}`);
  }
  return `{${members.join(",")}}`;
}

function unholdable(what: string): Error {
  return new Error(`A value that JSON cannot hold can't be committed to: ${what}`);
}
