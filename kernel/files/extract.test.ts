import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FileRefusedError } from "./error.ts";
import { extractText } from "./extract.ts";
import type { ExtractedDocument, ExtractionInput } from "./extract.ts";
import { isolationTier } from "./extract-isolation.ts";
import { normalText } from "./extract/document.ts";
import { docxParts, packParts } from "./fixture/docx.ts";
import { makeDoc } from "./fixture/ole.ts";
import { makePdf, setText } from "./fixture/pdf.ts";
import type { PdfPage } from "./fixture/pdf.ts";
import { procedure } from "./fixture/prose.ts";
import { scannedPicture, scannedText } from "./fixture/scan.ts";
import { defaultFileLimits } from "./limit.ts";

const limits = defaultFileLimits;
const sections = procedure(8);

function pdfPages(count: number): PdfPage[] {
  return Array.from({ length: count }, (_each, page) => ({
    lines: [
      { text: "Acme SOP-7 revision 3", y: 810, size: 8 },
      ...sections
        .slice(page * 2, page * 2 + 2)
        .flatMap((section, index) => [
          { text: section.heading, y: 760 - index * 200, size: 14 },
          ...setText(section.body, 735 - index * 200),
        ]),
      { text: `Page ${String(page + 1)} of ${String(count)}`, y: 30, size: 8 },
    ],
  }));
}

const cell = (text: string) => `<w:tc><w:p><w:r><w:t>${text}</w:t></w:r></w:p></w:tc>`;

function passages(document: ExtractedDocument): { style: string; text: string; page: number }[] {
  return document.paragraphs.map(({ style, start, end, page }) => ({
    style,
    text: document.text.slice(start, end),
    page,
  }));
}

function expectCoherent(document: ExtractedDocument): void {
  expect(document.text.isWellFormed()).toBe(true);
  expect(document.text).not.toMatch(/[\0\r]/);
  let last = 0;
  for (const { start, end, page } of document.paragraphs) {
    expect(start).toBeGreaterThanOrEqual(last);
    expect(document.text.slice(start, end).trim()).toBe(document.text.slice(start, end));
    const on = document.pages[page - 1];
    expect(on !== undefined && on.start <= start && end <= on.end).toBe(true);
    last = end;
  }
}

async function code(input: ExtractionInput, change: Partial<typeof limits> = {}): Promise<string> {
  const result = extractText(input, { limits: { ...limits, ...change }, ocr: false });
  const error: unknown = await result.catch((reason: unknown) => reason);
  if (error instanceof FileRefusedError) return error.code;
  throw new Error("a refusal expected", { cause: error });
}

describe("extraction keeps the text and where it stands", () => {
  test("PDF: lines and paragraphs are rebuilt, headings found, running headers and footers marked", async () => {
    const document = await extractText(
      { kind: "pdf", fileName: "a.pdf", bytes: makePdf(pdfPages(4)) },
      { limits, ocr: false },
    );
    expectCoherent(document);
    const furniture = document.furniture.map(({ start, end }) => document.text.slice(start, end));
    expect(furniture).toHaveLength(8);
    expect(furniture).toContain("Page 3 of 4");
    const body = passages(document).filter(({ text }) => !furniture.includes(text));
    expect(body.map(({ text }) => text.replaceAll("\n", " "))).toEqual(
      sections.flatMap(({ heading, body: text }) => [heading, text]),
    );
    expect(body.filter(({ style }) => style.startsWith("heading"))).toHaveLength(8);
    expect(body.map(({ page }) => page)).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4]);
  });

  test("DOCX: headings, lists and tables by the document's own styles", async () => {
    const table = `<w:tbl><w:tr>${cell("Limit")}${cell("5 °C")}</w:tr></w:tbl>`;
    const paragraphs = [
      { text: "Storage", style: "Heading2" },
      { text: "Keep cold – “always”." },
      { text: "Annex", style: "Heading1" },
    ];
    const bytes = packParts(docxParts(paragraphs, table));
    const document = await extractText({ kind: "docx", fileName: "a.docx", bytes }, { limits, ocr: false });
    expectCoherent(document);
    expect(passages(document)).toEqual([
      { style: "heading2", text: "Storage", page: 1 },
      { style: "paragraph", text: "Keep cold – “always”.", page: 1 },
      { style: "heading1", text: "Annex", page: 1 },
      { style: "table", text: "Limit | 5 °C", page: 1 },
    ]);
  });

  test("DOC: typographic characters stay as written", async () => {
    const bytes = makeDoc({ text: "1 Scope\rKeep “cold” – always.\r" });
    const document = await extractText({ kind: "doc", fileName: "a.doc", bytes }, { limits, ocr: false });
    expectCoherent(document);
    expect(passages(document).map(({ text }) => text)).toEqual(["1 Scope", "Keep “cold” – always."]);
  });

  test("text and Markdown: headings, lists, tables and pages", async () => {
    const bytes = Buffer.from("# Scope\r\n\r\nTwo\r\nlines\r\n\r\n- one\r\n- two\r\n\f| a | b |\r\n");
    const document = await extractText({ kind: "txt", fileName: "a.md", bytes }, { limits, ocr: false });
    expectCoherent(document);
    expect(passages(document)).toEqual([
      { style: "heading1", text: "# Scope", page: 1 },
      { style: "paragraph", text: "Two\nlines", page: 1 },
      { style: "list", text: "- one", page: 1 },
      { style: "list", text: "- two", page: 1 },
      { style: "table", text: "| a | b |", page: 2 },
    ]);
  });

  test("normal text has one kind of line end, no NUL and no lone surrogate, and is its own normal form", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.constantFrom("\r\n", "\r", "\0", "\ud800", "\v"), (text, extra) => {
        const normal = normalText(`${text}${extra}${text}`);
        expect(normal.isWellFormed()).toBe(true);
        expect(normal).not.toMatch(/[\0\r\v]/);
        expect(normalText(normal)).toBe(normal);
      }),
    );
  });
});

