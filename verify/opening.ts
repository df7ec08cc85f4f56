// What is shown of leaves, checked against what they commit to: many leaves at once, so that hashing goes in batches.
import { fromBase64url, hex, utf8 } from "./encoding.ts";
import { FormatError } from "./format-error.ts";
import type { LeafPart } from "./format.ts";
import { hashLength, type Plan } from "./hash.ts";
import { byName, canonicalText, commitmentInput, parseLeaf, type LeafBody } from "./leaf.ts";
import { leafInput, nodeInput } from "./merkle.ts";

export const noFieldsRoot = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const notShown = "What is shown of the leaf is not what it commits to";
const notRow = "The row, or what else is shown of the leaf, is not what it commits to";

export type CheckedLeaf = {
  readonly part: LeafPart;
  /** RFC 6962 leaf hash of the text. */
  readonly hash: Uint8Array;
  /** Undefined where the text is no leaf; `fault` says why. */
  readonly body?: LeafBody;
  /** Values shown, as committed text. */
  readonly values: Readonly<Record<string, string>>;
  /** Names of fields of which only the commitment is given. */
  readonly closed: readonly string[];
  /** There are fields, and none of them is named. */
  readonly unopened: boolean;
  readonly fault?: string;
};

type Prepared = {
  readonly part: LeafPart;
  readonly body?: LeafBody;
  readonly values: Record<string, string>;
  readonly closed: string[];
  /** In the order of names: an input to hash, or a commitment as given. */
  readonly fields: { readonly input?: Uint8Array; readonly commitment?: Uint8Array }[];
  readonly fault?: string;
};

/** Checks leaves and their openings: the leaf's form, its hash, the root over its fields, the row it speaks of. */
export function* checkLeaves(parts: readonly LeafPart[]): Plan<CheckedLeaf[]> {
  const prepared = parts.map(prepare);
  const inputs: Uint8Array[] = parts.map(({ leaf }) => leafInput(utf8(leaf)));
  for (const { fields } of prepared) for (const { input } of fields) if (input !== undefined) inputs.push(input);
  const hashes = yield inputs;
  let next = parts.length;
  const trees = prepared.map(({ fields }) =>
    fields.map(({ commitment }) => commitment ?? hashes[next++] ?? new Uint8Array(hashLength)),
  );
  const roots = yield* rootsOf(trees);
  return prepared.map(({ part, body, values, closed, fault: unread }, place) => {
    const root = body?.["root"];
    const open = part.open !== undefined && Object.keys(part.open).length > 0;
    const found = roots[place];
    const wrong = open && unread === undefined && (found === undefined || hex(found) !== root);
    const fault = wrong ? (part.record === undefined ? notShown : notRow) : unread;
    return {
      part,
      hash: hashes[place] ?? new Uint8Array(hashLength),
      values,
      closed,
      unopened: !open && root !== noFieldsRoot,
      ...(body === undefined ? {} : { body }),
      ...(fault === undefined ? {} : { fault }),
    };
  });
}

function prepare(part: LeafPart): Prepared {
  const values: Record<string, string> = {};
  const closed: string[] = [];
  const fields: Prepared["fields"] = [];
  let body: LeafBody | undefined;
  try {
    body = parseLeaf(part.leaf);
    checkRow(part, body);
    for (const [name, opening] of Object.entries(part.open ?? {}).toSorted(byName)) {
      if ("commitment" in opening) {
        const commitment = fromBase64url(opening.commitment);
        if (commitment?.length !== hashLength) throw new FormatError("A commitment is not a hash");
        closed.push(name);
        fields.push({ commitment });
        continue;
      }
      const salt = fromBase64url(opening.salt);
      if (salt === undefined) throw new FormatError("A salt can't be read");
      const value = "value" in opening ? opening.value : rowText(part, name);
      values[name] = value;
      fields.push({ input: commitmentInput(salt, name, value) });
    }
    return { part, body, values, closed, fields };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { part, ...(body === undefined ? {} : { body }), values, closed, fields: [], fault: error.message };
  }
}

/** The row must be the one the leaf names, and hold nothing the leaf does not commit to. */
function checkRow({ record, open }: LeafPart, body: LeafBody): void {
  if (record === undefined) return;
  if (record.record !== body["record"] || record.row !== body["row"] || record.version !== body["version"])
    throw new FormatError("The row beside the leaf is not the one it speaks of");
  for (const [name, value] of Object.entries(record.values)) {
    const opening = open !== undefined && Object.hasOwn(open, name) ? open[name] : undefined;
    if (opening === undefined || "commitment" in opening)
      throw new FormatError(`The row's “${name.slice(0, 40)}” is not shown by its leaf`);
    if ("value" in opening && opening.value !== canonicalText(value))
      throw new FormatError(`The row's “${name.slice(0, 40)}” is not what its leaf commits to`);
  }
}

function rowText({ record }: LeafPart, name: string): string {
  if (record === undefined || !Object.hasOwn(record.values, name))
    throw new FormatError(`The value of “${name.slice(0, 40)}” is neither shown nor in a row`);
  return canonicalText(record.values[name]);
}

/** The roots of many small trees, one batch a level for all of them. Of no leaves: undefined. */
function* rootsOf(trees: readonly (readonly Uint8Array[])[]): Plan<(Uint8Array | undefined)[]> {
  let rows = trees;
  while (rows.some((row) => row.length > 1)) {
    const inputs: Uint8Array[] = [];
    for (const row of rows) {
      for (let at = 0; at + 1 < row.length; at += 2) {
        const [left, right] = [row[at], row[at + 1]];
        if (left !== undefined && right !== undefined) inputs.push(nodeInput(left, right));
      }
    }
    const hashes = yield inputs;
    let next = 0;
    rows = rows.map((row) => {
      if (row.length < 2) return row;
      const parents = hashes.slice(next, next + Math.floor(row.length / 2));
      next += parents.length;
      const last = row.at(-1);
      return row.length % 2 === 1 && last !== undefined ? [...parents, last] : parents;
    });
  }
  return rows.map(([root]) => root);
}
