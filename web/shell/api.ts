import { offlineProblem, problemOf, type StepUpAct } from "./problem.ts";
import { Unanswered } from "./unanswered.ts";

/** The only module that calls `fetch`. Paths come from path.ts. */

let workspaceId: string | null = null;
let onExpired: () => boolean = () => false;

/** Binds following calls to one workspace (its id), or to none. */
export function bindWorkspace(id: string | null): void {
  workspaceId = id;
}

/** Called when the session turns out to have ended under the page; says whether it asks for a new one over it. */
export function whenExpired(listener: () => boolean): void {
  onExpired = listener;
}

/** The session is gone: true where a page stands that asks for a new one over what was entered. */
export function sessionEnded(): boolean {
  return onExpired();
}

let askStepUp: (act: StepUpAct) => Promise<string | null> = async () => null;
let onStanding: () => void = () => {};
/** Grows with each new token of the session; a call that left with the old one is sent again. */
let rotations = 0;
let rotating: Promise<unknown> = Promise.resolve();

/** Called when an act needs a fresh proof; gives the grant, or null when the person would rather not. */
export function whenStepUp(listener: (act: StepUpAct) => Promise<string | null>): void {
  askStepUp = listener;
}

/** Called when a workspace turns out to be frozen, or to require a second factor that this session has not proved. */
export function whenStanding(listener: () => void): void {
  onStanding = listener;
}

/** Runs a call that gives the session a new token. Calls under way meanwhile are not taken for signed out. */
export async function rotate<T>(call: () => Promise<T>): Promise<T> {
  const running = call();
  rotating = running.catch(() => undefined);
  const result = await running;
  rotations += 1;
  return result;
}

interface Options {
  method?: string;
  body?: unknown;
  /** Version the change is based on; sent as If-Match. */
  version?: number | undefined;
  /** Kept by the caller over retries of one act, so that it happens once. */
  idempotencyKey?: string | undefined;
  signal?: AbortSignal | undefined;
  accept?: string;
  /** True for calls made while signed out, whose 401 is an ordinary answer. */
  public?: boolean;
}

async function send(path: string, options: Options): Promise<Response> {
  const method = options.method ?? "GET";
  const headers = new Headers({ accept: options.accept ?? "application/json" });
  if (workspaceId !== null) headers.set("Probity-Workspace", workspaceId);
  if (method !== "GET") {
    // The server takes writes only with this header and a same-origin Origin.
    headers.set("Probity-Request", "1");
  }
  if (options.version !== undefined) headers.set("If-Match", `"${options.version}"`);
  let body: BodyInit | null = null;
  if (options.body instanceof FormData) body = options.body;
  else if (options.body !== undefined) {
    headers.set("content-type", "application/json");
    body = JSON.stringify(options.body);
  }
  // Files can't be compared: an upload is sent again as a new one, and told from the first by its content.
  const act =
    method === "GET" || body instanceof FormData || options.public === true
      ? null
      : `${method} ${path} ${workspaceId} ${options.version} ${String(body)}`;
  const key = options.idempotencyKey ?? (act === null ? crypto.randomUUID() : unanswered.keyOf(act));
  if (method !== "GET") headers.set("Idempotency-Key", key);
  const sent = () => patiently(() => fetchOnce(path, { method, headers, body, signal: options.signal ?? null }));
  const once = act === null ? sent : () => settled(act, key, sent);
  const before = rotations;
  let response = await once();
  if (response.status === 401 && options.public !== true) {
    await rotating;
    if (rotations !== before) response = await once();
  }
  if (response.ok) return response;
  if (response.status === 401 && options.public !== true) onExpired();
  const problem = await problemOf(response);
  if (problem.code === "kernel.workspace_frozen" || problem.code === "kernel.second_factor_required") onStanding();
  if (problem.stepUp === null || headers.has("Step-Up")) throw problem;
  const grant = await askStepUp(problem.stepUp);
  if (grant === null) throw problem;
  headers.set("Step-Up", grant);
  response = await once();
  if (!response.ok) throw await problemOf(response);
  return response;
}

const unanswered = new Unanswered();

async function settled(act: string, key: string, send: () => Promise<Response>): Promise<Response> {
  let status: number | null = null;
  try {
    const response = await send();
    status = response.status;
    return response;
  } finally {
    unanswered.settle(act, key, status);
  }
}

async function fetchOnce(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { ...init, credentials: "same-origin" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw offlineProblem();
  }
}

const waitSecondsMax = 5;
const triesMax = 4;

/** A call beyond the rate was not taken up: where the wait is short, it is sent again as it was. */
async function patiently(call: () => Promise<Response>): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    const response = await call();
    const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    if (response.status !== 429 || attempt === triesMax || !(seconds <= waitSecondsMax)) return response;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}

async function json<T>(response: Response): Promise<T> {
  if (response.status === 204) return JSON.parse("null");
  return response.json();
}

/** Reads JSON. Throws {@link ApiProblem}. */
export async function read<T>(path: string, signal?: AbortSignal): Promise<T> {
  return json<T>(await send(path, { signal }));
}

