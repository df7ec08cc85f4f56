import mammoth from "mammoth";
import { DocumentBuilder, DocumentError, guessStyle, headingStyle } from "./document.ts";
import type { Extraction, ParagraphStyle } from "./document.ts";

/** What is used of mammoth's document tree. */
interface Node {
  readonly type: string;
  readonly children?: readonly Node[];
  readonly value?: string;
  readonly styleId?: string | null;
  readonly styleName?: string | null;
  readonly numbering?: { readonly level: string | number } | null;
  readonly noteType?: string;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/**
 * DOCX by mammoth: the text as it would read with tracked changes accepted. Word lays pages out anew on each machine, so
 * there is one page, and passages are found by heading.
 */
export async function extractDocx(bytes: Uint8Array): Promise<Extraction> {
  let tree: unknown;
  await mammoth.convertToHtml(
    { buffer: Buffer.from(bytes) },
    {
      externalFileAccess: false,
      transformDocument: (document: { children: unknown[] }) => {
        tree = document;
        return { ...document, children: [] }; // the tree is all that is wanted, not the HTML
      },
    },
  );
  if (!isNode(tree)) throw new DocumentError("corrupt");
  const builder = new DocumentBuilder();
  builder.startPage();
  for (const child of tree.children ?? []) addBlock(builder, child);
  if ("notes" in tree) addNotes(builder, tree.notes);
  const extraction = builder.finish();
  if (extraction.text === "") throw new DocumentError("empty");
  return extraction;
}

function addBlock(builder: DocumentBuilder, node: Node): void {
  if (node.type === "paragraph") {
    const text = inlineText(node);
    builder.add(text, paragraphStyle(node, text));
  } else if (node.type === "table") {
    for (const row of node.children ?? []) {
      const cells = (row.children ?? []).map((cell) =>
        blockText(cell)
          .replace(/\s*\n\s*/g, " ")
          .trim(),
      );
      if (cells.some((cell) => cell !== "")) builder.add(cells.join(" | "), "table");
    }
  } else {
    for (const child of node.children ?? []) addBlock(builder, child);
  }
}

/** Where mammoth keeps footnotes and endnotes, by their ids. */
const notesField = "_notes";

function addNotes(builder: DocumentBuilder, notes: unknown): void {
  if (typeof notes !== "object" || notes === null || !(notesField in notes)) return;
  const byId = notes[notesField];
  if (typeof byId !== "object" || byId === null) return;
  for (const note of Object.values(byId)) {
    if (typeof note !== "object" || note === null || !("body" in note) || !Array.isArray(note.body)) continue;
    for (const child of note.body) if (isNode(child)) addBlock(builder, child);
  }
}

function blockText(node: Node): string {
  if (node.type === "paragraph") return inlineText(node);
  return (node.children ?? []).map(blockText).join("\n");
}

function inlineText(node: Node): string {
  if (node.type === "text") return node.value ?? "";
  if (node.type === "tab") return "\t";
  if (node.type === "break") return "\n";
  if (node.type === "noteReference" || node.type === "commentReference") return "";
  return (node.children ?? []).map(inlineText).join("");
}

function paragraphStyle(node: Node, text: string): ParagraphStyle {
  const name = `${node.styleName ?? node.styleId ?? ""}`.toLowerCase();
  const heading = /^heading ?([1-9])/.exec(name) ?? /^heading([1-9])$/.exec(`${node.styleId ?? ""}`.toLowerCase());
  if (heading !== null) return headingStyle(Number(heading[1]));
  if (name === "title") return "heading1";
  if (/^(toc|table of figures)/.test(name)) return "toc";
  if (node.numbering !== undefined && node.numbering !== null) return "list";
  if (name.startsWith("list")) return "list";
  return guessStyle(text);
}
