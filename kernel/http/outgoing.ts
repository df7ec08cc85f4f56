import { lookup } from "node:dns/promises";
import { request as requestHttp, type IncomingMessage, type RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { isPublicAddress } from "./outgoing-address.ts";
import { outgoingProblem } from "./outgoing-error.ts";

export type OutsideAddress = { readonly address: string; readonly family: number };

export type OutsideOptions = {
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Larger answers are refused, counted as they come. */
  readonly maxBytes?: number;
  /** For everything together: name, connection, redirects, body. */
  readonly timeoutSeconds?: number;
  /** How many redirects of a GET are followed, each judged like the first address; at most 3. */
  readonly redirects?: number;
  /**
   * Origins an operator named, which may lie in a private network; plain http among them is for loopback alone. Never
   * fill it from what a tenant wrote.
   */
  readonly trustedOrigins?: readonly string[];
  /** Stands in for DNS in tests. */
  readonly resolve?: (host: string) => Promise<readonly OutsideAddress[]>;
};

export type OutsideAnswer = {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  /** Where the answer came from, after redirects. */
  readonly url: string;
};

const mostRedirects = 3;
/** Sent on only to the origin they were meant for. */
const personal = ["authorization", "cookie", "proxy-authorization"];

/**
 * Calls a server whose address somebody typed (SSO discovery, webhooks): https only, only on the public internet, the name
 * resolved once and that very address connected to, so that no second answer of DNS can lead elsewhere. Redirects are
 * followed by hand and judged anew; time and size are bounded (SSRF, APP-06).
 */
export async function fetchOutside(url: string, options: OutsideOptions = {}): Promise<OutsideAnswer> {
  const seconds = options.timeoutSeconds ?? 10;
  const signal = AbortSignal.timeout(seconds * 1000);
  const allowed = Math.min(options.redirects ?? mostRedirects, mostRedirects);
  let target = judgedUrl(url, options);
  let headers = lowerCased(options.headers ?? {});
  for (let followed = 0; ; followed += 1) {
    const addresses = await judgedAddresses(target, options, signal);
    const answer = await call(target, addresses, headers, options, signal);
    const { location } = answer.headers;
    if (answer.status < 300 || answer.status > 399 || answer.status === 304 || location === undefined) return answer;
    // A body is never sent a second time: where it goes next was not what the caller chose.
    if ((options.method ?? "GET") !== "GET" || followed === allowed) {
      throw outgoingProblem.not_reached({ values: { host: target.host, reason: "it redirects too often" } });
    }
    const next = judgedUrl(location, options, target);
    if (next.origin !== target.origin) {
      headers = Object.fromEntries(Object.entries(headers).filter(([name]) => !personal.includes(name)));
    }
    target = next;
  }
}

/** The URL parser writes 2130706433, 0177.1 and 0x7f.1 as 127.0.0.1, so that what is judged is what is called. */
function judgedUrl(text: string, options: OutsideOptions, base?: URL): URL {
  if (!URL.canParse(text, base)) throw refused(text);
  const url = new URL(text, base);
  const plain = url.protocol === "http:" && isTrusted(url, options);
  if ((url.protocol !== "https:" && !plain) || url.username !== "" || url.password !== "") throw refused(url.host);
  return url;
}

function isTrusted(url: URL, options: OutsideOptions): boolean {
  return (options.trustedOrigins ?? []).includes(url.origin);
}

async function judgedAddresses(
  url: URL,
  options: OutsideOptions,
  signal: AbortSignal,
): Promise<readonly OutsideAddress[]> {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const version = isIP(host);
  const found =
    version === 0
      ? await resolved(host, options, signal)
      : [{ address: host, family: version } satisfies OutsideAddress];
  // One bad address among good ones is how rebinding begins: none of them is used.
  const allowed = isTrusted(url, options)
    ? url.protocol === "https:" || found.every(({ address }) => isLoopback(address))
    : found.every(({ address }) => isPublicAddress(address));
  if (!allowed || found.length === 0) throw refused(url.host);
  return found;
}

async function resolved(
  host: string,
  options: OutsideOptions,
  signal: AbortSignal,
): Promise<readonly OutsideAddress[]> {
  const ask = options.resolve ?? ((name: string) => lookup(name, { all: true }));
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("time is up")), { once: true });
  });
  return Promise.race([ask(host), late]).catch((error: unknown) => {
    throw outgoingProblem.not_reached({ values: { host, reason: "its name is not known" }, cause: error });
  });
}

function call(
  url: URL,
  addresses: readonly OutsideAddress[],
  headers: Readonly<Record<string, string>>,
  options: OutsideOptions,
  signal: AbortSignal,
): Promise<OutsideAnswer> {
  const maxBytes = options.maxBytes ?? 1024 * 1024;
  const wanted: RequestOptions = {
    method: options.method ?? "GET",
    headers: { "user-agent": "Probity", accept: "*/*", ...headers, "accept-encoding": "identity" },
    // A connection of its own, closed after: none is found open that was judged for somebody else.
    agent: false,
    lookup: pinned(addresses),
    maxHeaderSize: 16_384,
    signal,
  };
  return new Promise((resolve, reject) => {
    const fail = (reason: string, cause?: unknown) =>
      reject(outgoingProblem.not_reached({ values: { host: url.host, reason }, cause }));
    const sent =
      url.protocol === "https:"
        ? requestHttps(url, { ...wanted, minVersion: "TLSv1.2", rejectUnauthorized: true })
        : requestHttp(url, wanted);
    sent.on("error", (error) => fail(signal.aborted ? "it took too long" : "the connection failed", error));
    sent.on("response", (answer) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      answer.on("data", (part: Buffer) => {
        bytes += part.length;
        if (bytes > maxBytes) {
          fail("its answer is too large");
          sent.destroy();
        } else parts.push(part);
      });
      answer.on("error", (error) => fail(signal.aborted ? "it took too long" : "the connection broke", error));
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts), url: url.href }),
      );
    });
    sent.end(options.body);
  });
}

/** Answers every question for the name with the addresses that were judged. */
function pinned(addresses: readonly OutsideAddress[]): LookupFunction {
  return (_host, asked, answer) => {
    const first = addresses[0];
    if (first === undefined) answer(new Error("no address"), "");
    else if (asked.all === true) answer(null, [...addresses]);
    else answer(null, first.address, first.family);
  };
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function refused(host: string): Error {
  return outgoingProblem.address_refused({ values: { host: host.slice(0, 100) } });
}
