// Reads the lines of a bundle. Strict: every member is known, of its type, and none is missing.
import { FormatError } from "./format-error.ts";
import { isCount } from "./merkle.ts";
import type {
  Anchor,
  BundleLine,
  LeafLine,
  LeafPart,
  Openings,
  PlatformPart,
  ProofBundle,
  RecordRow,
} from "./format.ts";
import { formatVersion } from "./format.ts";

type Members = Readonly<Record<string, unknown>>;

/** One line of a bundle. */
export function readBundleLine(text: string): BundleLine {
  const line = readObject(text);
  const kind = line["kind"];
  switch (kind) {
    case "leaf":
      if (!isLeafLine(line)) throw new FormatError("A leaf line can't be read");
      return line;
    case "bundle":
      only(line, [
        "kind",
        "v",
        "origin",
        "tenant",
        "madeAt",
        "from",
        "to",
        "complete",
        "filter",
        "unfilteredCount",
        "vkeys",
      ]);
      return {
        kind,
        v: version(line),
        origin: string(line, "origin"),
        tenant: string(line, "tenant"),
        madeAt: string(line, "madeAt"),
        from: count(line, "from"),
        to: count(line, "to"),
        complete: boolean(line, "complete"),
        filter: line["filter"] === null ? null : object(line, "filter"),
        unfilteredCount: count(line, "unfilteredCount"),
        vkeys: strings(line, "vkeys"),
      };
    case "checkpoint":
      only(line, ["kind", "note", "proof"]);
      return { kind, note: string(line, "note"), ...optional(line, "proof") };
    case "consistency":
      only(line, ["kind", "from", "to", "proof"]);
      return { kind, from: count(line, "from"), to: count(line, "to"), proof: string(line, "proof") };
    case "platform":
      return { kind, ...platformPart(line, ["kind"]) };
    case "anchor":
      return { kind, ...anchor(line, ["kind"]) };
    case "epoch":
    case "erasure":
      only(line, ["kind", "index", "at"]);
      return {
        kind,
        index: count(line, "index"),
        ...(line["at"] === undefined ? {} : { at: leafPart(object(line, "at"), []) }),
      };
    case "range":
      only(line, ["kind", "left", "right"]);
      return { kind, left: string(line, "left"), right: string(line, "right") };
    case "end":
      only(line, ["kind", "leaves"]);
      return { kind, leaves: count(line, "leaves") };
    default:
      throw new FormatError("The line is of no kind that a bundle has");
  }
}

function enclosed(part: Members): NonNullable<ProofBundle["enclosed"]> {
  only(part, ["field", "document"]);
  return { field: string(part, "field"), document: object(part, "document") };
}

/** A proof bundle from its JSON text. */
export function readProofBundle(text: string): ProofBundle {
  const proof = readObject(text);
  if (proof["kind"] !== "proof") throw new FormatError("This is not a proof");
  const own = ["kind", "v", "origin", "vkeys", "checkpoint", "platform", "anchors", "enclosed"];
  const part = leafPart(proof, own);
  const anchors = proof["anchors"];
  if (anchors !== undefined && !Array.isArray(anchors)) throw new FormatError("“anchors” is not a list");
  return {
    kind: "proof",
    v: version(proof),
    origin: string(proof, "origin"),
    vkeys: strings(proof, "vkeys"),
    checkpoint: string(proof, "checkpoint"),
    ...part,
    proof: string(proof, "proof"),
    ...(proof["platform"] === undefined ? {} : { platform: platformPart(object(proof, "platform"), []) }),
    ...(anchors === undefined ? {} : { anchors: anchors.map((each) => anchor(membersOf(each, "anchors"), [])) }),
    ...(proof["enclosed"] === undefined ? {} : { enclosed: enclosed(object(proof, "enclosed")) }),
  };
}

/** Whether the text is a proof bundle and not the first line of a bundle. */
export function isProofBundle(text: string): boolean {
  try {
    return readObject(text)["kind"] === "proof";
  } catch {
    return false;
  }
}

function leafPart(line: Members, more: readonly string[]): LeafPart {
  only(line, ["index", "leaf", "open", "record", "proof", ...more]);
  return {
    index: count(line, "index"),
    leaf: string(line, "leaf"),
    ...(line["open"] === undefined ? {} : { open: openings(object(line, "open")) }),
    ...(line["record"] === undefined ? {} : { record: recordRow(object(line, "record")) }),
    ...optional(line, "proof"),
  };
}

