// What is shown of leaves, checked against what they commit to: many leaves at once, so that hashing goes in batches.
import { fromBase64url, hex, utf8All } from "./encoding.ts";
import { FormatError } from "./format-error.ts";
import type { LeafPart, Openings } from "./format.ts";
import { hashLength, type Plan } from "./hash.ts";
import { canonicalText, parseLeaf, saltLength, type LeafBody } from "./leaf.ts";
import { nodeInputs } from "./merkle.ts";

export const noFieldsRoot = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const saltPlace = "\0".repeat(1 + saltLength);
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
  /** In the order of names: what to hash, or a commitment as given. */
  readonly fields: ({ readonly salt: Uint8Array; readonly text: string } | { readonly commitment: Uint8Array })[];
  readonly fault?: string;
};

/** Checks leaves and their openings: the leaf's form, its hash, the root over its fields, the row it speaks of. */
export function* checkLeaves(parts: readonly LeafPart[]): Plan<CheckedLeaf[]> {
  const prepared = parts.map(prepare);
  const texts = parts.map(({ leaf }) => `\0${leaf}`);
  const salts: Uint8Array[] = [];
  for (const { fields } of prepared) {
    for (const field of fields) {
      if ("commitment" in field) continue;
      // commitmentInput(salt, name, value), of which the salt is written into its place below.
      texts.push(`${saltPlace}${field.text}`);
      salts.push(field.salt);
    }
  }
  const inputs = utf8All(texts);
  for (const [place, salt] of salts.entries()) inputs[parts.length + place]?.set(salt, 1);
  const hashes = yield inputs;
  let next = parts.length;
  const trees = prepared.map(({ fields }) =>
    fields.map((field) => ("commitment" in field ? field.commitment : (hashes[next++] ?? new Uint8Array(hashLength)))),
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
    for (const name of part.open === undefined ? [] : namesOf(part.open)) {
      const opening = part.open?.[name];
      if (opening === undefined) continue;
      if ("commitment" in opening) {
        const commitment = fromBase64url(opening.commitment);
        if (commitment?.length !== hashLength) throw new FormatError("A commitment is not a hash");
        closed.push(name);
        fields.push({ commitment });
        continue;
      }
      const salt = fromBase64url(opening.salt);
      if (salt?.length !== saltLength) throw new FormatError("A salt can't be read");
      const value = "value" in opening ? opening.value : rowText(part, name);
      values[name] = value;
      fields.push({ salt, text: `${name}\0${value}` });
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
  if (record.state === "missing")
    throw new FormatError("The row that the leaf speaks of is gone, and no leaf says why");
  if (record.state === "altered")
    throw new FormatError("The row that the leaf speaks of was changed, and no leaf says so");
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

function namesOf(open: Openings): string[] {
  const names = Object.keys(open);
  for (let place = 1; place < names.length; place++)
    if ((names[place - 1] ?? "") > (names[place] ?? "")) return names.toSorted((a, b) => (a < b ? -1 : 1));
  return names;
}

/** The roots of many small trees, one batch a level for all of them. Of no leaves: undefined. */
function* rootsOf(trees: Uint8Array[][]): Plan<(Uint8Array | undefined)[]> {
  let open = trees.filter((row) => row.length > 1);
  while (open.length > 0) {
    const pairs = open.flatMap((row) => (row.length % 2 === 0 ? row : row.slice(0, -1)));
    const hashes = yield nodeInputs(pairs);
    let next = 0;
    for (const row of open) {
      const parents = row.length >> 1;
      const odd = row.length % 2 === 1 ? row.at(-1) : undefined;
      for (let place = 0; place < parents; place++) row[place] = hashes[next++] ?? new Uint8Array(hashLength);
      if (odd !== undefined) row[parents] = odd;
      row.length = parents + (odd === undefined ? 0 : 1);
    }
    open = open.filter((row) => row.length > 1);
  }
  return trees.map(([root]) => root);
}
