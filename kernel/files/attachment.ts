import { crc32 } from "node:zlib";
import { inspectUpload, type FileKind, type Refused } from "./detect.ts";
import { sayFileName } from "./error.ts";
import type { FileLimits } from "./limit.ts";

export type AttachmentKind = "png" | "jpeg" | "pdf" | "csv" | "txt";

/** A file that is kept beside a record as it is, and never read by the product. */
export interface Attachable {
  readonly outcome: "accepted";
  readonly kind: AttachmentKind;
  readonly fileName: string;
}

const words: Readonly<Record<AttachmentKind | FileKind, string>> = {
  png: "a PNG picture",
  jpeg: "a JPEG picture",
  pdf: "a PDF file",
  csv: "a table in text",
  txt: "text",
  docx: "a Word document",
  doc: "a Word document",
};
/** What a name promises. A file that is something else was renamed, and whoever opens it would be misled. */
const promised: Readonly<Record<string, AttachmentKind>> = { png: "png", jpg: "jpeg", jpeg: "jpeg", pdf: "pdf" };

/**
 * Decides by content whether a file may be kept beside a record: a picture, a PDF, a table or text (FIL-01). What a picture
 * carries beside its points (EXIF) stays in it and is shown nowhere.
 */
export async function inspectAttachment(
  bytes: Uint8Array,
  fileName: string,
  limits: FileLimits,
): Promise<Attachable | Refused> {
  const name = sayFileName(fileName);
  const refuse = (code: Refused["code"], why: string, act: string): Refused => ({
    outcome: "refused",
    code,
    fileName: name,
    text: `${name} ${why}. Nothing was stored. ${act}`,
  });
  const damaged = () => refuse("corrupt", "is damaged or cut short", "Save it again where it was made, and take that.");
  if (bytes.length === 0) return refuse("empty", "is empty", "Look at the file, and choose the right one.");
  let kind: AttachmentKind;
  if (bytes.length <= limits.maxBytes && startsWith(bytes, pngSignature)) {
    if (!isWholePng(bytes)) return damaged();
    kind = "png";
  } else if (bytes.length <= limits.maxBytes && startsWith(bytes, [0xff, 0xd8, 0xff])) {
    if (!isJpeg(bytes)) return damaged();
    kind = "jpeg";
  } else {
    const judged = await inspectUpload(bytes, fileName, limits);
    const found = judged.outcome === "refused" ? judged.found : words[judged.kind];
    if (judged.outcome === "refused" && judged.code !== "wrong-type") return judged;
    if (judged.outcome === "refused" || judged.kind === "docx" || judged.kind === "doc")
      return refuse(
        "wrong-type",
        `is ${found ?? "a file of another kind"}, and PNG and JPEG pictures, PDF, CSV and text files alone are taken`,
        "Save it as one of these, and take that.",
      );
    kind = judged.kind === "pdf" ? "pdf" : isTable(bytes, judged.encoding) ? "csv" : "txt";
  }
  const expected = promised[name.toLowerCase().split(".").at(-1) ?? ""];
  if (expected !== undefined && expected !== kind)
    return refuse(
      "wrong-type",
      `is named as ${words[expected]} and is ${words[kind]}`,
      "Take the file as it was made, under its own name.",
    );
  return { outcome: "accepted", kind, fileName: name };
}

const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

function startsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((each, index) => bytes[index] === each);
}

/** Every chunk in its place and unharmed, the header first, the end last and nothing behind it (PNG, 3rd edition, 5.3–5.6). */
function isWholePng(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = pngSignature.length;
  let pixels = false;
  for (let index = 0; at + 12 <= bytes.length; index += 1) {
    const length = view.getUint32(at);
    const end = at + 12 + length;
    if (end > bytes.length) return false;
    const type = Buffer.from(bytes.subarray(at + 4, at + 8)).toString("latin1");
    if (crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) return false;
    if ((index === 0) !== (type === "IHDR")) return false;
    if (type === "IHDR" && (length !== 13 || view.getUint32(at + 8) === 0 || view.getUint32(at + 12) === 0))
      return false;
    if (type === "IDAT") pixels = true;
    if (type === "IEND") return pixels && end === bytes.length;
    at = end;
  }
  return false;
}

/**
 * Segments from the first to the beginning of the picture, a frame among them, and an end (ITU-T T.81, B.1–B.2). Cameras write
 * more behind the end: that is kept.
 */
function isJpeg(bytes: Uint8Array): boolean {
  let at = 2;
  let frame = false;
  while (at + 4 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0xda)
      return frame && Buffer.from(bytes.buffer, bytes.byteOffset).lastIndexOf("\xff\xd9", -1, "latin1") > at;
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    if (length < 2) return false;
    // Frames: SOF0–SOF15 but for the tables DHT, JPG and DAC.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) frame = true;
    at += 2 + length;
  }
  return false;
}

/** Whether text has as many columns in each of its first lines, two at least. */
function isTable(bytes: Uint8Array, encoding = "utf-8"): boolean {
  const lines = new TextDecoder(encoding)
    .decode(bytes.subarray(0, 65_536))
    .split(/\r?\n/)
    .slice(0, 50)
    .filter((line) => line.trim() !== "");
  if (bytes.length > 65_536 && lines.length < 50) lines.pop();
  return [",", ";", "\t"].some((sign) => {
    const [first = 0, ...others] = lines.map((line) => line.replaceAll(/"[^"]*"/g, "").split(sign).length);
    return first > 1 && others.length > 0 && others.every((each) => each === first);
  });
}
