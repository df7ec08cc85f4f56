/** Sentence boundaries, by one linear scan. Offsets stay in the text, so that a quote is always `text.slice(start, end)`. */

const ABBREVIATIONS: ReadonlySet<string> = new Set(
  "e.g i.e etc vs cf al inc ltd no nos art sec fig ref rev ver approx dr mr ms mrs prof dept e.g i.e resp incl p pp".split(
    " ",
  ),
);

/** Longest unit quoted as evidence; longer sentences (lost full stops) are cut at a space. */
const LONGEST = 1200;

/** The sentences between two offsets, trimmed, never empty, `most` of them at most. */
export function sentencesOf(text: string, from: number, to: number, most = Infinity): { start: number; end: number }[] {
  const spans: { start: number; end: number }[] = [];
  let start = from;
  const push = (end: number): void => {
    let first = start;
    let last = end;
    while (first < last && isBlank(text.charCodeAt(first))) first += 1;
    while (last > first && isBlank(text.charCodeAt(last - 1))) last -= 1;
    if (last > first) spans.push({ start: first, end: last });
    start = end;
  };
  // A prompt in brackets stays whole, so that it is seen to be one; an unclosed bracket stops counting after a while.
  let opened = -1;
  for (let at = from; at < to && spans.length < most; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 91 || code === 123) opened = at;
    else if (code === 93 || code === 125 || (opened >= 0 && at - opened > LONGEST)) opened = -1;
    if (opened >= 0 || at - start < 3) continue;
    if (code === 46 || code === 33 || code === 63 || code === 59 || code === 0x3002) {
      const next = afterClosers(text, at + 1, to);
      if (endsHere(text, at, from, to, code)) {
        push(next);
        at = next - 1;
      }
    }
    if (at - start >= LONGEST && (isBlank(code) || (at - start >= 4 * LONGEST && !isLowSurrogate(code)))) push(at);
  }
  if (spans.length < most) push(to);
  return spans;
}

/** Past the quotes and brackets that belong to the sentence before them. */
function afterClosers(text: string, from: number, to: number): number {
  let next = from;
  while (next < to && next - from < 8 && "\"')]*_”’".includes(text[next] ?? " ")) next += 1;
  return next;
}

function endsHere(text: string, at: number, from: number, to: number, code: number): boolean {
  if (code === 0x3002) return true;
  let next = afterClosers(text, at + 1, to);
  if (next >= to) return true;
  if (!isBlank(text.charCodeAt(next))) return false;
  if (code === 59) return false;
  while (next < to && isBlank(text.charCodeAt(next))) next += 1;
  const following = text[next] ?? "";
  // A sentence begins with a capital, a digit, a bracket or a mark, not with a small letter.
  if (following !== "" && following === following.toLowerCase() && following !== following.toUpperCase()) return false;
  if (code !== 46) return true;
  let wordStart = at;
  while (wordStart > from && at - wordStart < 12 && !isBlank(text.charCodeAt(wordStart - 1))) wordStart -= 1;
  const word = text
    .slice(wordStart, at)
    .toLowerCase()
    .replace(/^[("'[]/, "");
  if (ABBREVIATIONS.has(word)) return false;
  // "1." or "a." at the start of an item is its number; "J." is an initial.
  return !(word.length <= 2 && wordStart === from && /^(?:[0-9]{1,2}|[a-z])$/.test(word)) && !/^[a-z]$/.test(word);
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}

function isBlank(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || code === 160;
}
