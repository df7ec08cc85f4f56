import { getDocumentProxy } from "unpdf";
import { DocumentBuilder, DocumentError, guessStyle, headingStyle } from "./document.ts";
import type { Extraction, ParagraphStyle, Task } from "./document.ts";
import { bodySize, continuesParagraph, findFurniture, linePitch, toLines } from "./pdf-line.ts";
import type { Line } from "./pdf-line.ts";

/** Below this many characters a page, pages are pictures. */
const minCharactersPerPage = 25;

type PdfDocument = Awaited<ReturnType<typeof getDocumentProxy>>;

/** Opens with the empty password or says why not. */
export async function openPdf(bytes: Uint8Array): Promise<{ pageCount: number }> {
  const pdf = await open(bytes);
  return { pageCount: pdf.numPages };
}

// The library compiles no code from strings, and the child forbids it (`--disallow-code-generation-from-strings`).
async function open(bytes: Uint8Array): Promise<PdfDocument> {
  try {
    return await getDocumentProxy(bytes, { verbosity: 0 });
  } catch (error) {
    if (error instanceof Error && error.name === "PasswordException") throw new DocumentError("password-protected");
    throw new DocumentError("corrupt");
  }
}

export async function extractPdf(bytes: Uint8Array, task: Task): Promise<Extraction> {
  const pdf = await open(bytes);
  if (task.maxPages !== undefined && pdf.numPages > task.maxPages)
    throw new DocumentError("too-many-pages", pdf.numPages);

  const pages: { lines: Line[]; top: number; bottom: number }[] = [];
  let characters = 0;
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const page = await pdf.getPage(number);
    const [, bottom = 0, , top = 0] = page.view;
    const content = await page.getTextContent();
    const lines = toLines(content.items.filter((item) => "str" in item));
    for (const line of lines) characters += line.text.length;
    pages.push({ lines, top, bottom });
    page.cleanup();
  }
  if (characters < pdf.numPages * minCharactersPerPage && (await showsPictures(pdf))) {
    if (task.recognise !== true || task.languageFile === undefined) throw new DocumentError("scanned");
    return (await import("./recognise.ts")).recognisePdf(pdf, task.languageFile);
  }
  if (characters === 0) throw new DocumentError("empty");
  return build(pages);
}

/** Whether one of the first pages paints a picture: a short letter is not a scan. */
async function showsPictures(pdf: PdfDocument): Promise<boolean> {
  const { getResolvedPDFJS } = await import("unpdf");
  const { OPS } = await getResolvedPDFJS();
  const painting = new Set([OPS.paintImageXObject, OPS.paintInlineImageXObject, OPS.paintImageMaskXObject]);
  for (let number = 1; number <= Math.min(5, pdf.numPages); number += 1) {
    const operators = await (await pdf.getPage(number)).getOperatorList();
    if (operators.fnArray.some((operator: number) => painting.has(operator))) return true;
  }
  return false;
}

function build(pages: readonly { lines: Line[]; top: number; bottom: number }[]): Extraction {
  const body = bodySize(pages.map((page) => page.lines));
  const furniture = findFurniture(pages);
  const headingSizes = [...new Set(pages.flatMap((page) => page.lines.map((line) => Math.round(line.size))))]
    .filter((size) => size > body * 1.12)
    .toSorted((a, b) => b - a);
  const builder = new DocumentBuilder();
  for (const { lines } of pages) {
    builder.startPage();
    const pitch = linePitch(lines, body);
    const widest = Math.max(0, ...lines.map((line) => line.text.length));
    let open: Line[] = [];
    const close = () => {
      if (open.length === 0) return;
      const text = open.map((line) => line.text).join("\n");
      builder.add(text, styleOf(open, text, body, headingSizes));
      open = [];
    };
    for (const line of lines) {
      if (furniture.has(line)) {
        close();
        builder.add(line.text, "paragraph", true);
        continue;
      }
      const last = open.at(-1);
      const alone = guessStyle(line.text);
      const lastAlone = last === undefined ? "paragraph" : guessStyle(last.text);
      // A numbered paragraph: its first line alone reads like a heading, but it runs to the margin and goes on below.
      const wrapped = last !== undefined && last.text.length >= widest * 0.7 && last.size <= body * 1.12;
      const breaks = alone !== "paragraph" || lastAlone === "toc" || (lastAlone.startsWith("heading") && !wrapped);
      if (last !== undefined && (breaks || !continuesParagraph(last, line, pitch))) close();
      open.push(line);
    }
    close();
  }
  return builder.finish();
}

function styleOf(lines: readonly Line[], text: string, body: number, headingSizes: readonly number[]): ParagraphStyle {
  const size = lines[0]?.size ?? body;
  const guessed = guessStyle(text);
  if (guessed !== "paragraph") return guessed;
  if (size > body * 1.12 && text.length <= 200) return headingStyle(headingSizes.indexOf(Math.round(size)) + 1);
  return "paragraph";
}
