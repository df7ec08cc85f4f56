import { plainText } from "./source-document.ts";
import type { SourceDocument } from "./source-document.ts";

function table(rows: string[][]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length))) ?? [];
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd())
    .join("\r\n");
}

/** A sample document as plain text in UTF-8 with CRLF, as an office program saves it. */
export function writeText(source: SourceDocument): Uint8Array {
  const lines = [`Brackwater Medical Ltd`, `${source.number} ${source.title}, revision ${source.revision}, effective ${source.effective}`];
  for (const block of source.blocks) lines.push(block.kind === "table" ? table(block.rows) : plainText(block.text));
  return new TextEncoder().encode(`${lines.join("\r\n\r\n")}\r\n`);
}