test("FIL-01 a scanned PDF is read by text recognition where it is on, offline, and says that a machine did", async () => {
  const input = { kind: "pdf", fileName: "scan.pdf", bytes: makePdf([{ picture: scannedPicture() }]) } as const;
  const read = await extractText(input, { limits, ocr: true });
  expect(read.text.replaceAll(/\s+/g, " ").trim()).toBe(scannedText);
  expect(read.warnings.map((warning) => warning.code)).toEqual(["text-recognised"]);
  expectCoherent(read);
  // Where it is off, the refusal says that it can be had.
  await expect(extractText(input, { limits, ocr: false })).rejects.toMatchObject({
    code: "scanned",
    message: expect.stringContaining("PROBITY_OCR"),
  });
});

describe("what can't be read is refused by its own reason", () => {
  test("pages beyond the limit", async () => {
    expect(await code({ kind: "pdf", fileName: "a.pdf", bytes: makePdf(pdfPages(4)) }, { maxPages: 3 })).toBe(
      "too-many-pages",
    );
  });

  test("pictures of pages, but not a short letter", async () => {
    const picture = { width: 64, height: 64, pixels: new Uint8Array(4096).fill(200) };
    expect(await code({ kind: "pdf", fileName: "a.pdf", bytes: makePdf([{ picture }]) })).toBe("scanned");
    expect(await code({ kind: "pdf", fileName: "a.pdf", bytes: makePdf([{}]) })).toBe("empty");
    const letter = makePdf([{ lines: [{ text: "Approved.", y: 700 }] }]);
    const document = await extractText({ kind: "pdf", fileName: "a.pdf", bytes: letter }, { limits, ocr: false });
    expect(document.text).toBe("Approved.");
  });

  test("damage and missing text", async () => {
    expect(await code({ kind: "pdf", fileName: "a.pdf", bytes: Buffer.from("%PDF-1.4\nnothing") })).toBe("corrupt");
    expect(await code({ kind: "docx", fileName: "a.docx", bytes: packParts(new Map([["a", Buffer.from("b")]])) })).toBe(
      "corrupt",
    );
    expect(await code({ kind: "docx", fileName: "a.docx", bytes: packParts(docxParts([])) })).toBe("empty");
  });

  test("time: the child is killed at the limit", async () => {
    const bytes = packParts(docxParts(Array.from({ length: 60_000 }, () => ({ text: "x" }))));
    const start = performance.now();
    expect(await code({ kind: "docx", fileName: "a.docx", bytes }, { maxExtractionSeconds: 0.3 })).toBe("timed-out");
    expect(performance.now() - start).toBeLessThan(15_000);
  });

  test("memory: the child is killed when heap or buffers pass the limit", async () => {
    const heap = packParts(docxParts(Array.from({ length: 200_000 }, () => ({ text: "x" }))));
    const change = { maxExtractionBytes: 160 * 1024 * 1024 };
    expect(await code({ kind: "docx", fileName: "a.docx", bytes: heap }, change)).toBe("too-much-memory");
    const buffers = new Uint8Array(120 * 1024 * 1024).fill(0x61);
    expect(await code({ kind: "txt", fileName: "a.txt", bytes: buffers }, change)).toBe("too-much-memory");
  });

  test("more text than an answer may hold", async () => {
    const bytes = Buffer.from("text ".repeat(1000));
    expect(await code({ kind: "txt", fileName: "a.txt", bytes }, { maxInflatedBytes: 1000 })).toBe("bomb");
  });

  test("a caller's signal kills the child at once, with the caller's reason", async () => {
    await isolationTier(); // found out once a process; the child is to be at work when the signal comes
    const stop = new AbortController();
    const bytes = packParts(docxParts(Array.from({ length: 60_000 }, () => ({ text: "x" }))));
    const start = performance.now();
    const reading = extractText(
      { kind: "docx", fileName: "a.docx", bytes },
      { limits, ocr: false, signal: stop.signal },
    );
    setTimeout(() => stop.abort(new Error("left the page")), 300);
    await expect(reading).rejects.toThrow("left the page");
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});
