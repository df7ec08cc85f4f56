// Whether what was appended after a signature leaves alone what was signed. A signature of a PDF goes on holding when
// something is appended (that is how a second one is added), so this is where most attacks on signed PDFs work.
import { readStretch } from "./pdf-revision.ts";
import type { PdfStretch } from "./pdf-revision.ts";
import { hexOf } from "./pdf-der.ts";
import { isArray, isDictionary, isReference, nameIn } from "./pdf-syntax.ts";
import type { PdfDictionary, PdfObject, PdfValue } from "./pdf-syntax.ts";

/** What the catalogue may gain: fields for signatures, and what later readers need to check them. */
const catalogueGains = new Set(["AcroForm", "DSS", "Extensions"]);
/** What a further signature's field may say: nothing that shows, acts or holds others. */
const fieldEntries = new Set([
  "FT",
  "T",
  "TU",
  "V",
  "Type",
  "Subtype",
  "F",
  "Ff",
  "P",
  "Rect",
  "Lock",
  "SV",
  "NM",
  "M",
]);

/**
 * What is wrong with the bytes after `signedTo`, or undefined: they hold further signatures and validation data, and
 * nothing else. What this reader does not understand to the last byte, it refuses.
 */
export function faultOfAdditions(bytes: Uint8Array, signed: PdfStretch, signedTo: number): string | undefined {
  if (signedTo === bytes.length) return undefined;
  const added = readStretch(bytes, signedTo, bytes.length);
  if (!added.whole) return "something was added after the seal that is no part of a PDF";
  if (added.objects.length === 0 && added.tables.length === 0) return "bytes were added after the seal";
  const before = new Map(signed.objects.map((each) => [each.number, each]));
  const root = signed.tables.at(-1)?.trailer.entries.get("Root");
  const size = signed.tables.at(-1)?.trailer.entries.get("Size");
  if (!isReference(root) || typeof size !== "number")
    return "something was added after the seal, and how the file is built can't be read well enough to judge it";
  const fault = faultOfTables(signed, added, root.number);
  if (fault !== undefined) return fault;
  // Every version that was added is judged against the one that was signed.
  for (const object of added.objects) {
    const type = isDictionary(object.value) ? nameIn(object.value, "Type") : undefined;
    if (type === "ObjStm" || type === "XRef") return "objects were added after the seal in a form that can't be judged";
    const old = before.get(object.number);
    if (old === undefined && object.number < size) return `object ${object.number} was replaced after the seal`;
    if (old !== undefined && !isAllowed(object, old, root.number, added)) {
      return object.number === root.number
        ? "the document's catalogue was changed after the seal"
        : `object ${object.number} was changed after the seal`;
    }
  }
  return undefined;
}

/** Every table must name the objects that were read, where they were read: a reader follows the tables. */
function faultOfTables(signed: PdfStretch, added: PdfStretch, root: number): string | undefined {
  const at = new Map(added.objects.map((each) => [each.start, each]));
  let previous = signed.starts.at(-1);
  const named = new Set<number>();
  for (const [index, table] of added.tables.entries()) {
    const { entries } = table.trailer;
    const ownRoot = entries.get("Root");
    if (!isReference(ownRoot) || ownRoot.number !== root)
      return "another document was put in the place of the sealed one";
    const info = entries.get("Info");
    if (info !== undefined && written(info) !== written(signed.tables.at(-1)?.trailer.entries.get("Info")))
      return "what the file says of itself was exchanged after the seal";
    if (entries.get("Prev") !== previous || entries.has("XRefStm") || entries.has("Encrypt"))
      return "what was added after the seal does not continue the sealed file";
    if (added.starts[index] !== table.start) return "what was added after the seal does not continue the sealed file";
    previous = table.start;
    for (const [number, entry] of table.entries) {
      if (!entry.used) {
        if (number !== 0) return `object ${number} was removed after the seal`;
        continue;
      }
      const object = at.get(entry.at);
      if (object?.number !== number || object.generation !== entry.generation)
        return "what was added after the seal says that objects stand where they don't";
      named.add(object.start);
    }
  }
  if (added.starts.length !== added.tables.length || named.size !== added.objects.length)
    return "what was added after the seal holds objects that no table names";
  return undefined;
}

