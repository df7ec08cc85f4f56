/** One stretch of a paragraph: plain, or marked with the number of the evidence it belongs to. */
export interface Stretch {
  text: string;
  /** Zero-based evidence index; `null` for plain text. */
  evidence: number | null;
  /** True on the first stretch of an evidence, where its number is printed. */
  first: boolean;
}

interface Span {
  start: number;
  end: number;
}

/**
 * Cuts the text between two UTF-16 offsets into plain and marked stretches. Where evidences overlap the
 * active one wins, then the earlier number.
 */
export function stretches(text: string, part: Span, evidence: (Span & { index: number })[], active: number): Stretch[] {
  const inside = evidence.filter((item) => item.start < part.end && item.end > part.start);
  const edges = new Set([part.start, part.end]);
  for (const item of inside) {
    edges.add(Math.max(part.start, item.start));
    edges.add(Math.min(part.end, item.end));
  }
  const cuts = [...edges].toSorted((a, b) => a - b);
  const result: Stretch[] = [];
  for (let at = 0; at + 1 < cuts.length; at += 1) {
    const start = cuts[at] ?? 0;
    const end = cuts[at + 1] ?? 0;
    const over = inside.filter((item) => item.start <= start && item.end >= end);
    const owner = over.find((item) => item.index === active) ?? over[0];
    const seen = owner !== undefined && result.some((stretch) => stretch.evidence === owner.index);
    result.push({
      text: text.slice(start, end),
      evidence: owner?.index ?? null,
      first: owner !== undefined && !seen && owner.start >= part.start,
    });
  }
  return result;
}

/**
 * The text with the line ends a page's width made turned into spaces, one character for one, so that offsets stay.
 * A line that stops early, as in a list or a table, keeps its end.
 */
export function flow(text: string, part: Span): string {
  const lines = text.slice(part.start, part.end).split("\n");
  const longest = Math.max(...lines.map((line) => line.length));
  return lines.reduce((sum, line, at) => {
    const before = lines[at - 1] ?? "";
    const first = /^\S*/.exec(line)?.[0].length ?? 0;
    // The next word would not have fitted: the page ended the line, not the writer.
    const wrapped = longest >= 60 && before.length + 1 + first > longest * 0.85;
    return at === 0 ? line : `${sum}${wrapped ? " " : "\n"}${line}`;
  }, "");
}

/**
 * Where a quote stands in a page made of text runs whose joins and spaces need not match the quote's.
 * Returns the run index and offsets inside it for each run touched, or nothing when the quote is absent.
 */
export function locate(runs: string[], quote: string): { run: number; start: number; end: number }[] {
  const wanted = quote.replaceAll(/[\s\u00ad-]+/g, "").toLowerCase();
  if (wanted === "") return [];
  let squeezed = "";
  const origin: { run: number; at: number }[] = [];
  runs.forEach((run, index) => {
    for (let at = 0; at < run.length; at += 1) {
      const letter = run[at] ?? "";
      if (/[\s\u00ad-]/.test(letter)) continue;
      const lower = letter.toLowerCase();
      // A letter whose lower case is longer keeps one origin per unit, so that offsets stay aligned.
      for (const unit of lower) {
        squeezed += unit;
        for (let step = 0; step < unit.length; step += 1) origin.push({ run: index, at });
      }
    }
  });
  const from = squeezed.indexOf(wanted);
  if (from < 0) return [];
  const hits = new Map<number, { start: number; end: number }>();
  for (const place of origin.slice(from, from + wanted.length)) {
    const hit = hits.get(place.run);
    if (hit === undefined) hits.set(place.run, { start: place.at, end: place.at + 1 });
    else hit.end = place.at + 1;
  }
  return [...hits].map(([run, hit]) => ({ run, ...hit }));
}
