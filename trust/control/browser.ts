import type { ProbeContext } from "../control.ts";
import type { ProbeAnswer, ProbeRequest } from "../http.ts";

/** Calls the instance as a page with this session cookie would; follows the new token a change of it gives. */
export class ProbeBrowser {
  token: string;
  readonly #context: Pick<ProbeContext, "http" | "publicUrl">;
  readonly #workspace: string | undefined;

  constructor(context: Pick<ProbeContext, "http" | "publicUrl">, token: string, workspace?: string) {
    this.#context = context;
    this.token = token;
    this.#workspace = workspace;
  }
  call(method: string, path: string, json?: unknown, headers: Record<string, string> = {}): Promise<ProbeAnswer> {
    return this.#send(method, path, json === undefined ? {} : { json }, headers);
  }

  /** Sends one file, as a form of the page does. */
  upload(path: string, file: NonNullable<ProbeRequest["file"]>): Promise<ProbeAnswer> {
    return this.#send("POST", path, { file }, {});
  }

  async #send(
    method: string,
    path: string,
    content: Pick<ProbeRequest, "json" | "file">,
    headers: Record<string, string>,
  ): Promise<ProbeAnswer> {
    const name = this.#context.publicUrl.startsWith("https:") ? "__Host-probity-session" : "probity-session";
    const answer = await this.#context.http(method, path, {
      headers: {
        cookie: `${name}=${this.token}`,
        "probity-request": "1",
        ...(this.#workspace === undefined ? {} : { "probity-workspace": this.#workspace }),
        ...headers,
      },
      ...content,
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const value = new RegExp(`^${name}=([^;]+)`).exec(cookie)?.[1];
      if (value !== undefined) this.token = value;
    }
    return answer;
  }
}

/** Status and code of an answer in few words. */
export function said(answer: ProbeAnswer): string {
  return `${answer.status}${"code" in answer.body ? ` (${String(answer.body["code"])})` : ""}`;
}