/** Reads JSON where being signed out is an ordinary answer. */
export async function readPublic<T>(path: string, signal?: AbortSignal): Promise<T> {
  return json<T>(await send(path, { signal, public: true }));
}

/** Sends a change and reads the answer; `null` when there is none. */
export async function write<T>(
  method: "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
  options: Pick<Options, "version" | "idempotencyKey" | "public" | "signal"> = {},
): Promise<T> {
  return json<T>(await send(path, { method, body, ...options }));
}

/** Fetches a file and hands it to the browser's download. The name comes from the server when it gives one. */
export async function download(path: string, fallbackName: string): Promise<void> {
  const response = await send(path, { accept: "*/*" });
  const disposition = response.headers.get("content-disposition") ?? "";
  const name = /filename="?([^";]+)"?/.exec(disposition)?.[1] ?? fallbackName;
  saveFile(await response.blob(), name);
}

/**
 * The same for a file that takes a while: tells how many lines have come, of how many the server announced. A stream that
 * breaks off is said, and nothing is saved.
 */
export async function downloadLines(
  path: string,
  fallbackName: string,
  onProgress: (lines: number, announced: number | null) => void,
): Promise<void> {
  const response = await send(path, { accept: "*/*" });
  const disposition = response.headers.get("content-disposition") ?? "";
  const name = /filename="?([^";]+)"?/.exec(disposition)?.[1] ?? fallbackName;
  const said = Number(response.headers.get("probity-events") ?? Number.NaN);
  const parts: BlobPart[] = [];
  let count = 0;
  const reader = response.body?.getReader();
  try {
    for (let chunk = await reader?.read(); chunk !== undefined && !chunk.done; chunk = await reader?.read()) {
      parts.push(chunk.value);
      for (const byte of chunk.value) if (byte === 10) count += 1;
      onProgress(count, Number.isNaN(said) ? null : said);
    }
  } catch {
    throw offlineProblem();
  }
  saveFile(new Blob(parts, { type: response.headers.get("content-type") ?? "" }), name);
}

/** The bytes behind a signed link of this origin. */
export async function bytes(path: string): Promise<ArrayBuffer> {
  return (await send(path, { accept: "*/*" })).arrayBuffer();
}

/** The bytes a POST answers. */
export async function writeForBytes(path: string, body: unknown): Promise<ArrayBuffer> {
  return (await send(path, { method: "POST", body, accept: "*/*" })).arrayBuffer();
}

/** Saves a blob under a name. */
export function saveFile(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The download has taken its own reference by the next minute.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function* lines(response: Response): AsyncGenerator<string> {
  if (response.body === null) return;
  let rest = "";
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    rest += decoder.decode(value ?? new Uint8Array(), { stream: !done });
    const parts = rest.split("\n");
    rest = done ? "" : (parts.pop() ?? "");
    yield* parts;
    if (done) return;
  }
}

/** JSON Lines answered to a multipart post, one value a line. */
export async function* streamLines<T>(path: string, form: FormData, signal: AbortSignal): AsyncGenerator<T> {
  const response = await send(path, {
    method: "POST",
    body: form,
    signal,
    accept: "application/x-ndjson",
    public: true,
  });
  for await (const line of lines(response)) {
    if (line.trim() !== "") yield JSON.parse(line);
  }
}

/**
 * Server-sent events of one stream, data parsed as JSON. EventSource cannot send the workspace header,
 * so the stream is read through fetch; reconnecting is the caller's.
 */
export async function* streamEvents<T>(path: string, signal: AbortSignal): AsyncGenerator<T> {
  const response = await send(path, { signal, accept: "text/event-stream" });
  let data = "";
  for await (const line of lines(response)) {
    const clean = line.endsWith("\r") ? line.slice(0, -1) : line;
    if (clean.startsWith("data:")) data += clean.slice(5);
    else if (clean === "" && data !== "") {
      yield JSON.parse(data);
      data = "";
    }
  }
}

/**
 * Uploads one file with its progress (0–1). XMLHttpRequest, because fetch reports no upload progress.
 * Throws {@link ApiProblem}.
 */
export function upload<T>(path: string, file: File, onProgress: (share: number) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.responseType = "text";
    request.setRequestHeader("accept", "application/json");
    request.setRequestHeader("Probity-Request", "1");
    request.setRequestHeader("Idempotency-Key", crypto.randomUUID());
    if (workspaceId !== null) request.setRequestHeader("Probity-Workspace", workspaceId);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    request.onerror = () => reject(offlineProblem());
    request.onload = () => {
      const headers = new Headers();
      for (const name of ["retry-after", "x-request-id"]) {
        const value = request.getResponseHeader(name);
        if (value !== null) headers.set(name, value);
      }
      const status = request.status === 204 ? 200 : request.status;
      const response = new Response(request.responseText, { status, headers });
      if (response.ok) {
        json<T>(response).then(resolve, () => reject(offlineProblem()));
        return;
      }
      if (status === 401) onExpired();
      problemOf(response).then(reject, reject);
    };
    const form = new FormData();
    form.append("file", file, file.name);
    request.send(form);
  });
}
