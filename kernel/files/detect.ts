import { ArchiveError, freshBudget, inflateEntry, isArchive, readDirectory } from "./archive.ts";
import type { ArchiveBudget } from "./archive.ts";
import { isMacroPart, withoutParts } from "./archive-macro.ts";
import type { ReadEntry } from "./archive-macro.ts";
import { hasMacros, isOle, readOleDirectory } from "./detect-ole.ts";
import { detectTextEncoding } from "./detect-text.ts";
import type { TextEncodingName } from "./detect-text.ts";
import { FileRefusedError, refusalText, sayFileName } from "./error.ts";
import type { RefusalCode, RefusalDetail } from "./error.ts";
import { opensWithoutPassword } from "./extract.ts";
import type { FileLimits } from "./limit.ts";

export type FileKind = "pdf" | "docx" | "doc" | "txt";

export interface FileWarning {
  readonly code: string;
  /** Public text, in the form of the refusals. */
  readonly text: string;
}

export interface Accepted {
  readonly outcome: "accepted";
  readonly kind: FileKind;
  /** The name as shown; the content decided, never the name. */
  readonly fileName: string;
  readonly mediaType: string;
  /** What the text is read from. */
  readonly bytes: Uint8Array;
  /** What may be stored: the upload, its copy without macros, or nothing where no such copy can be made. */
  readonly keep: Uint8Array | null;
  /** Set for `txt`. */
  readonly encoding?: TextEncodingName;
  readonly warnings: readonly FileWarning[];
}

export interface Refused {
  readonly outcome: "refused";
  readonly code: RefusalCode;
  readonly fileName: string;
  /** Public text: what happened, what is safe, what to do. */
  readonly text: string;
  /** For `wrong-type`: what the content turned out to be. */
  readonly found?: string;
}

/**
 * Decides by content alone whether an upload is taken (FIL-01). Where a file could be read as two formats, the structure
 * recognised first decides and nothing ever reads it as the other. Pages, missing text, time and memory are judged later
 * by `extractText`, which throws the same refusals.
 */
export async function inspectUpload(
  bytes: Uint8Array,
  fileName: string,
  limits: FileLimits,
): Promise<Accepted | Refused> {
  try {
    return await inspect(bytes, sayFileName(fileName), limits);
  } catch (error) {
    if (error instanceof ArchiveError) return refuse(error.code, fileName, limits, error.detail);
    if (error instanceof FileRefusedError) {
      return {
        outcome: "refused",
        code: error.code,
        fileName: error.fileName,
        text: error.message,
      };
    }
    throw error;
  }
}

async function inspect(bytes: Uint8Array, fileName: string, limits: FileLimits): Promise<Accepted | Refused> {
  if (bytes.length > limits.maxBytes) return refuse("too-big", fileName, limits, { measured: bytes.length });
  if (bytes.length === 0) return refuse("empty", fileName, limits);
  if (isArchive(bytes)) return inspectArchive(bytes, fileName, limits);
  if (isOle(bytes)) return inspectOle(bytes, fileName, limits);
  // Word 1, 2 and Word for DOS have no container (Word 2 FIB wIdent 0xA5DB, Word 1 0xA59B, DOS 0xBE31).
  const ident = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
  if (ident === 0xa5db || ident === 0xa59b || ident === 0xa5dc || ident === 0xbe31) {
    return refuse("legacy-word", fileName, limits);
  }
  const found = foreignFormat(bytes);
  if (found !== undefined) return refuse("wrong-type", fileName, limits, { found });
  // Readers accept a PDF header within the first 1,024 bytes (ISO 32000-1 Annex H, implementation note 13).
  if (Buffer.from(bytes.subarray(0, 1024)).includes("%PDF-")) return inspectPdf(bytes, fileName, limits);
  return inspectText(bytes, fileName, limits);
}

async function inspectPdf(bytes: Uint8Array, fileName: string, limits: FileLimits): Promise<Accepted | Refused> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // A file cut short still opens in lenient readers, with pages missing: that must not be analysed as the whole.
  if (!text.includes("%%EOF") && !text.includes("startxref")) return refuse("corrupt", fileName, limits);
  const linearized = /\/Linearized[^>]{0,200}?\/L\s+(\d+)/.exec(text.subarray(0, 2048).toString("latin1"));
  if (linearized !== null && Number(linearized[1]) > bytes.length) return refuse("corrupt", fileName, limits);
  // Many PDFs are encrypted with the empty password, to forbid printing: they need none to be read.
  if (text.includes("/Encrypt") && !(await opensWithoutPassword(bytes, fileName, limits))) {
    return refuse("password-protected", fileName, limits);
  }
  return accept("pdf", fileName, "application/pdf", bytes);
}

