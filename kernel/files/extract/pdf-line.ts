/** Lines from positioned text runs: what a PDF calls text has no lines, words or paragraphs of its own. */

/** A run as pdf.js reports it: `transform` is the text matrix, its [4] and [5] the start of the baseline. */
export interface Run {
  readonly str: string;
  readonly transform: readonly number[];
  readonly width: number;
  readonly height: number;
}

export interface Line {
  text: string;
  readonly x: number;
  readonly y: number;
  /** Font size in page units. */
  size: number;
  end: number;
}

/** Runs in reading order, joined where they share a baseline; a gap wider than a fifth of the font size is a space. */
export function toLines(runs: readonly Run[]): Line[] {
  const lines: Line[] = [];
  let line: Line | undefined;
  for (const run of runs) {
    if (run.str === "") continue;
    const [a = 0, b = 0, , , x = 0, y = 0] = run.transform;
    const size = Math.hypot(a, b) || run.height || 10;
    if (run.str.trim() === "" && line === undefined) continue;
    const sameBaseline = line !== undefined && Math.abs(y - line.y) <= Math.max(size, line.size) * 0.4;
    const continues = sameBaseline && line !== undefined && x >= line.end - size * 1.5;
    if (line === undefined || !continues) {
      if (run.str.trim() === "") continue;
      line = { text: run.str, x, y, size, end: x + run.width };
      lines.push(line);
      continue;
    }
    const gap = x - line.end;
    const spaced = /\s$/.test(line.text) || /^\s/.test(run.str);
    line.text += gap > size * 0.2 && !spaced ? ` ${run.str}` : run.str;
    line.end = Math.max(line.end, x + run.width);
    if (run.str.trim().length > 3) line.size = Math.max(line.size, size);
  }
  for (const each of lines) each.text = each.text.replace(/[ \t\u00a0]+/g, " ").trim();
  return lines.filter((each) => each.text !== "");
}

/** The size most characters of the document are set in. */
export function bodySize(pages: readonly (readonly Line[])[]): number {
  const characters = new Map<number, number>();
  for (const line of pages.flat()) {
    const size = Math.round(line.size * 2) / 2;
    characters.set(size, (characters.get(size) ?? 0) + line.text.length);
  }
  let best = 10;
  let most = -1;
  for (const [size, count] of characters) if (count > most) [best, most] = [size, count];
  return best;
}

/** Whether two lines following each other belong to one paragraph. */
export function continuesParagraph(above: Line, below: Line, pitch: number): boolean {
  const step = above.y - below.y;
  if (step <= 0 || step > pitch * 1.35) return false;
  if (Math.abs(above.size - below.size) > Math.max(above.size, below.size) * 0.12) return false;
  // A first-line indent begins a paragraph; a hanging one belongs to it.
  return below.x - above.x <= below.size * 1.2;
}

/** The usual distance between lines of body text on a page. */
export function linePitch(lines: readonly Line[], body: number): number {
  const steps: number[] = [];
  for (let index = 1; index < lines.length; index += 1) {
    const step = (lines[index - 1]?.y ?? 0) - (lines[index]?.y ?? 0);
    if (step > body * 0.8 && step < body * 2.2) steps.push(step);
  }
  if (steps.length === 0) return body * 1.3;
  steps.sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 3)] ?? body * 1.3;
}

/**
 * Running headers and footers: lines in the outer eighth of the page that return on most pages, page numbers apart.
 */
export function findFurniture(
  pages: readonly {
    readonly lines: readonly Line[];
    readonly top: number;
    readonly bottom: number;
  }[],
): Set<Line> {
  const furniture = new Set<Line>();
  if (pages.length < 3) return furniture;
  const seen = new Map<string, Line[]>();
  for (const { lines, top, bottom } of pages) {
    const band = (top - bottom) / 8;
    const onPage = new Set<string>();
    for (const line of lines) {
      const where = line.y > top - band ? "top" : line.y < bottom + band ? "bottom" : undefined;
      if (where === undefined) continue;
      const key = `${where} ${line.text.replace(/\d+/g, "#").toLowerCase()}`;
      if (onPage.has(key)) continue;
      onPage.add(key);
      const group = seen.get(key);
      if (group === undefined) seen.set(key, [line]);
      else group.push(line);
    }
  }
  for (const group of seen.values()) {
    if (group.length >= 3 && group.length > pages.length / 2) for (const line of group) furniture.add(line);
  }
  return furniture;
}
