import { fontRuns, printable } from "./typeface.ts";
import type { Face, FontRun } from "./typeface.ts";

/** How a text is set: face, size and line height in points, colour as #RRGGBB. */
export interface TextStyle {
  face: Face;
  size: number;
  leading: number;
  colour: string;
}

/** One set line: its runs from left to right and its width in points. */
export interface Line {
  runs: FontRun[];
  width: number;
}

/** Width in points of a text in one font file at one size. */
export type Measure = (font: string, text: string, size: number) => number;

interface Piece {
  runs: FontRun[];
  width: number;
}

function piece(text: string, style: TextStyle, measure: Measure): Piece {
  const runs = fontRuns(style.face, text);
  let width = 0;
  for (const run of runs) width += measure(run.font, run.text, style.size);
  return { runs, width };
}

function append(line: Line, added: Piece): void {
  for (const run of added.runs) {
    const last = line.runs.at(-1);
    if (last !== undefined && last.font === run.font) last.text += run.text;
    else line.runs.push({ font: run.font, text: run.text });
  }
  line.width += added.width;
}

/** Cuts a word that is wider than the measure into parts that fit: after a hyphen where one fits, never inside a surrogate pair. */
function cutWord(word: string, style: TextStyle, width: number, measure: Measure): string[] {
  const parts: string[] = [];
  let part = "";
  let partWidth = 0;
  for (const character of word) {
    const characterWidth = piece(character, style, measure).width;
    if (part !== "" && partWidth + characterWidth > width) {
      const hyphen = part.lastIndexOf("-") + 1;
      const kept = hyphen > 1 ? part.slice(0, hyphen) : part;
      parts.push(kept);
      part = part.slice(kept.length);
      partWidth = part === "" ? 0 : piece(part, style, measure).width;
    }
    part += character;
    partWidth += characterWidth;
  }
  if (part !== "") parts.push(part);
  return parts;
}

/**
 * Breaks a text into lines no wider than `width` points: at spaces, and inside a word only where the
 * word alone is wider than the line. A break in the source is kept as a break.
 */
export function breakLines(text: string, style: TextStyle, width: number, measure: Measure): Line[] {
  const lines: Line[] = [];
  const space = piece(" ", style, measure);
  for (const paragraph of text.split(/\r\n|[\n\r\u2028\u2029]/u)) {
    let line: Line = { runs: [], width: 0 };
    for (const word of printable(paragraph).split(" ")) {
      if (word === "") continue;
      let set = piece(word, style, measure);
      if (line.width > 0 && line.width + space.width + set.width <= width) {
        append(line, space);
        append(line, set);
        continue;
      }
      if (line.width > 0) {
        lines.push(line);
        line = { runs: [], width: 0 };
      }
      if (set.width > width) {
        const parts = cutWord(word, style, width, measure);
        const last = parts.pop() ?? "";
        for (const part of parts) {
          lines.push({ runs: [], width: 0 });
          append(lines[lines.length - 1] ?? line, piece(part, style, measure));
        }
        set = piece(last, style, measure);
      }
      append(line, set);
    }
    lines.push(line);
  }
  return lines;
}
