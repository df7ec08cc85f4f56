import type { ChildProcess } from "node:child_process";
import { FileRefusedError } from "./error.ts";
import type { RefusalCode, RefusalDetail } from "./error.ts";
import { decodeAnswer } from "./extract-answer.ts";
import type { DecodedAnswer } from "./extract-answer.ts";
import { languageFile, runChild, startChild } from "./extract-child.ts";
import type { RunOutcome } from "./extract-child.ts";
import { isolationTier } from "./extract-isolation.ts";
import type { Extraction, Task } from "./extract/document.ts";
import type { FileLimits } from "./limit.ts";

/** What `inspectUpload` accepted; the rest of `Accepted` is not needed. */
export interface ExtractionInput {
  readonly kind: "pdf" | "docx" | "doc" | "txt";
  readonly fileName: string;
  readonly bytes: Uint8Array;
  /** For `txt`. Default: utf-8. */
  readonly encoding?: string;
}

export interface ExtractedDocument extends Extraction {
  readonly kind: ExtractionInput["kind"];
}

/** A document that was read: its text with the places of pages and paragraphs, as the JSON it is kept as. */
export interface ReadDocument extends Pick<Extraction, "pageCount" | "warnings"> {
  readonly kind: ExtractionInput["kind"];
  /** UTF-8 JSON of text, pages, paragraphs and furniture. */
  readonly json: Uint8Array<ArrayBuffer>;
}

export type DocumentText = Pick<Extraction, "text" | "pages" | "paragraphs" | "furniture">;

/** Opens what `json` holds. It was checked when it was read; for a large document this takes a while. */
export function documentText(read: Pick<ReadDocument, "json">): DocumentText {
  return JSON.parse(Buffer.from(read.json).toString("utf8"));
}

export interface ExtractionOptions {
  readonly limits: FileLimits;
  /** Whether a scanned PDF may be read by text recognition (about 2 s a page). */
  readonly ocr: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Reads a document's text in a child of its own (TEN-03): no network, no files but its code, bounded memory and time.
 * Throws `FileRefusedError` (corrupt, password-protected, empty, scanned, too-many-pages, timed-out, too-much-memory, bomb)
 * or the signal's reason.
 */
export async function extractText(input: ExtractionInput, options: ExtractionOptions): Promise<ExtractedDocument> {
  const read = await extractIn(await startExtractor(options), input, options, decodeAnswer);
  const { kind, pageCount, warnings } = read;
  return { kind, pageCount, warnings, ...documentText(read) };
}

/** Starts a child that waits for one document. */
export async function startExtractor(options: Pick<ExtractionOptions, "limits" | "ocr">): Promise<ChildProcess> {
  const harness = await isolationTier();
  return startChild({
    harness,
    memoryBytes: options.limits.maxExtractionBytes,
    recognise: options.ocr,
  });
}

/** As `extractText`, in a child started before; `decode` is `decodeAnswer`, here or in another thread. */
export async function extractIn(
  child: ChildProcess,
  input: ExtractionInput,
  options: ExtractionOptions,
  decode: (output: Uint8Array<ArrayBuffer>) => DecodedAnswer | Promise<DecodedAnswer>,
): Promise<ReadDocument> {
  const { limits } = options;
  const language = options.ocr && input.kind === "pdf" ? languageFile() : undefined;
  const seconds = language === undefined ? limits.maxExtractionSeconds : limits.maxRecognitionSeconds;
  const task: Task = {
    kind: input.kind,
    maxPages: limits.maxPages,
    ...(input.encoding === undefined ? {} : { encoding: input.encoding }),
    ...(language === undefined ? {} : { recognise: true, languageFile: language }),
  };
  const outcome = await runChild(child, task, input.bytes, {
    memoryBytes: limits.maxExtractionBytes,
    seconds,
    outputBytes: limits.maxInflatedBytes,
    signal: options.signal,
  });
  const refuse = (code: RefusalCode, detail: RefusalDetail = {}, cause?: unknown) =>
    new FileRefusedError(code, input.fileName, limits, detail, cause);
  const answer = await decode(outputOf(outcome, refuse, seconds));
  if (answer.said === "refusal") {
    const detail = answer.measured === undefined ? {} : { measured: answer.measured };
    const offered = { recognitionOffered: !options.ocr && languageFile() !== undefined };
    throw refuse(answer.refusal, { ...detail, ...offered }, answer.reason);
  }
  if (answer.said === "nonsense") throw refuse("corrupt", {}, "malformed answer");
  const { json, pageCount, warnings } = answer;
  return { kind: input.kind, json, pageCount, warnings };
}

/** Whether a PDF opens with the empty password; asked of a child too, since it means parsing. */
export async function opensWithoutPassword(bytes: Uint8Array, fileName: string, limits: FileLimits): Promise<boolean> {
  const child = await startExtractor({ limits, ocr: false });
  const outcome = await runChild(child, { kind: "pdf-open" }, bytes, {
    memoryBytes: limits.maxExtractionBytes,
    seconds: limits.maxExtractionSeconds,
    outputBytes: 1024 * 1024,
  });
  const refuse = (code: RefusalCode, detail: RefusalDetail = {}) =>
    new FileRefusedError(code, fileName, limits, detail);
  return decodeAnswer(outputOf(outcome, refuse, limits.maxExtractionSeconds)).said !== "refusal";
}

function outputOf(
  outcome: RunOutcome,
  refuse: (code: RefusalCode, detail?: RefusalDetail, cause?: unknown) => FileRefusedError,
  seconds: number,
): Uint8Array<ArrayBuffer> {
  switch (outcome.ended) {
    case "answer":
      return outcome.output;
    case "time":
      throw refuse("timed-out", { measured: seconds });
    case "memory":
      throw refuse("too-much-memory");
    case "output":
      throw refuse("bomb", { bomb: "output" });
    case "crash":
      throw refuse("corrupt", {}, "the extraction child ended without an answer");
  }
}
