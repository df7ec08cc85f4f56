import { readFileSync } from "node:fs";

export type SampleFormat = "docx" | "pdf" | "txt";

/** A block of a sample document, in reading order. */
export type Block =
  | { kind: "heading"; level: number; text: string }
  | { kind: "paragraph"; text: string }
  | { kind: "bullet"; text: string }
  | { kind: "table"; rows: string[][] };

/** One sample document, read from its Markdown source. */
export interface SourceDocument {
  number: string;
  title: string;
  revision: string;
  effective: string;
  owner: string;
  format: SampleFormat;
  blocks: Block[];
}

/** A stretch of a block's text in one weight. */
export interface Span {
  text: string;
  bold: boolean;
  italic: boolean;
}

/** Splits `**bold**` and `*italic*` into spans; nothing else of Markdown is used in the sources. */
export function spansOf(text: string): Span[] {
  return text
    .split(/(\*\*[^*]+\*\*|\*[^*]+\*)/u)
    .filter((part) => part !== "")
    .map((part) => {
      if (part.startsWith("**")) return { text: part.slice(2, -2), bold: true, italic: false };
      if (part.startsWith("*")) return { text: part.slice(1, -1), bold: false, italic: true };
      return { text: part, bold: false, italic: false };
    });
}

/** The text of a block without its marks. */
export function plainText(text: string): string {
  return spansOf(text)
    .map((span) => span.text)
    .join("");
}

function tableRow(line: string): string[] {
  return line
    .replace(/^\||\|$/gu, "")
    .split("|")
    .map((cell) => cell.trim());
}

function parseBlocks(body: string): Block[] {
  const blocks: Block[] = [];
  for (const chunk of body.split(/\n{2,}/u)) {
    const lines = chunk.split("\n").filter((line) => line.trim() !== "");
    const first = lines[0];
    if (first === undefined) continue;
    const heading = /^(#+) (.*)$/u.exec(first);
    if (heading !== null) {
      blocks.push({ kind: "heading", level: heading[1]?.length ?? 1, text: heading[2] ?? "" });
    } else if (first.startsWith("|")) {
      const rows = lines.filter((line) => !/^\|[-|]+\|$/u.test(line)).map(tableRow);
      blocks.push({ kind: "table", rows });
    } else if (first.startsWith("- ")) {
      for (const line of lines) blocks.push({ kind: "bullet", text: line.slice(2) });
    } else {
      blocks.push({ kind: "paragraph", text: lines.join(" ") });
    }
  }
  return blocks;
}

function formatOf(value: string | undefined): SampleFormat {
  if (value === "docx" || value === "pdf" || value === "txt") return value;
  throw new Error(`A sample document names the format ${value ?? "nothing"}; known are docx, pdf and txt.`);
}

/** Reads one source: fields between two `---` lines, then the text. */
export function readSource(path: URL): SourceDocument {
  const match = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/u.exec(readFileSync(path, "utf8"));
  if (match === null) throw new Error(`${path.pathname} does not begin with its fields.`);
  const fields = new Map(
    (match[1] ?? "").split("\n").map((line) => {
      const at = line.indexOf(":");
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()] as const;
    }),
  );
  return {
    number: fields.get("number") ?? "",
    title: fields.get("title") ?? "",
    revision: fields.get("revision") ?? "",
    effective: fields.get("effective") ?? "",
    owner: fields.get("owner") ?? "",
    format: formatOf(fields.get("format")),
    blocks: parseBlocks(match[2] ?? ""),
  };
}
