import { useMemo } from "react";
import { flow, stretches } from "./text-marks.ts";
import type { DocumentText } from "./types.ts";
import css from "./text-view.module.css";

/** A passage to mark, with the zero-based number it has in the finding. */
export interface Mark {
  start: number;
  end: number;
  index: number;
  quote: string;
  page: number | null;
}

interface Props {
  document: DocumentText;
  marks: Mark[];
  active: number;
  total: number;
  name: string;
}

interface Paragraph {
  start: number;
  end: number;
  style: string;
  /** Put together of two, with the blank line between them still in the text. */
  joined?: boolean;
}

/** Paragraphs of a page; a text that came without any is cut at its blank lines. */
function paragraphsOf(document: DocumentText, page: { number: number; start: number; end: number }): Paragraph[] {
  const own = document.paragraphs.filter((item) => item.start >= page.start && item.start < page.end);
  if (own.length > 0) return joined(own, document.text).map((item) => withoutMark(item, document.text));
  const found: Paragraph[] = [];
  const pattern = /[^\n](?:.|\n(?!\s*\n))*/g;
  const text = document.text.slice(page.start, page.end);
  for (const match of text.matchAll(pattern)) {
    found.push({ start: page.start + match.index, end: page.start + match.index + match[0].length, style: "body" });
  }
  return found;
}

/**
 * A numbered paragraph of a PDF may come with its first line taken for a heading. What goes on in small letters, or
 * with a number that is no clause, is the same sentence and is shown as one paragraph.
 */
function joined(list: Paragraph[], text: string): Paragraph[] {
  const result: Paragraph[] = [];
  for (const item of list) {
    const last = result.at(-1);
    const goesOn = /^(?:[a-z(]|\d{3,} )/.test(text.slice(item.start, item.start + 8));
    if (last !== undefined && /^h(eading)?/i.test(last.style) && goesOn) {
      result[result.length - 1] = { start: last.start, end: item.end, style: item.style, joined: true };
    } else result.push(item);
  }
  return result;
}

/** Markdown marks a heading with number signs; the face of the heading says the same. */
function withoutMark(item: Paragraph, text: string): Paragraph {
  const mark = /^\s*#{1,6}\s+/.exec(text.slice(item.start, Math.min(item.end, item.start + 12)))?.[0].length ?? 0;
  return { ...item, start: item.start + mark };
}

/** The marks with offsets counted from the paragraph's own start. */
function within(marks: Mark[], paragraph: Paragraph): Mark[] {
  return marks
    .filter((mark) => mark.start < paragraph.end && mark.end > paragraph.start)
    .map((mark) => ({ ...mark, start: mark.start - paragraph.start, end: mark.end - paragraph.start }));
}

function styleOf(style: string): string | undefined {
  if (/^h(eading)?-?[12]$|title/i.test(style)) return css.heading;
  if (/^h(eading)?/i.test(style)) return css.subheading;
  if (/list|bullet/i.test(style)) return css.item;
  if (/table|cell|code/i.test(style)) return css.cell;
  return css.paragraph;
}

/** A document's own words in its own face, page by page, with the evidence marked. */
export function TextView({ document, marks, active, total, name }: Props) {
  const pages = useMemo(() => {
    const list = document.pages.length > 0 ? document.pages : [{ number: 1, start: 0, end: document.text.length }];
    return list.map((page) => ({
      page,
      paragraphs: paragraphsOf(document, page).map((item) => {
        const text = flow(document.text, item);
        return { ...item, text: item.joined ? text.replaceAll(/\s\n/g, "  ") : text };
      }),
    }));
  }, [document]);
  return (
    <div className={css.text} tabIndex={0} role="group" aria-label={`Text of ${name}`} data-viewer>
      {pages.map(({ page, paragraphs }) => (
        <section key={page.number} className={css.page} aria-label={`Page ${page.number}`}>
          {pages.length > 1 && <p className={css.number}>{page.number}</p>}
          {paragraphs.map((paragraph) => (
            <p key={paragraph.start} className={styleOf(paragraph.style)}>
              {stretches(
                paragraph.text,
                { start: 0, end: paragraph.text.length },
                within(marks, paragraph),
                active,
              ).map((stretch, at) =>
                stretch.evidence === null ? (
                  stretch.text
                ) : (
                  <mark
                    // Stretches of one paragraph have a fixed order.
                    key={at}
                    className={css.mark}
                    tabIndex={-1}
                    data-evidence={stretch.evidence}
                    data-active={stretch.evidence === active || undefined}
                    aria-label={stretch.first ? `evidence ${stretch.evidence + 1} of ${total}` : undefined}
                  >
                    {stretch.first && <sup className={css.sup}>{stretch.evidence + 1}</sup>}
                    {stretch.text}
                  </mark>
                ),
              )}
            </p>
          ))}
        </section>
      ))}
    </div>
  );
}
