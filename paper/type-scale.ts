import { ink } from "./ink.ts";
import type { TextStyle } from "./line.ts";

const { text, muted, accent } = ink;

/** The sizes of print, in points. Serif is kept for words quoted from a document. */
export const type = {
  title: { face: "sansBold", size: 25, leading: 30, colour: text },
  subtitle: { face: "sans", size: 13, leading: 18, colour: muted },
  heading: { face: "sansBold", size: 16, leading: 22, colour: text },
  requirement: { face: "sansBold", size: 11.5, leading: 16, colour: text },
  body: { face: "sans", size: 9.5, leading: 14, colour: text },
  bodyBold: { face: "sansBold", size: 9.5, leading: 14, colour: text },
  lead: { face: "sans", size: 11, leading: 16.5, colour: text },
  label: { face: "sansBold", size: 7.5, leading: 14, colour: muted },
  meta: { face: "sans", size: 8, leading: 11.5, colour: muted },
  metaItalic: { face: "sansItalic", size: 8, leading: 11.5, colour: muted },
  quote: { face: "serif", size: 10.5, leading: 15, colour: text },
  cell: { face: "sans", size: 8.5, leading: 12, colour: text },
  cellBold: { face: "sansBold", size: 8.5, leading: 12, colour: text },
  cellMuted: { face: "sans", size: 8.5, leading: 12, colour: muted },
  exact: { face: "mono", size: 8, leading: 11.5, colour: text },
  exactSmall: { face: "mono", size: 6.6, leading: 10, colour: muted },
  link: { face: "sans", size: 8.5, leading: 12, colour: accent },
} as const satisfies Record<string, TextStyle>;

/** A style in another colour. */
export function inColour(style: TextStyle, colour: string): TextStyle {
  return { ...style, colour };
}
