import { defineErrors, type Problem } from "../work/problem.ts";
import { ExtractionBusyError, FileRefusedError, type RefusalCode } from "./error.ts";

/** A refused file as the API answers it; the text, with the file's name and the limit, comes from the refusal itself. */
export const fileProblem = defineErrors("file", {
  "wrong-type": { status: 415, title: "Not a document", detail: "{text}" },
  "too-big": { status: 413, title: "Too big", detail: "{text}" },
  "password-protected": { status: 422, title: "Needs a password", detail: "{text}" },
  corrupt: { status: 422, title: "Damaged", detail: "{text}" },
  bomb: { status: 422, title: "Unpacks too far", detail: "{text}" },
  "unsafe-content": { status: 422, title: "Not safe to open", detail: "{text}" },
  empty: { status: 422, title: "Empty", detail: "{text}" },
  "legacy-word": { status: 415, title: "Word of before 1997", detail: "{text}" },
  "too-many-pages": { status: 422, title: "Too many pages", detail: "{text}" },
  scanned: { status: 422, title: "Pictures without text", detail: "{text}" },
  "timed-out": { status: 422, title: "Took too long to read", detail: "{text}" },
  "too-much-memory": { status: 422, title: "Took too much memory to read", detail: "{text}" },
  busy: { status: 503, title: "Many documents waiting", detail: "{text}" },
  missing: {
    status: 400,
    title: "No file in the request",
    detail: "The request holds no file. Nothing was stored. Send the file as multipart form data.",
  },
});

/** The problem for a refusal's code and public text. */
export function refusalProblem(code: RefusalCode, text: string, cause?: unknown): Problem {
  return fileProblem[code]({ values: { text }, cause });
}

/** Refusals as problems; anything else stays what it is. */
export function fileProblemOf(error: unknown): unknown {
  if (error instanceof FileRefusedError) return refusalProblem(error.code, error.message, error);
  if (error instanceof ExtractionBusyError) return fileProblem.busy({ values: { text: error.message }, cause: error });
  return error;
}
