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

test("every page can be opened by its address, and nothing else is one", async () => {
  const folder = mkdtempSync(join(tmpdir(), "probity-page-"));
  writeFileSync(join(folder, "index.html"), "<!doctype html><title>Probity</title>");
  const server = fastify();
  try {
    await servePages(server, { folder, https: false, captcha: "proof" });
    expect(addresses.length).toBeGreaterThan(25);
    for (const url of addresses) {
      const answer = await server.inject({ url, headers: { accept: "text/html" } });
      expect([url, answer.statusCode, answer.headers["content-type"]]).toEqual([url, 200, "text/html; charset=utf-8"]);
    }
    expect((await server.inject({ url: "/nowhere", headers: { accept: "text/html" } })).statusCode).toBe(404);
  } finally {
    await server.close();
    rmSync(folder, { recursive: true });
  }
});
