import { setTimeout as pause } from "node:timers/promises";

/** What came back. `bytes` is undefined when the connection broke before the body was whole. */
export type ProbeAnswer = {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer | undefined;
  readonly text: string;
  /** The parsed JSON object; empty for anything else. */
  readonly body: Readonly<Record<string, unknown>>;
};
export type ProbeRequest = {
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** False: a 429 is the answer, and is not waited out. */
  readonly patient?: boolean;
  /** For an answer that may never end: what has come by then counts. */
  readonly timeoutSeconds?: number;
  readonly file?: { readonly name: string; readonly bytes: Uint8Array };
};
export type ProbeHttp = (method: string, path: string, request?: ProbeRequest) => Promise<ProbeAnswer>;

/** Says to the server that runs the probes which requests are theirs; its value is known to that process alone. */
export const probeHeader = "probity-probe";

const attempts = 6;
const usualTimeoutSeconds = 30;

/** Calls the instance at `origin` as anybody could, and waits where its rate budgets ask to. Follows no redirect. */
export function httpTo(origin: string, mark?: string): ProbeHttp {
  return async (method, path, request = {}) => {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await fetch(`${origin}${path}`, {
        method,
        redirect: "manual",
        signal: AbortSignal.timeout((request.timeoutSeconds ?? usualTimeoutSeconds) * 1000),
        headers: {
          ...(mark === undefined ? {} : { [probeHeader]: mark }),
          ...(request.key === undefined ? {} : { authorization: `Bearer ${request.key}` }),
          ...(request.json === undefined ? {} : { "content-type": "application/json" }),
          ...request.headers,
        },
        ...bodyOf(request),
      });
      if (answer.status === 429 && attempt < attempts && request.patient !== false) {
        await answer.arrayBuffer();
        await pause(Math.min(3, Number(answer.headers.get("retry-after") ?? "1")) * 1000);
        continue;
      }
      const bytes = await answer.arrayBuffer().then(
        (buffer) => Buffer.from(buffer),
        () => undefined,
      );
      const text = bytes?.toString("utf8") ?? "";
      return { status: answer.status, headers: answer.headers, bytes, text, body: jsonOf(answer.headers, text) };
    }
  };
}

function bodyOf(request: ProbeRequest): { body?: string | FormData } {
  if (request.file !== undefined) {
    const form = new FormData();
    form.append("file", new Blob([new Uint8Array(request.file.bytes)]), request.file.name);
    return { body: form };
  }
  if (request.json === undefined) return {};
  return { body: typeof request.json === "string" ? request.json : JSON.stringify(request.json) };
}

function jsonOf(headers: Headers, text: string): Record<string, unknown> {
  if (headers.get("content-type")?.includes("json") !== true) return {};
  try {
    return recordOf(JSON.parse(text));
  } catch {
    return {};
  }
}

/** The members of a JSON object; of anything else, none. */
export function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

/** The objects of a JSON list; of anything else, none. */
export function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}
