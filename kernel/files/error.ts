import { defaultFileLimits, sayBytes } from "./limit.ts";
import type { FileLimits } from "./limit.ts";

/** Why a file was refused. A closed set: every code has its own text below. */
export const refusalCodes = [
  "wrong-type",
  "too-big",
  "password-protected",
  "corrupt",
  "bomb",
  "unsafe-content",
  "empty",
  "legacy-word",
  "too-many-pages",
  "scanned",
  "timed-out",
  "too-much-memory",
] as const;
export type RefusalCode = (typeof refusalCodes)[number];

/** What a text may need besides the file name and the limits. */
export interface RefusalDetail {
  /** For `wrong-type`: what the content turned out to be, with its article: `a PNG picture`. */
  readonly found?: string;
  /** For `bomb`: which of the archive limits was crossed. */
  readonly bomb?: "size" | "ratio" | "entries" | "overlap" | "lie" | "depth" | "output";
  /** For `unsafe-content`: what was found, as a clause: `names a part outside the archive`. */
  readonly unsafe?: string;
  /** For `too-big` and `too-many-pages`: the measured number; for `timed-out`: the seconds allowed. */
  readonly measured?: number;
  /** For `scanned`: whether text recognition can be had by asking for it. */
  readonly recognitionOffered?: boolean;
}

/** A file was refused. `message` is public text; `cause`, where set, is private and for the log alone. */
export class FileRefusedError extends Error {
  override readonly name = "FileRefusedError";
  readonly code: RefusalCode;
  readonly fileName: string;

  constructor(
    code: RefusalCode,
    fileName: string,
    limits: FileLimits = defaultFileLimits,
    detail: RefusalDetail = {},
    cause?: unknown,
  ) {
    super(refusalText(code, fileName, limits, detail), cause === undefined ? {} : { cause });
    this.code = code;
    this.fileName = sayFileName(fileName);
  }
}

/** All places for waiting extractions are taken. Says nothing about the file, which may be sent again. */
export class ExtractionBusyError extends Error {
  override readonly name = "ExtractionBusyError";
  readonly code = "extraction-busy";

  constructor(waiting: number) {
    super(
      `${waiting.toLocaleString("en-US")} documents are waiting to be read. Your file is unchanged. Try again in a minute.`,
    );
  }
}

/** The name as it is shown: no folders, no control or direction-changing characters, at most 120 characters. */
export function sayFileName(fileName: string): string {
  const last = fileName.split(/[/\\]/).at(-1) ?? "";
  const clean = last
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "")
    .trim();
  if (clean === "") return "The file";
  return clean.length <= 120 ? clean : `${clean.slice(0, 100).toWellFormed()}…${clean.slice(-15).toWellFormed()}`;
}

const count = (n: number) => n.toLocaleString("en-US");

/** The public text of a refusal, in three sentences: what happened, what is safe, what to do. */
export function refusalText(
  code: RefusalCode,
  fileName: string,
  limits: FileLimits = defaultFileLimits,
  detail: RefusalDetail = {},
): string {
  const name = sayFileName(fileName);
  const safe = "Nothing was stored.";
  switch (code) {
    case "wrong-type":
      return `${name} is ${detail.found ?? "not a document"}, and PDF, DOCX, DOC and text files alone are taken. ${safe} Save it as one of these and upload that.`;
    case "too-big": {
      const size = detail.measured === undefined ? "larger" : `${sayBytes(detail.measured)}, more`;
      return `${name} is ${size} than ${sayBytes(limits.maxBytes)}, the limit here. ${safe} Split it, or make its pictures smaller.`;
    }
    case "password-protected":
      return `${name} needs a password. ${safe} Save it without one and upload again.`;
    case "corrupt":
      return `${name} is damaged or cut short. ${safe} Open it where it was made, save it again and upload that copy.`;
    case "bomb":
      return `${name} ${bombClause(detail.bomb ?? "size", limits)}. ${safe} ${
        detail.bomb === "overlap" || detail.bomb === "lie" || detail.bomb === "ratio"
          ? "Save it again in Word and upload that copy."
          : "Split it."
      }`;
    case "unsafe-content":
      return `${name} ${detail.unsafe ?? "holds something no word processor writes"}. ${safe} Save it again in Word and upload that copy.`;
    case "empty":
      return `${name} has no text in it. ${safe} Check the file and upload the right one.`;
    case "legacy-word":
      return `${name} was written by Word 95 or older. ${safe} Open it in a newer Word, save it as DOCX and upload that.`;
    case "too-many-pages": {
      const pages = detail.measured === undefined ? "more pages" : `${count(detail.measured)} pages, more`;
      return `${name} has ${pages} than ${count(limits.maxPages)}, the limit here. ${safe} Split it.`;
    }
    case "scanned":
      return detail.recognitionOffered === true
        ? `${name} is pictures without text. ${safe} Upload a copy with recognised text, or ask whoever runs this server to switch recognition on (PROBITY_OCR).`
        : `${name} is pictures without text. ${safe} Upload a copy with recognised text.`;
    case "timed-out":
      return `${name} took longer to read than ${count(detail.measured ?? limits.maxExtractionSeconds)} seconds, the limit here. ${safe} Split it, or save it as a plainer PDF.`;
    case "too-much-memory":
      return `${name} needs more memory to read than ${sayBytes(limits.maxExtractionBytes)}, the limit here. ${safe} Split it, or make its pictures smaller.`;
  }
}

function bombClause(bomb: NonNullable<RefusalDetail["bomb"]>, limits: FileLimits): string {
  switch (bomb) {
    case "size":
      return `unpacks beyond ${sayBytes(limits.maxInflatedBytes)}, the limit here`;
    case "ratio":
      return `unpacks to more than ${limits.maxInflationRatio.toLocaleString("en-US")} times its size, the limit here`;
    case "entries":
      return `has more than ${limits.maxArchiveEntries.toLocaleString("en-US")} parts, the limit here`;
    case "overlap":
      return `has parts that overlap, which makes ${sayBytes(limits.maxInflatedBytes)}, the limit here, meaningless`;
    case "lie":
      return `states a smaller unpacked size than it has, which would get round ${sayBytes(limits.maxInflatedBytes)}, the limit here`;
    case "depth":
      return `holds archives within archives within archives, more than the 3 levels allowed here`;
    case "output":
      return `holds more text than ${sayBytes(limits.maxInflatedBytes)}, the limit here`;
  }
}
