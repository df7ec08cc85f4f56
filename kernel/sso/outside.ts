import type { CustomFetch } from "openid-client";
import { fetchOutside } from "../http/outgoing.ts";
import { httpProblem } from "../http/problem-document.ts";
import { Problem } from "../work/problem.ts";
import type { Sso } from "./sso.ts";

/** Discovery documents, keys and tokens are small; so is the metadata of one identity provider. */
const maxBytes = 512 * 1024;

/** How openid-client reaches a provider: over the one client that calls no address inside (APP-06). It follows no redirect. */
export function outsideFetch(outside: Sso["outside"]): CustomFetch {
  return async (url, options) => {
    if (options.method !== "GET" && options.method !== "POST") throw httpProblem.method_not_allowed();
    const { body } = options;
    const answer = await fetchOutside(url, {
      ...outside,
      method: options.method,
      headers: options.headers,
      redirects: 0,
      maxBytes,
      ...(body instanceof URLSearchParams || typeof body === "string" ? { body: body.toString() } : {}),
    });
    const type = answer.headers["content-type"];
    const bare = answer.status === 204 || answer.status === 304;
    return new Response(bare ? null : new Uint8Array(answer.body), {
      status: answer.status,
      headers: type === undefined ? {} : { "content-type": type },
    });
  };
}

/** Reads a small text a person gave the address of. */
export async function readOutside(url: string, outside: Sso["outside"]): Promise<string> {
  const answer = await fetchOutside(url, { ...outside, maxBytes });
  return answer.status === 200 ? answer.body.toString("utf8") : "";
}

/** The refusal of the outgoing client behind an error of a library, if that is what it was. */
export function outgoingRefusal(error: unknown): Problem | undefined {
  for (let each = error, depth = 0; each instanceof Error && depth < 6; each = each.cause, depth += 1) {
    if (each instanceof Problem && each.code.startsWith("outgoing.")) return each;
  }
  return undefined;
}
