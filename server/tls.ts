import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { Server as SecureServer } from "node:https";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import { httpProblem, problemDocument, securityHeaders } from "@probity/kernel";
import { ConfigError, type Config, type TlsConfig } from "./config.ts";

export type TlsMaterial = {
  readonly cert: string;
  readonly key: string;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
};

/**
 * Reads certificate chain and key, and checks that they belong together and the time has not run out: a server that
 * starts with the wrong pair would only fail its visitors.
 */
export function readTls(config: TlsConfig): TlsMaterial {
  const read = (name: string, file: string) => {
    try {
      return readFileSync(file, "utf8");
    } catch {
      throw new ConfigError(`${name} names ${file}, which can't be read. Correct the path or its permissions.`);
    }
  };
  const cert = read("PROBITY_TLS_CERT", config.certFile);
  const key = read("PROBITY_TLS_KEY", config.keyFile);
  let belongs: boolean;
  let ends: Date;
  try {
    const first = new X509Certificate(cert);
    belongs = first.checkPrivateKey(createPrivateKey(key));
    ends = new Date(first.validTo);
  } catch {
    throw new ConfigError(
      "PROBITY_TLS_CERT or PROBITY_TLS_KEY holds no PEM certificate and key. Put the right files there.",
    );
  }
  if (!belongs) throw new ConfigError("PROBITY_TLS_KEY is not the key of the certificate in PROBITY_TLS_CERT.");
  if (ends.getTime() < Date.now())
    throw new ConfigError(`The certificate in PROBITY_TLS_CERT ended on ${ends.toISOString()}. Put a new one there.`);
  return { cert, key, minVersion: config.minVersion };
}

/**
 * Takes up a new certificate without a restart: on SIGHUP, and when a file's content changes. One that can't be used
 * leaves the old one in place and says so, once.
 */
export function reloadTls(
  server: SecureServer,
  config: TlsConfig,
  logger: FastifyBaseLogger,
  pollMs = 30_000,
): () => void {
  const content = () => [config.certFile, config.keyFile].map((file) => readFileSync(file, "utf8")).join();
  let seen: string | undefined;
  const reload = () => {
    try {
      seen = content();
      server.setSecureContext(readTls(config));
      logger.info("the certificate was read anew");
    } catch (error) {
      logger.error({ err: error }, "the new certificate can't be used; the old one stays");
    }
  };
  reload();
  // Polled and compared: renewals replace files and symbolic links, one after the other, which a watch would not see.
  const polling = setInterval(() => {
    try {
      if (content() !== seen) reload();
    } catch {
      // Between two files of a renewal one may be missing: the next look sees both.
    }
  }, pollMs).unref();
  process.on("SIGHUP", reload);
  return () => {
    clearInterval(polling);
    process.off("SIGHUP", reload);
  };
}

/**
 * The plain port beside HTTPS: it leads a browser to the HTTPS page and never answers the API, not even by a redirect.
 * A program that was set up with http:// would otherwise go on to send its key in the clear, call after call (ASVS 4.1.2).
 */
export function createPlainServer(origin: string): Server {
  return createServer({ requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 8_192 }, (request, response) => {
    const url = request.url ?? "/";
    const isPage = (request.method === "GET" || request.method === "HEAD") && /^\/(?!\/|api(\/|$|\?))/.test(url);
    response.setHeader("connection", "close");
    if (isPage && !/[\r\n\\]/.test(url)) {
      response.writeHead(308, { location: `${origin}${url}`, "content-length": "0" }).end();
      return;
    }
    const body = JSON.stringify(problemDocument(httpProblem.https_needed(), "plain"));
    const headers = { ...securityHeaders({ https: false }), "content-type": "application/problem+json" };
    response.writeHead(403, { ...headers, "cache-control": "no-store" }).end(body);
  });
}

/**
 * What runs beside the HTTPS port: the taking up of new certificates, the plain port if one is configured, and a port on
 * loopback alone by which the instance's own probes reach it, whatever name its certificate bears.
 */
export async function listenBeside(
  http: FastifyInstance,
  config: Pick<Config, "tls" | "plainPort" | "host" | "url">,
  logger: FastifyBaseLogger,
): Promise<{ probe: { probeUrl?: string }; close(): Promise<void> }> {
  if (config.tls === undefined) return { probe: {}, close: async () => undefined };
  if (!(http.server instanceof SecureServer)) throw new Error("HTTPS is configured and not served");
  const stopReload = reloadTls(http.server, config.tls, logger);
  const inner = createServer((request, response) => http.routing(request, response));
  const servers = [inner];
  const port = await listen(inner, 0, "127.0.0.1");
  if (config.plainPort !== undefined) {
    const plain = createPlainServer(config.url);
    servers.push(plain);
    await listen(plain, config.plainPort, config.host);
  }
  return {
    probe: { probeUrl: `http://127.0.0.1:${port}` },
    close: async () => {
      stopReload();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, host, () => resolve());
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}