function isAllowed(object: PdfObject, old: PdfObject, root: number, added: PdfStretch): boolean {
  // Who refers to the old generation would find nothing.
  if (object.generation !== old.generation) return false;
  if (written(object.value) === written(old.value) && sameStream(object, old)) return true;
  if (!isDictionary(object.value) || !isDictionary(old.value) || object.stream !== undefined) return false;
  if (object.number === root) {
    const form = object.value.entries.get("AcroForm");
    const oldForm = old.value.entries.get("AcroForm");
    // A form that was elsewhere before, or nowhere, may not be exchanged for another.
    const formFits =
      isDictionary(form) && isDictionary(oldForm)
        ? isGrownForm(form, oldForm, added)
        : written(form) === written(oldForm);
    return formFits && sameBut(object.value, old.value, catalogueGains);
  }
  if (nameIn(old.value, "Type") === "Page") return isPageWithSeal(object.value, old.value, added);
  return old.value.entries.has("Fields") && isGrownForm(object.value, old.value, added);
}

/** A form that gained fields for signatures, and nothing else. */
function isGrownForm(form: PdfDictionary, old: PdfDictionary, added: PdfStretch): boolean {
  return (
    sameBut(form, old, new Set(["Fields", "SigFlags"])) &&
    gains(form.entries.get("Fields"), old.entries.get("Fields"), added)
  );
}

function isPageWithSeal(page: PdfDictionary, old: PdfDictionary, added: PdfStretch): boolean {
  return sameBut(page, old, new Set(["Annots"])) && gains(page.entries.get("Annots"), old.entries.get("Annots"), added);
}

/** Whether a list holds all it held, in order, and then only fields of signatures that show nothing on the page. */
function gains(list: PdfValue | undefined, old: PdfValue | undefined, added: PdfStretch): boolean {
  if (list === undefined && old === undefined) return true;
  if (!isArray(list) || (old !== undefined && !isArray(old))) return false;
  const before = old?.items ?? [];
  if (!before.every((each, index) => written(each) === written(list.items[index] ?? null))) return false;
  return list.items.slice(before.length).every((each) => {
    const field = isReference(each) ? added.objects.findLast(({ number }) => number === each.number)?.value : each;
    if (!isDictionary(field) || nameIn(field, "FT") !== "Sig") return false;
    if ([...field.entries.keys()].some((name) => !fieldEntries.has(name))) return false;
    const place = field.entries.get("Rect");
    return place === undefined || (isArray(place) && place.items.every((side) => side === 0));
  });
}

function sameBut(left: PdfDictionary, right: PdfDictionary, but: ReadonlySet<string>): boolean {
  const names = new Set([...left.entries.keys(), ...right.entries.keys()]);
  return [...names].every(
    (name) => but.has(name) || written(left.entries.get(name)) === written(right.entries.get(name)),
  );
}

function sameStream(left: PdfObject, right: PdfObject): boolean {
  return left.stream === undefined || right.stream === undefined
    ? left.stream === right.stream
    : hexOf(left.stream) === hexOf(right.stream);
}

/** One text a value, whatever its spelling in the file. */
function written(value: PdfValue | undefined): string {
  if (value === undefined) return "absent";
  if (value === null || typeof value !== "object") return String(value);
  if (value.kind === "name") return `/${JSON.stringify(value.name)}`;
  if (value.kind === "text") return `<${hexOf(value.bytes)}>`;
  if (value.kind === "ref") return `${value.number} ${value.generation} R`;
  if (value.kind === "array") return `[${value.items.map(written).join(" ")}]`;
  const entries = [...value.entries].map(([name, each]) => `${JSON.stringify(name)} ${written(each)}`);
  return `<<${entries.toSorted().join(" ")}>>`;
}
