import { Type } from "typebox";
import { isDatabaseAway } from "../database/lost.ts";
import { doorProblem } from "../work/error.ts";
import { defineErrors, Problem } from "../work/problem.ts";

export const httpProblem = defineErrors("http", {
  request_not_understood: {
    status: 400,
    title: "Not as described",
    detail:
      "The request does not fit what this address takes: {reason}. Nothing was changed. Correct it and send it again.",
  },
  not_signed_in: {
    status: 401,
    title: "Not signed in",
    detail: "This needs you to be signed in. Nothing was changed. Sign in, or send a key as a bearer token.",
  },
  cross_site: {
    status: 403,
    title: "Sent from another site",
    detail: "This change did not come from Probity's own pages. Nothing was changed. Open Probity and do it there.",
  },
  https_needed: {
    status: 403,
    title: "HTTPS only",
    detail:
      "This came over plain HTTP, where anybody on the way can read along. Nothing was done. Send it to the https address, and replace the key or password it held.",
  },
  not_found: {
    status: 404,
    title: "Not here",
    detail: "There is nothing at this address. Nothing was changed. See /api/openapi.json for what there is.",
  },
  method_not_allowed: {
    status: 405,
    title: "Not done this way",
    detail: "This address does not take {method}. Nothing was changed. See /api/openapi.json for what it takes.",
  },
  too_slow: {
    status: 408,
    title: "Too slow",
    detail: "The request did not arrive in time. Nothing was changed. Send it again over a faster connection.",
  },
  head_too_large: {
    status: 431,
    title: "Headers too large",
    detail: "The request's headers are larger than 16 KB together. Nothing was changed. Send fewer cookies or headers.",
  },
  misdirected: {
    status: 421,
    title: "Another server's name",
    detail:
      "The request names another host than {origin}, where this server is. Nothing was changed. Open {origin}; who runs the server sets that with PROBITY_URL.",
  },
  too_large: {
    status: 413,
    title: "Too large",
    detail: "The request is larger than {limit}, the limit here. Nothing was stored. Send less at once.",
  },
  media_type: {
    status: 415,
    title: "Wrong content type",
    detail:
      "This address does not take that content type. Nothing was changed. Send JSON, or a form with files where files are taken.",
  },
  too_many: {
    status: 429,
    title: "Too many at once",
    detail: "The limit of {limit} per {window} is used up. Nothing was changed. Try again after {seconds} seconds.",
  },
  broken: {
    status: 500,
    title: "Something broke here",
    detail:
      "The server could not finish this. Nothing was half-stored. Try again; if it stays, give the request id to your operator.",
  },
  key_reused: {
    status: 422,
    title: "Key used for something else",
    detail:
      "This Idempotency-Key was sent before with another request. Nothing was changed. Use a new key for a new request.",
  },
});

/** RFC 9457 problem document. */
export const problemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String(),
    requestId: Type.String(),
  },
  { $id: "Problem", additionalProperties: true },
);

export function problemDocument(problem: Problem, requestId: string): Record<string, unknown> {
  return {
    ...problem.members,
    type: `urn:probity:error:${problem.code}`,
    title: problem.title,
    status: problem.status,
    detail: problem.detail,
    code: problem.code,
    requestId,
  };
}

type ValidationIssue = { instancePath?: string; message?: string; keyword?: string; params?: Record<string, unknown> };

/** Makes a problem of whatever was thrown. Only Problems speak; everything else is one opaque 500. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (isDatabaseAway(error)) return doorProblem.busy({ cause: error });
  if (typeof error === "object" && error !== null) {
    if ("validation" in error && Array.isArray(error.validation)) {
      const context = "validationContext" in error ? String(error.validationContext) : "request";
      const issues: ValidationIssue[] = error.validation;
      const reasons = issues.map((issue) => {
        const where = `${context}${issue.instancePath ?? ""}`;
        const extra = issue.params?.["additionalProperty"];
        return extra === undefined
          ? `${where} ${issue.message ?? "does not fit"}`
          : `${where} has an unknown field "${String(extra)}"`;
      });
      return httpProblem.request_not_understood({
        values: { reason: reasons.slice(0, 3).join("; ") },
        members: { errors: reasons },
      });
    }
    // The reader of uploads has no codes of its own.
    if (
      error instanceof Error &&
      /unexpected end of multipart data$|^Multipart: Boundary not found$/i.test(error.message)
    )
      return httpProblem.request_not_understood({ values: { reason: "the upload breaks off before its end" } });
    const code = "code" in error ? error.code : undefined;
    if (code === "FST_ERR_CTP_BODY_TOO_LARGE" || code === "FST_REQ_FILE_TOO_LARGE")
      return httpProblem.too_large({ values: { limit: "1 MiB" } });
    if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") return httpProblem.media_type();
    if (
      code === "FST_ERR_CTP_EMPTY_JSON_BODY" ||
      code === "FST_ERR_CTP_INVALID_CONTENT_LENGTH" ||
      error instanceof SyntaxError ||
      code === "FST_ERR_CTP_INVALID_JSON_BODY"
    ) {
      return httpProblem.request_not_understood({ values: { reason: "the body is not JSON" } });
    }
    if (
      "statusCode" in error &&
      typeof error.statusCode === "number" &&
      error.statusCode >= 400 &&
      error.statusCode < 500
    ) {
      return httpProblem.request_not_understood({ values: { reason: "it is malformed" } });
    }
  }
  return httpProblem.broken({ cause: error });
}
