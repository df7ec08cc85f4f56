/**
 * The RFC 8785 (JCS) text of a value: members in the order of their names' UTF-16 units, strings and numbers as ECMAScript
 * writes them, no white space. Dates are ISO strings, members without a value are left out. What JSON cannot hold (an
 * infinite number, a big integer, half of a surrogate pair) is an error, not an omission: two readers must read one thing.
 */
export function canonicalText(value: unknown): string {
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
      return canonicalObject(value);
    default:
      throw unholdable(typeof value);
  }
}

function canonicalObject(value: object | null): string {
  if (value === null) return "null";
  if (value instanceof Date) return JSON.stringify(value.toISOString());
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  const members: string[] = [];
  // ECMAScript compares strings by UTF-16 units, which is the order the RFC asks for (3.2.3).
  for (const [name, member] of Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (member !== undefined) members.push(`${canonicalText(name)}:${canonicalText(member)}`);
  }
  return `{${members.join(",")}}`;
}

function unholdable(what: string): Error {
  return new Error(`A value that JSON cannot hold can't be committed to: ${what}`);
}
