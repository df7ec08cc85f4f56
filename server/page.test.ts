import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fastify from "fastify";
import { expect, test } from "vitest";
import { servePages } from "./page.ts";

/** Addresses of pages as the shell spells them, each with something in place of what varies. */
const addresses = [
  ...readFileSync(join(import.meta.dirname, "../web/shell/path.ts"), "utf8").matchAll(/^ {2}\w+: "(\/[^"]*)",$/gm),
].map(([, pattern = ""]) => pattern.replaceAll(/\$\w+/g, "x"));

test("every page can be opened by its address, and nothing else is one; LED-03 the one that verifies connects nowhere", async () => {
  const folder = mkdtempSync(join(tmpdir(), "probity-page-"));
  for (const name of ["index.html", "verify.html"])
    writeFileSync(join(folder, name), `<!doctype html><title>${name}</title>`);
  const server = fastify();
  try {
    await servePages(server, { folder, https: false, captcha: "proof" });
    expect(addresses.length).toBeGreaterThan(25);
    for (const url of addresses) {
      const answer = await server.inject({ url, headers: { accept: "text/html" } });
      expect([url, answer.statusCode, answer.headers["content-type"]]).toEqual([url, 200, "text/html; charset=utf-8"]);
    }
    // The page that checks files is a document of its own that connects nowhere; every other asks this server.
    for (const url of addresses) {
      const answer = await server.inject({ url, headers: { accept: "text/html" } });
      const policy = String(answer.headers["content-security-policy"]);
      const connect = /connect-src ([^;]*)/.exec(policy)?.[1];
      const form = /form-action ([^;]*)/.exec(policy)?.[1];
      const expected = url === "/verify" ? ["verify.html", "'none'", "'none'"] : ["index.html", "'self'", "'self'"];
      expect([url, /<title>(.*)</.exec(answer.body)?.[1], connect, form]).toEqual([url, ...expected]);
    }
    const asked = await server.inject({ url: "/verify?x=1", headers: { accept: "text/html" } });
    expect(asked.headers["content-security-policy"]).toContain("connect-src 'none'");
    // Nowhere is a page for a person, and a problem for a program; both 404.
    const lost = async (url: string, accept: string) => {
      const { statusCode, headers } = await server.inject({ url, headers: { accept } });
      return [statusCode, String(headers["content-type"]).includes("html")];
    };
    expect(await lost("/nowhere", "text/html")).toEqual([404, true]);
    for (const url of ["/api/nowhere", "/assets/gone.js", "/.well-known/nothing"])
      expect(await lost(url, "text/html")).toEqual([404, false]);
    expect(await lost("/nowhere", "application/json")).toEqual([404, false]);
  } finally {
    await server.close();
    rmSync(folder, { recursive: true });
  }
});
