import { fetchOutside } from "@probity/kernel";
import { firstTimeStamp, timestampClient, type Fetch, type TimeStamp, type TimeStampClient } from "@probity/seal";
import type { Config } from "./config.ts";

/** Clients of the configured time-stamping authorities. */
export function timestampClients(config: Pick<Config, "timestampUrls" | "trustedOrigins">): TimeStampClient[] {
  return config.timestampUrls.map((url) => timestampClient(url, { fetch: outsideFetch(config) }));
}

/** The one way out that judges addresses. */
export function outsideFetch({ trustedOrigins }: Pick<Config, "trustedOrigins">): Fetch {
  return (address, { method, headers, body, maxBytes, timeoutSeconds }) =>
    fetchOutside(address, {
      method,
      maxBytes,
      timeoutSeconds,
      redirects: 0,
      trustedOrigins,
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
    });
}

/** Stamps a digest by the first authority that gives a stamp that holds; undefined where none is configured. */
export function stampBy(clients: readonly TimeStampClient[]): ((digest: Uint8Array) => Promise<TimeStamp>) | undefined {
  if (clients.length === 0) return undefined;
  return async (digest) => {
    const { stamp, refusals } = await firstTimeStamp(clients, digest);
    if (stamp === undefined) throw new Error(refusals.join(" "));
    return stamp;
  };
}
