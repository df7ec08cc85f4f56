import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as fontkit from "fontkit";
import { unpackWoff } from "./woff.ts";

/**
 * Three voices: sans is the product, serif is a document's own words, mono is an exact thing (an id,
 * a hash). The packages cut each face into files by script, so a face is a chain of files.
 */
export type Face = "sans" | "sansBold" | "sansItalic" | "serif" | "mono";

/**
 * Shown for a character that no embedded typeface can draw: an upright empty box. U+FFFD itself is no
 * use, since readers of the file take it for a space.
 */
export const replacementMark = "\u25AF";

const require = createRequire(import.meta.url);
const scripts = ["latin", "latin-ext", "greek", "cyrillic"];
const signs = [
  "@fontsource/noto-sans-math/files/noto-sans-math-latin-400-normal.woff",
  "@fontsource/noto-sans-symbols-2/files/noto-sans-symbols-2-symbols-400-normal.woff",
];

function chain(family: string, cut: string, only: readonly string[] = scripts): string[] {
  return [...only.map((script) => `@fontsource/${family}/files/${family}-${script}-${cut}.woff`), ...signs];
}

const markFont = signs[1] ?? "";

const faceFiles: Record<Face, string[]> = {
  sans: chain("ibm-plex-sans", "400-normal"),
  sansBold: chain("ibm-plex-sans", "600-normal"),
  sansItalic: chain("ibm-plex-sans", "400-italic"),
  serif: chain("source-serif-4", "400-normal"),
  mono: chain("ibm-plex-mono", "400-normal", ["latin", "latin-ext", "cyrillic"]),
};

interface FontFile {
  bytes: Buffer;
  has: (codePoint: number) => boolean;
}

// Read once a process: the files never change while it runs, and a document must not wait for them.
const loaded = new Map<string, FontFile>();

function fontFile(name: string): FontFile {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const bytes = unpackWoff(readFileSync(require.resolve(name)));
  const font = fontkit.create(bytes);
  // Not its list of characters: that also names some which lead to the empty glyph.
  const has = (codePoint: number): boolean => "glyphForCodePoint" in font && font.hasGlyphForCodePoint(codePoint);
  const file = { bytes, has };
  loaded.set(name, file);
  return file;
}

/** The bytes of one font file, by the name a text run carries. */
export function fontBytes(name: string): Buffer {
  return fontFile(name).bytes;
}

/** A stretch of text that one font file can draw. */
export interface FontRun {
  font: string;
  text: string;
}

const fontByCharacter = new Map<Face, Map<number, string | null>>();

function fontFor(face: Face, codePoint: number): string | null {
  let cache = fontByCharacter.get(face);
  if (cache === undefined) {
    cache = new Map();
    fontByCharacter.set(face, cache);
  }
  const known = cache.get(codePoint);
  if (known !== undefined) return known;
  const found = faceFiles[face].find((name) => fontFile(name).has(codePoint)) ?? null;
  cache.set(codePoint, found);
  return found;
}

/** Spaces of every width become one plain space; marks without ink (bidi controls, joiners) go. */
export function printable(text: string): string {
  return text
    .replace(/[\u00A0\u2000-\u200A\u202F\u205F\u3000\t\r\n\f\v]/gu, " ")
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "");
}

/** How many characters of a text these typefaces cannot draw. */
export function unprintableCount(face: Face, text: string): number {
  let count = 0;
  for (const character of printable(text)) {
    if (fontFor(face, character.codePointAt(0) ?? 0) === null) count += 1;
  }
  return count;
}

/** Splits a text into runs by font file; what nothing can draw becomes the replacement mark. */
export function fontRuns(face: Face, text: string): FontRun[] {
  const runs: FontRun[] = [];
  let last: FontRun | undefined;
  for (const character of printable(text)) {
    const found = fontFor(face, character.codePointAt(0) ?? 0);
    const font = found ?? markFont;
    const drawn = found === null ? replacementMark : character;
    if (last !== undefined && last.font === font) last.text += drawn;
    else {
      last = { font, text: drawn };
      runs.push(last);
    }
  }
  return runs;
}