function openings(open: Members): Openings {
  if (!areOpenings(open)) throw new FormatError("What is shown of a leaf can't be read");
  return open;
}

// Most lines of a bundle are leaves: they are looked at in place, without making a copy.
function isLeafLine(line: Members): line is LeafLine {
  for (const name in line) {
    const value = line[name];
    const good =
      name === "index"
        ? isCount(value)
        : name === "leaf" || name === "proof"
          ? typeof value === "string"
          : name === "open"
            ? isMembers(value) && areOpenings(value)
            : name === "record"
              ? isMembers(value) && recordRow(value) !== undefined
              : name === "kind";
    if (!good) throw wrong(name, "what a leaf has");
  }
  return typeof line["leaf"] === "string" && line["index"] !== undefined;
}

function areOpenings(open: Members): open is Openings {
  for (const name in open) {
    const field = open[name];
    if (!isMembers(field) || name === "__proto__") return false;
    let known = 0;
    for (const part in field) {
      if (typeof field[part] !== "string") return false;
      if (part === "salt" || part === "value") known |= part === "salt" ? 1 : 2;
      else if (part === "commitment") known |= 4;
      else return false;
    }
    // Shown, shown by its row, or closed.
    if (known !== 3 && known !== 1 && known !== 4) return false;
  }
  return true;
}

function recordRow(row: Members): RecordRow {
  only(row, ["record", "row", "version", "values", "state"]);
  const state = row["state"];
  if (state !== undefined && state !== "missing" && state !== "altered") throw wrong("state", "missing or altered");
  return {
    record: string(row, "record"),
    row: string(row, "row"),
    version: string(row, "version"),
    values: object(row, "values"),
    ...(state === undefined ? {} : { state }),
  };
}

function platformPart(part: Members, more: readonly string[]): PlatformPart {
  only(part, ["note", "leaf", "index", "proof", "place", "placeProof", ...more]);
  return {
    note: string(part, "note"),
    leaf: string(part, "leaf"),
    index: count(part, "index"),
    proof: string(part, "proof"),
    place: count(part, "place"),
    placeProof: string(part, "placeProof"),
  };
}

function anchor(line: Members, more: readonly string[]): Anchor {
  const type = line["type"];
  const note = string(line, "note");
  switch (type) {
    case "rfc3161":
      only(line, ["type", "note", "token", ...more]);
      return { type, note, token: string(line, "token") };
    case "witness":
      only(line, ["type", "note", ...more]);
      return { type, note };
    case "copy":
      only(line, ["type", "note", "to", "at", ...more]);
      return { type, note, to: string(line, "to"), at: string(line, "at") };
    default:
      throw new FormatError("An anchor is of no type that is known");
  }
}

function readObject(text: string): Members {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FormatError("The line is not JSON");
  }
  return membersOf(value, "line");
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function membersOf(value: unknown, name: string): Members {
  if (!isMembers(value)) throw wrong(name, "an object");
  return value;
}

function only(line: Members, names: readonly string[]): void {
  for (const name in line) if (!names.includes(name)) throw new FormatError(`“${name.slice(0, 40)}” is not known here`);
}

function string(line: Members, name: string): string {
  const value = line[name];
  if (typeof value !== "string") throw wrong(name, "text");
  return value;
}

function optional(line: Members, name: "proof"): { proof?: string } {
  return line[name] === undefined ? {} : { [name]: string(line, name) };
}

function count(line: Members, name: string): number {
  const value = line[name];
  if (!isCount(value)) throw wrong(name, "a whole number");
  return value;
}

function boolean(line: Members, name: string): boolean {
  const value = line[name];
  if (typeof value !== "boolean") throw wrong(name, "true or false");
  return value;
}

function strings(line: Members, name: string): string[] {
  const value = line[name];
  if (!Array.isArray(value) || !value.every((each) => typeof each === "string")) throw wrong(name, "a list of texts");
  return value;
}

function object(line: Members, name: string): Members {
  return membersOf(line[name], name);
}

function version(line: Members): typeof formatVersion {
  if (line["v"] !== formatVersion) throw new FormatError("The file is of a version this verifier does not know");
  return formatVersion;
}

function wrong(name: string, wanted: string): FormatError {
  return new FormatError(`“${name.slice(0, 40)}” is missing or is not ${wanted}`);
}
