/** An RFC 9457 problem document as the server words it: what happened, what is safe, what to do. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly next: string;
  readonly requestId: string;
  /** Seconds to wait, from Retry-After. */
  readonly retryAfterSeconds: number | null;
  /** One message for each refused field, keyed by its name. */
  readonly fields: Readonly<Record<string, string>>;
  /** The act a fresh proof is wanted for; null for every other refusal. */
  readonly stepUp: StepUpAct | null;

  constructor(parts: ProblemParts) {
    super(parts.title);
    this.status = parts.status;
    this.code = parts.code ?? "";
    this.title = parts.title;
    this.detail = parts.detail ?? "";
    this.next = parts.next ?? "";
    this.requestId = parts.requestId ?? "";
    this.retryAfterSeconds = parts.retryAfterSeconds ?? null;
    this.fields = parts.fields ?? {};
    this.stepUp = parts.stepUp ?? null;
  }

  /** The sentence order every screen uses. */
  get sentence(): string {
    return [this.title, this.detail, this.next].filter((part) => part !== "").join(" ");
  }
}

interface ProblemParts {
  status: number;
  title: string;
  code?: string;
  detail?: string;
  next?: string;
  requestId?: string;
  retryAfterSeconds?: number | null;
  fields?: Record<string, string>;
  stepUp?: StepUpAct | null;
}

/** What a fresh proof is good for: one act on one subject, in one workspace or on one's own account. */
export interface StepUpAct {
  action: string;
  subject: string;
  workspace: string | null;
  /** What the subject is called; empty where its name is the subject itself. */
  told: string;
}

function stepUpOf(body: unknown): StepUpAct | null {
  if (typeof body !== "object" || body === null) return null;
  const wanted: unknown = Reflect.get(body, "stepUp");
  const action = text(wanted, "action");
  const workspace = text(wanted, "workspace");
  if (action === "") return null;
  return { action, subject: text(wanted, "subject"), workspace: workspace || null, told: text(wanted, "told") };
}

function text(body: unknown, key: string): string {
  if (typeof body !== "object" || body === null) return "";
  const value: unknown = Reflect.get(body, key);
  return typeof value === "string" ? value : "";
}

function fieldMessages(body: unknown): Record<string, string> {
  if (typeof body !== "object" || body === null) return {};
  const list: unknown = Reflect.get(body, "errors") ?? Reflect.get(body, "fields");
  if (!Array.isArray(list)) return {};
  const messages: Record<string, string> = {};
  for (const entry of list) {
    const name =
      text(entry, "field") ||
      text(entry, "path")
        .replace(/^[/#]+/, "")
        .replaceAll("/", ".");
    const message = text(entry, "message") || text(entry, "detail");
    if (name !== "" && message !== "") messages[name] = message;
  }
  return messages;
}

/** A title that already ends as a sentence, whatever the server wrote. */
function sentence(title: string): string {
  return title === "" || /[.!?…]$/.test(title) ? title : `${title}.`;
}

/** Reads a refused response into a problem; never throws itself. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const body: unknown = await response.json().catch(() => null);
  const wait = Number(response.headers.get("retry-after"));
  return new ApiProblem({
    status: response.status,
    code: text(body, "code"),
    title: sentence(text(body, "title") || fallbackTitle(response.status)),
    detail: text(body, "detail"),
    next: text(body, "next") || (body === null ? "Try again; if it stays so, tell whoever runs this instance." : ""),
    requestId: text(body, "requestId") || text(body, "instance") || (response.headers.get("x-request-id") ?? ""),
    retryAfterSeconds: Number.isFinite(wait) && wait > 0 ? wait : null,
    fields: fieldMessages(body),
    stepUp: stepUpOf(body),
  });
}

function fallbackTitle(status: number): string {
  if (status === 404) return "Nothing is here under this address";
  if (status === 413) return "The file is larger than this instance takes. Nothing was stored";
  if (status === 429) return "Too many requests for now. Nothing was lost";
  return "The server could not answer. What you entered is still here";
}

/** The request never got an answer. */
export function offlineProblem(): ApiProblem {
  return new ApiProblem({
    status: 0,
    code: "offline",
    title: "The server did not answer.",
    detail: "What you entered is still here.",
    next: "Try again when the connection is back.",
  });
}

/** Any thrown value as a problem that can be shown. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return new ApiProblem({
    status: 0,
    code: "unexpected",
    title: "This page met something it does not know.",
    detail: "Nothing was changed.",
    next: "Load the page again.",
  });
}
