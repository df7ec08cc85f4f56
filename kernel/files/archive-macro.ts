import { packEntry, writeArchive } from "./archive-write.ts";
import type { ArchiveEntry } from "./archive.ts";

/** Parts that hold or sign macros, or controls that run on opening (MS-OFFMACRO2 2.2.1; ECMA-376-1 §11.3.3). */
const macroPart = /(^|\/)(vbaproject[^/]*\.bin|vbadata[^/]*\.xml|vbaprojectsignature[^/]*\.bin)$|(^|\/)activex\//i;

const macroMainType = /application\/vnd\.ms-word\.(document|template)\.macroEnabled(?:Template)?\.main\+xml/gi;

export function isMacroPart(name: string): boolean {
  return macroPart.test(name);
}

export interface ReadEntry {
  readonly entry: ArchiveEntry;
  readonly content: Uint8Array;
}

/**
 * The archive without the named parts: their bytes, content types, relationships and the elements that point at them are
 * gone, and a macro-enabled document becomes an ordinary one, so that Word opens the copy without a repair.
 */
export function withoutParts(entries: readonly ReadEntry[], removed: ReadonlySet<string>): Uint8Array {
  const isRemoved = (name: string) => {
    if (removed.has(name)) return true;
    const owner = /^(.*\/)?_rels\/([^/]+)\.rels$/.exec(name);
    return owner !== null && removed.has(`${owner[1] ?? ""}${owner[2] ?? ""}`);
  };
  const kept = entries.filter(({ entry }) => !isRemoved(entry.name));
  const rewritten = new Map<string, string>();
  const cutReferences = new Map<string, Set<string>>();
  for (const { entry, content } of kept) {
    if (entry.name === "[Content_Types].xml") rewritten.set(entry.name, cleanContentTypes(content, removed));
    const owner = /^(.*\/)?_rels\/([^/]*)\.rels$/.exec(entry.name);
    if (owner === null) continue;
    const folder = owner[1] ?? "";
    const { text, cut } = cleanRelationships(content, folder, removed);
    if (cut.size === 0) continue;
    rewritten.set(entry.name, text);
    cutReferences.set(`${folder}${owner[2] ?? ""}`, cut);
  }
  return writeArchive(
    kept.map(({ entry, content }) => {
      const cut = cutReferences.get(entry.name);
      if (cut !== undefined) return packEntry(entry.name, Buffer.from(cutElements(content, cut), "utf8"));
      const text = rewritten.get(entry.name);
      return text === undefined ? entry : packEntry(entry.name, Buffer.from(text, "utf8"));
    }),
  );
}

function cleanContentTypes(content: Uint8Array, removed: ReadonlySet<string>): string {
  const names = new Set([...removed].map((name) => `/${name}`.toLowerCase()));
  const withoutOverrides = replaceElements(Buffer.from(content).toString("utf8"), /<Override\b/gi, (element) => {
    const part = attribute(element, "PartName");
    return part !== undefined && names.has(part.toLowerCase()) ? "" : element;
  });
  return replaceElements(withoutOverrides, /<Default\b/gi, (element) =>
    /vbaProject/i.test(element) ? "" : element,
  ).replace(macroMainType, (_match, kind: string) => {
    return `application/vnd.openxmlformats-officedocument.wordprocessingml.${kind.toLowerCase()}.main+xml`;
  });
}

function cleanRelationships(content: Uint8Array, folder: string, removed: ReadonlySet<string>) {
  const cut = new Set<string>();
  const names = new Set([...removed].map((name) => name.toLowerCase()));
  const text = replaceElements(Buffer.from(content).toString("utf8"), /<Relationship\b/gi, (element) => {
    const target = attribute(element, "Target") ?? "";
    let decoded: string;
    try {
      decoded = decodeURIComponent(new URL(target, `part:///${folder}`).pathname.slice(1));
    } catch {
      return element; // a target that is not a proper URI names none of the parts
    }
    if (!names.has(decoded.toLowerCase())) return element;
    cut.add(attribute(element, "Id") ?? "");
    return "";
  });
  return { text, cut };
}

/** Takes out `w:control` and `o:OLEObject` elements that point at a removed part; their picture stays. */
function cutElements(content: Uint8Array, cut: ReadonlySet<string>): string {
  return replaceElements(Buffer.from(content).toString("utf8"), /<(w:control|o:OLEObject)\b/g, (element) => {
    const reference = attribute(element, "r:id");
    return reference !== undefined && cut.has(reference) ? "" : element;
  });
}

/**
 * Replaces the elements that `opening` finds: empty ones, and where it captures the element's name, those with an end tag
 * too. One pass with no way back: a pattern over whole elements looks to the end of the part from each opening that is
 * never closed, which costs the square of the part's length (CWE-1333).
 */
function replaceElements(text: string, opening: RegExp, replace: (element: string) => string): string {
  const unclosed = new Set<string>();
  let result = "";
  let kept = 0;
  for (let start = opening.exec(text); start !== null; start = opening.exec(text)) {
    const bracket = text.indexOf(">", opening.lastIndex);
    if (bracket < 0) break;
    opening.lastIndex = bracket + 1;
    let end = bracket + 1;
    if (text[bracket - 1] !== "/") {
      const name = start[1];
      if (name === undefined || unclosed.has(name)) continue;
      const closing = text.indexOf(`</${name}>`, end);
      if (closing < 0) {
        unclosed.add(name);
        continue;
      }
      end = closing + name.length + 3;
      opening.lastIndex = end;
    }
    result += text.slice(kept, start.index) + replace(text.slice(start.index, end));
    kept = end;
  }
  return result + text.slice(kept);
}

function attribute(element: string, name: string): string | undefined {
  const match = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(element);
  return match?.[1] ?? match?.[2];
}
