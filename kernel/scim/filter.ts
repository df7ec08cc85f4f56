import { scimProblem } from "./error.ts";

/** One comparison of a filter: attribute, in lower case, equals value. */
export type Comparison = { readonly attribute: string; readonly value: string | boolean };

const prefix = /^urn:ietf:params:scim:schemas:core:2\.0:(?:user|group):/i;
const comparison = /^([A-Za-z][\w.:-]{0,150})\s+eq\s+("(?:[^"\\]|\\.){0,300}"|true|false)/i;
const most = 5;

/**
 * Reads a filter of `eq` joined by `and` (RFC 7644, 3.4.2.2): what directories ask before they create. Everything else is
 * refused by name rather than guessed. Values are data: they reach the database as parameters alone.
 */
export function readFilter(text: string): Comparison[] {
  const found: Comparison[] = [];
  let rest = text.trim();
  for (;;) {
    const match = comparison.exec(rest);
    if (match === null || found.length === most) throw unreadable(rest);
    const [whole, attribute = "", value = ""] = match;
    found.push({ attribute: attribute.replace(prefix, "").toLowerCase(), value: literal(value) });
    rest = rest.slice(whole.length).trim();
    if (rest === "") return found;
    const and = /^and\s+/i.exec(rest);
    if (and === null) throw unreadable(rest);
    rest = rest.slice(and[0].length);
  }
}

/** Takes `emails[type eq "work"].value` as what is meant by it: the one address a person has here. */
export function plainPath(path: string): string {
  return path
    .replace(prefix, "")
    .replace(/^emails\[[^\]]{0,100}\]/i, "emails")
    .toLowerCase();
}

/** The id in `members[value eq "…"]`; undefined when the path is another. */
export function memberInPath(path: string): string | undefined {
  return /^members\[\s*value\s+eq\s+"([^"\\]{1,100})"\s*\]$/i.exec(path.replace(prefix, ""))?.[1];
}

function literal(text: string): string | boolean {
  try {
    const value: unknown = JSON.parse(text.startsWith('"') ? text : text.toLowerCase());
    if (typeof value === "string" || typeof value === "boolean") return value;
  } catch {
    // Falls through: an escape that JSON does not know.
  }
  throw unreadable(text);
}

function unreadable(text: string): Error {
  return scimProblem.filter_unreadable({ values: { reason: JSON.stringify(text.slice(0, 60)) } });
}
