// A leaf: a flat RFC 8785 object of strings whose `root` commits to the salted values of its fields.
import { utf8 } from "./encoding.ts";
import { FormatError } from "./format-error.ts";
import { merkleRoot } from "./merkle.ts";
import type { Plan } from "./hash.ts";

/** The leaf's members. `root` is 64 hex digits; over no field it is SHA-256 of nothing. */
export type LeafBody = Readonly<Record<string, string>>;

export const saltLength = 16;

/** What is hashed for a field: 0x00 ‖ salt ‖ name ‖ 0x00 ‖ value text. An RFC 6962 leaf whose entry begins with a secret. */
export function commitmentInput(salt: Uint8Array, name: string, value: string): Uint8Array {
  if (salt.length !== saltLength) throw new FormatError(`A salt has ${saltLength} bytes`);
  const text = utf8(`${name}\0${value}`);
  const input = new Uint8Array(1 + saltLength + text.length);
  input.set(salt, 1);
  input.set(text, 1 + saltLength);
  return input;
}

/** The root over commitments given in the order of their fields' names. */
export function fieldRoot(commitments: readonly Uint8Array[]): Plan<Uint8Array> {
  return merkleRoot(commitments);
}

/** The order of fields under a root: by UTF-16 unit, as RFC 8785 orders members. */
export function byName([a]: readonly [string, ...unknown[]], [b]: readonly [string, ...unknown[]]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Reads a leaf's text. It must be exactly the canonical text of a flat object of strings: otherwise two readers could see
 * two things in the same bytes.
 */
export function parseLeaf(text: string): LeafBody {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FormatError("The leaf is not JSON");
  }
  if (!isFlat(value)) throw new FormatError("The leaf is not a flat object of strings");
  let length = 1;
  let previous: string | undefined;
  for (const name in value) {
    if (previous !== undefined && previous >= name) throw new FormatError("The leaf's members are not in order");
    // Quotes, colon, and a comma or a brace.
    length += name.length + (value[name]?.length ?? 0) + 6;
    previous = name;
  }
  // Nothing escaped and nothing over: white space and members named twice would make the text longer.
  const canonical = text.includes("\\") ? JSON.stringify(value) === text : length === text.length;
  if (!canonical) throw new FormatError("The leaf is not in canonical form");
  return value;
}

function isFlat(value: unknown): value is LeafBody {
  if (!isMembers(value)) return false;
  for (const name in value) if (typeof value[name] !== "string" || name === "__proto__") return false;
  return true;
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** How deep a committed value is nested at most: a file made to exhaust the stack is answered like any other that is wrong. */
export const deepestValue = 500;

/** RFC 8785 text of a JSON value: what a field's commitment covers. */
export function canonicalText(value: unknown): string {
  return textAt(value, 0);
}

function textAt(value: unknown, depth: number): string {
  if (depth > deepestValue) throw new FormatError("A value is nested too deeply");
  if (Array.isArray(value)) return `[${value.map((each) => textAt(each, depth + 1)).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .toSorted(byName);
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${textAt(member, depth + 1)}`).join(",")}}`;
  }
  if ((typeof value === "number" && !Number.isFinite(value)) || (typeof value === "string" && !value.isWellFormed()))
    throw new FormatError("JSON can't hold this value");
  const text = JSON.stringify(value);
  if (text === undefined) throw new FormatError("JSON can't hold this value");
  return text;
}