function inspectOle(bytes: Uint8Array, fileName: string, limits: FileLimits): Accepted | Refused {
  const directory = readOleDirectory(bytes);
  if (directory === undefined) return refuse("corrupt", fileName, limits);
  // A DOCX with a password is an OLE container around the encrypted archive (MS-OFFCRYPTO 2.3).
  if (directory.entries.some((entry) => entry.name === "EncryptedPackage")) {
    return refuse("password-protected", fileName, limits);
  }
  const word = directory.entries.find((entry) => entry.name === "WordDocument" && entry.kind === "stream");
  if (word === undefined) {
    const names = new Set(directory.entries.map((entry) => entry.name));
    const found =
      names.has("Workbook") || names.has("Book")
        ? "an Excel workbook"
        : names.has("PowerPoint Document")
          ? "a PowerPoint presentation"
          : "an Office file of another kind";
    return refuse("wrong-type", fileName, limits, { found });
  }
  // File information block (MS-DOC 2.5.2): wIdent, nFib, and fEncrypted as bit 8 of the flags at offset 10.
  const block = directory.head(word, 32);
  if (block.length < 32) return refuse("corrupt", fileName, limits);
  const fields = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const ident = fields.getUint16(0, true);
  if (ident === 0xa5dc || ident === 0xa5db || (ident === 0xa5ec && fields.getUint16(2, true) < 0xc1)) {
    return refuse("legacy-word", fileName, limits);
  }
  if (ident !== 0xa5ec) return refuse("corrupt", fileName, limits);
  if ((fields.getUint16(10, true) & 0x0100) !== 0) return refuse("password-protected", fileName, limits);

  if (!hasMacros(directory)) return accept("doc", fileName, "application/msword", bytes);
  return {
    ...accept("doc", fileName, "application/msword", bytes),
    keep: null,
    warnings: [
      {
        code: "macro-removed",
        text: `${fileName} has macros, which are never kept. Its text is stored; the original file is not. Save it as DOCX and upload that to keep a file.`,
      },
    ],
  };
}

async function inspectArchive(bytes: Uint8Array, fileName: string, limits: FileLimits): Promise<Accepted | Refused> {
  const budget = freshBudget();
  const directory = readDirectory(bytes, limits, budget);
  const types = directory.find((entry) => entry.name === "[Content_Types].xml");
  if (types === undefined) return refuse("wrong-type", fileName, limits, { found: "a ZIP archive" });

  const read: ReadEntry[] = [];
  const removed = new Set<string>();
  for (const entry of directory) {
    const content = await inflateEntry(entry, limits, budget);
    if (holdsDoctype(entry.name, content)) {
      // Office never writes one; an XML parser that follows it reads files and addresses of its choosing (CWE-611).
      const unsafe = "holds a document type declaration (DOCTYPE)";
      return refuse("unsafe-content", fileName, limits, { unsafe });
    }
    if (isMacroPart(entry.name) || (await embedsMacros(content, limits, budget))) removed.add(entry.name);
    read.push({ entry, content });
  }

  const typesContent = read.find(({ entry }) => entry === types)?.content ?? new Uint8Array(0);
  const main = mainPart(Buffer.from(typesContent).toString("utf8"));
  if (main === undefined) return refuse("wrong-type", fileName, limits, { found: "an Office file of another kind" });
  if (!directory.some((entry) => entry.name.toLowerCase() === main.toLowerCase())) {
    return refuse("corrupt", fileName, limits);
  }
  const mediaType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
  const macroEnabled = /macroEnabled/i.test(Buffer.from(typesContent).toString("utf8"));
  if (removed.size === 0 && !macroEnabled) return accept("docx", fileName, mediaType, bytes);
  const clean = withoutParts(read, removed);
  return {
    ...accept("docx", fileName, mediaType, clean),
    warnings: [
      {
        code: "macro-removed",
        text: `${fileName} has macros, active controls or attachments that can't be checked, which are never kept. Its text and a copy without them are stored. Check the copy if a form depended on them.`,
      },
    ],
  };
}

/**
 * Whether a part is itself a file with macros (a workbook or document embedded in the text), or an archive that can't be
 * looked into and so is not kept either. Counts against the budget.
 */
