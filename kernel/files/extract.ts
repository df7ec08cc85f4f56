import type { ChildProcess } from "node:child_process";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { FileRefusedError } from "./error.ts";
import type { RefusalCode, RefusalDetail } from "./error.ts";
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
  return extractIn(await startExtractor(options), input, options);
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

/** As `extractText`, in a child started before. */
export async function extractIn(
  child: ChildProcess,
  input: ExtractionInput,
  options: ExtractionOptions,
): Promise<ExtractedDocument> {
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

  const answer = answerOf(outcome, refuse, seconds);
  if (Value.Check(refusalShape, answer)) {
    const detail = answer.measured === undefined ? {} : { measured: answer.measured };
    const offered = { recognitionOffered: !options.ocr && languageFile() !== undefined };
    throw refuse(answer.refusal, { ...detail, ...offered }, answer.reason);
  }
  if (!Value.Check(answerShape, answer) || !isCoherent(answer.result)) throw refuse("corrupt", {}, "malformed answer");
  const { text, pages, paragraphs, furniture, warnings, pageCount } = answer.result;
  return { kind: input.kind, text, pages, paragraphs, furniture, warnings, pageCount };
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
  return !Value.Check(refusalShape, answerOf(outcome, refuse, limits.maxExtractionSeconds));
}

function answerOf(
  outcome: RunOutcome,
  refuse: (code: RefusalCode, detail?: RefusalDetail, cause?: unknown) => FileRefusedError,
  seconds: number,
): unknown {
  switch (outcome.ended) {
    case "answer":
      return outcome.answer;
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

// The child read a stranger's file: what it says is checked like any other input.
const offset = Type.Integer({ minimum: 0 });
const span = { start: offset, end: offset };
const answerShape = Type.Object({
  result: Type.Object({
    text: Type.String(),
    pages: Type.Array(Type.Object({ number: Type.Integer({ minimum: 1 }), ...span })),
    paragraphs: Type.Array(
      Type.Object({
        page: Type.Integer({ minimum: 1 }),
        ...span,
        style: Type.Union([
          Type.Literal("heading1"),
          Type.Literal("heading2"),
          Type.Literal("heading3"),
          Type.Literal("heading4"),
          Type.Literal("heading5"),
          Type.Literal("heading6"),
          Type.Literal("paragraph"),
          Type.Literal("list"),
          Type.Literal("table"),
          Type.Literal("toc"),
        ]),
      }),
    ),
    furniture: Type.Array(Type.Object(span)),
    warnings: Type.Array(Type.Object({ code: Type.String(), text: Type.String() })),
    pageCount: Type.Integer({ minimum: 0 }),
  }),
});
const refusalShape = Type.Object({
  refusal: Type.Union([
    Type.Literal("password-protected"),
    Type.Literal("corrupt"),
    Type.Literal("empty"),
    Type.Literal("scanned"),
    Type.Literal("too-many-pages"),
  ]),
  measured: Type.Optional(Type.Integer()),
  reason: Type.Optional(Type.String()),
});

function isCoherent(result: Extraction): boolean {
  const { text } = result;
  const fits = (each: { start: number; end: number }) => each.start <= each.end && each.end <= text.length;
  return (
    text.isWellFormed() &&
    !text.includes("\0") &&
    !text.includes("\r") &&
    result.pageCount === result.pages.length &&
    result.pages.every(fits) &&
    result.paragraphs.every((each) => fits(each) && each.page <= result.pageCount) &&
    result.furniture.every(fits)
  );
}
