import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply } from "fastify";
import { securityHeaders } from "@probity/kernel";

const pages = /^\/($|check$|signin$|setup\/|invite\/|trust$|verify$|w\/|me$)/;

/**
 * Serves the built web pages. Assets carry a hash in their name and are cached for ever; the page itself is made anew for
 * each visit, with a fresh nonce for its styles.
 */
export async function servePages(server: FastifyInstance, options: { folder: string; https: boolean }): Promise<void> {
  const indexFile = join(options.folder, "index.html");
  if (!existsSync(indexFile)) throw new Error(`${indexFile} is missing: the web pages were not built`);
  const index = readFileSync(indexFile, "utf8");
  await server.register(fastifyStatic, {
    root: options.folder,
    index: false,
    wildcard: false,
    setHeaders: (response, path) => {
      response.header("cache-control", path.includes("/assets/") ? "public, max-age=31536000, immutable" : "no-cache");
    },
  });
  const sendPage = (reply: FastifyReply) => {
    const nonce = randomBytes(18).toString("base64");
    return reply
      .headers({ ...securityHeaders({ nonce, https: options.https }), "cache-control": "no-store" })
      .type("text/html; charset=utf-8")
      .send(index.replaceAll("__CSP_NONCE__", nonce));
  };
  server.get("/", (_, reply) => sendPage(reply));
  server.get("/*", (request, reply) =>
    pages.test(request.url.split("?", 1)[0] ?? "") ? sendPage(reply) : reply.callNotFound(),
  );
}
