import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply } from "fastify";
import { securityHeaders, type CaptchaConfig } from "@probity/kernel";

const pages =
  /^\/($|check$|signin$|forgot$|reset\/|register($|\/)|confirm\/|confirmed$|setup\/|invite\/|certificate\/|operator\/|trust$|verify$|w\/|me$)/;

/** The page that checks files without sending them is a document of its own, and may connect nowhere. */
const sealedOff = "/verify";

/** The API, what is well known, and files by their name. */
const forPrograms = /^\/(api|\.well-known)(\/|$)|\.\w+$/;

/** The two pages with a check against robots; only they let a configured service in. */
const withRobotCheck = /^\/(forgot|register)$/;
const robotCheck: Readonly<Record<CaptchaConfig["kind"], readonly string[]>> = {
  proof: [],
  recaptcha: ["https://www.google.com/recaptcha/", "https://www.gstatic.com/recaptcha/"],
  turnstile: ["https://challenges.cloudflare.com"],
  hcaptcha: ["https://hcaptcha.com", "https://*.hcaptcha.com"],
};

/**
 * Serves the built web pages. Assets carry a hash in their name and are cached for ever; the page itself is made anew for
 * each visit, with a fresh nonce for its styles.
 */
export async function servePages(
  server: FastifyInstance,
  options: { folder: string; https: boolean; captcha: CaptchaConfig["kind"] },
): Promise<void> {
  const documentOf = (name: string) => {
    const file = join(options.folder, name);
    if (!existsSync(file)) throw new Error(`${file} is missing: the web pages were not built`);
    return readFileSync(file, "utf8");
  };
  const [index, verify] = [documentOf("index.html"), documentOf("verify.html")];
  await server.register(fastifyStatic, {
    root: options.folder,
    index: false,
    wildcard: false,
    setHeaders: (response, path) => {
      response.header("cache-control", path.includes("/assets/") ? "public, max-age=31536000, immutable" : "no-cache");
    },
  });
  const sendPage = (reply: FastifyReply, path = "/") => {
    const outside = withRobotCheck.test(path) ? robotCheck[options.captcha] : [];
    const nonce = randomBytes(18).toString("base64");
    return reply
      .headers({
        ...securityHeaders({ nonce, https: options.https, outside, connects: path !== sealedOff }),
        "cache-control": "no-store",
      })
      .type("text/html; charset=utf-8")
      .send((path === sealedOff ? verify : index).replaceAll("__CSP_NONCE__", nonce));
  };
  server.get("/", (_, reply) => sendPage(reply));
  server.get("/*", (request, reply) => {
    const path = request.url.split("?", 1)[0] ?? "";
    if (pages.test(path)) return sendPage(reply, path);
    // A person who mistyped an address reads a page that says so; a program reads the problem.
    const reads = request.headers.accept?.includes("text/html") === true && !forPrograms.test(path);
    return reads ? sendPage(reply.code(404), path) : reply.callNotFound();
  });
}
