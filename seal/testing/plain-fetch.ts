import type { Fetch } from "../timestamp.ts";

/** Reaches servers of tests on loopback; the product hands in a client that judges addresses. */
export const plainFetch: Fetch = async (url, { method, headers, body, timeoutSeconds }) => {
  const answer = await fetch(url, {
    method,
    ...(headers === undefined ? {} : { headers }),
    ...(body === undefined ? {} : { body: Uint8Array.from(body) }),
    signal: AbortSignal.timeout(timeoutSeconds * 1000),
  });
  return { status: answer.status, body: new Uint8Array(await answer.arrayBuffer()) };
};
