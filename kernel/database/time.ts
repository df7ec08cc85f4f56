import { types } from "pg";

const readAnyTime = types.getTypeParser(types.builtins.TIMESTAMPTZ, "text");
/** What a server in UTC writes, e.g. 2026-11-22 09:30:00.123456+00, is ISO 8601 but for two characters; the rest is pg's to read. */
const isPlain = (text: string) => text.length >= 22 && text.endsWith("+00") && text[10] === " " && text[4] === "-";

/** A timestamptz as a Date; what no Date can be (infinity) as pg reads it. */
export function timeDate(text: string): unknown {
  return isPlain(text)
    ? new Date(`${text.slice(0, 10)}T${text.slice(11, Math.min(23, text.length - 3))}Z`)
    : readAnyTime(text);
}

/** The same moment as RFC 3339 text, with three digits of a second at least, so that texts sort as their moments do. */
export function timeText(text: string): string {
  if (isPlain(text)) {
    const time = text.slice(11, -3);
    return `${text.slice(0, 10)}T${time.length === 8 ? `${time}.000` : time.padEnd(12, "0")}Z`;
  }
  const date = readAnyTime(text);
  return date instanceof Date && !Number.isNaN(date.getTime()) ? date.toISOString() : text;
}