async function embedsMacros(content: Uint8Array, limits: FileLimits, budget: ArchiveBudget): Promise<boolean> {
  if (isOle(content)) {
    const directory = readOleDirectory(content);
    return directory !== undefined && hasMacros(directory);
  }
  if (!isArchive(content)) return false;
  const inner: ArchiveBudget = { ...budget, depth: budget.depth + 1 };
  let macros = false;
  try {
    for (const entry of readDirectory(content, limits, inner)) {
      const unpacked = await inflateEntry(entry, limits, inner);
      if (isMacroPart(entry.name) || (await embedsMacros(unpacked, limits, inner))) macros = true;
    }
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code === "bomb") throw error;
    macros = true;
  }
  budget.entries = inner.entries;
  budget.inflatedBytes = inner.inflatedBytes;
  return macros;
}

/** The part that holds the text of a Word document, without its leading slash. */
function mainPart(types: string): string | undefined {
  for (const { index } of types.matchAll(/<Override\b/gi)) {
    // Looked for by hand: a pattern would look to the end from each element that never closes.
    const end = types.indexOf(">", index);
    if (end < 0) return undefined;
    const element = types.slice(index, end + 1);
    const word =
      /ContentType\s*=\s*["']application\/vnd\.(openxmlformats-officedocument\.wordprocessingml|ms-word)\.(document|template)\.(macroEnabled(Template)?\.)?main\+xml["']/i;
    const name = /PartName\s*=\s*["']\/([^"']+\.xml)["']/i.exec(element);
    if ((word.test(element) || /macroEnabledTemplate\.main\+xml/i.test(element)) && name !== null) return name[1];
  }
  return undefined;
}

/** Looks in everything that is XML by its content; pictures (SVG) and web pages stored as attachments may have one. */
function holdsDoctype(name: string, content: Uint8Array): boolean {
  if (/\.(svg|html?|mht)$/i.test(name)) return false;
  const start = Buffer.from(content.subarray(0, 256)).toString("latin1").replaceAll("\0", "");
  if (!/^(\u00ef\u00bb\u00bf|\u00ff\u00fe|\u00fe\u00ff)?\s*</.test(start)) return false;
  const wide = content.subarray(0, 4).includes(0) || content[0] === 0xff || content[0] === 0xfe;
  const buffer = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const text = wide ? buffer.toString("latin1").replaceAll("\0", "") : buffer.toString("latin1");
  return /<!\s*(DOCTYPE|ENTITY)/i.test(text);
}

function inspectText(bytes: Uint8Array, fileName: string, limits: FileLimits): Accepted | Refused {
  const encoding = detectTextEncoding(bytes);
  if (encoding === undefined) return refuse("wrong-type", fileName, limits, { found: "data of an unknown kind" });
  if (new TextDecoder(encoding).decode(bytes).trim() === "") return refuse("empty", fileName, limits);
  return { ...accept("txt", fileName, `text/plain; charset=${encoding}`, bytes), encoding };
}

/** Formats that begin as text or are common enough to be named; everything else unknown is data of an unknown kind. */
function foreignFormat(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 512)).toString("latin1");
  const signatures: [RegExp, string][] = [
    [/^\u0089PNG/, "a PNG picture"],
    [/^\u00ff\u00d8\u00ff/, "a JPEG picture"],
    [/^GIF8[79]a/, "a GIF picture"],
    [/^(II\*\0|MM\0\*)/, "a TIFF picture"],
    [/^\{\\rtf/, "a rich text (RTF) file"],
    [/^(\u00ef\u00bb\u00bf)?\s*<(!doctype\s+html|html[\s>])/i, "a web page"],
    [/^(\u00ef\u00bb\u00bf)?\s*<\?xml/, "an XML file"],
    [/^%!PS/, "a PostScript file"],
    [/^MZ/, "a Windows program"],
    [/^\u007fELF/, "a Linux program"],
    [/^\u001f\u008b/, "a gzip archive"], // oxlint-disable-line no-control-regex -- the format begins with one
    [/^Rar!/, "a RAR archive"],
    [/^7z\u00bc\u00af/, "a 7z archive"],
  ];
  // `MZ` opens ordinary words too: a program has bytes no text has.
  return signatures.find(([pattern, label]) => {
    return pattern.test(start) && (label !== "a Windows program" || start.includes("\0"));
  })?.[1];
}

function accept(kind: FileKind, fileName: string, mediaType: string, bytes: Uint8Array): Accepted {
  return { outcome: "accepted", kind, fileName, mediaType, bytes, keep: bytes, warnings: [] };
}

function refuse(code: RefusalCode, fileName: string, limits: FileLimits, detail: RefusalDetail = {}): Refused {
  return {
    outcome: "refused",
    code,
    fileName: sayFileName(fileName),
    text: refusalText(code, fileName, limits, detail),
    ...(detail.found === undefined ? {} : { found: detail.found }),
  };
}
