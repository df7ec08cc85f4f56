import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request, Server as SecureServer } from "node:https";
import { request as plainRequest, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type DetailedPeerCertificate } from "node:tls";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHttpServer, BudgetSpender, defineRoute } from "@probity/kernel";
import { ampleBudgets, testCertificate } from "@probity/kernel/testing";
import { readConfig } from "./config.ts";
import { createPlainServer, listenBeside, readTls, reloadTls } from "./tls.ts";

const folder = mkdtempSync(join(tmpdir(), "probity-tls-"));
const certFile = join(folder, "cert.pem");
const keyFile = join(folder, "key.pem");
const files = { certFile, keyFile };
const logger = pino({ level: "silent" });
const closing: (() => unknown)[] = [() => rmSync(folder, { recursive: true })];
let first: { cert: string; key: string };

beforeAll(() => {
  first = put();
});
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});

function put(pair = testCertificate()): { cert: string; key: string } {
  writeFileSync(keyFile, pair.key);
  writeFileSync(certFile, pair.cert);
  return pair;
}

async function serve(
  minVersion: "TLSv1.2" | "TLSv1.3",
  trustedProxies: string[] = [],
): Promise<{ http: FastifyInstance; port: number }> {
  const route = defineRoute({
    method: "GET",
    path: "/api/ping",
    summary: "Ping",
    tag: "test",
    permission: "public",
    answers: {},
    handle: async (asked) => ({ body: { from: asked.source.address } }),
  });
  const spender = new BudgetSpender({
    callFunction: async () => [{ granted: 1000, ends_at: new Date(Date.now() + 60_000) }],
  });
  const http = await createHttpServer([route], spender, {
    origin: "https://localhost",
    trustedProxies,
    maxUploadBytes: 1000,
    budgets: ampleBudgets,
    logger,
    tls: readTls({ ...files, minVersion }),
  });
  closing.push(() => http.close());
  return { http, port: Number(new URL(await http.listen({ host: "127.0.0.1", port: 0 })).port) };
}

/** What came of a TLS handshake: the protocol, or the error's code. */
function shake(port: number, ca: string, maxVersion: "TLSv1.1" | "TLSv1.2" | "TLSv1.3") {
  return new Promise<{ protocol?: string | null; error?: string; peer?: DetailedPeerCertificate }>((resolve) => {
    const options = { port, host: "127.0.0.1", ca, maxVersion, minVersion: "TLSv1" } as const;
    const socket = connect(maxVersion === "TLSv1.1" ? { ...options, ciphers: "ALL:@SECLEVEL=0" } : options, () => {
      resolve({ protocol: socket.getProtocol(), peer: socket.getPeerCertificate(true) });
      socket.end();
    });
    socket.on("error", (error) => resolve({ error: "code" in error ? String(error.code) : error.message }));
  });
}

describe("ENC-04 HTTPS served by the instance itself", () => {
  test("the lowest version is the configured one: 1.2 lets 1.2 and 1.3 in, 1.3 lets 1.3 in alone, 1.1 never", async () => {
    const { port } = await serve("TLSv1.2");
    expect(await shake(port, first.cert, "TLSv1.3")).toMatchObject({ protocol: "TLSv1.3" });
    expect(await shake(port, first.cert, "TLSv1.2")).toMatchObject({ protocol: "TLSv1.2" });
    expect(await shake(port, first.cert, "TLSv1.1")).toMatchObject({ error: expect.stringMatching(/./) });
    const strict = await serve("TLSv1.3");
    expect(await shake(strict.port, first.cert, "TLSv1.3")).toMatchObject({ protocol: "TLSv1.3" });
    expect(await shake(strict.port, first.cert, "TLSv1.2")).toMatchObject({ error: expect.stringMatching(/./) });
  });

  test("every answer says to come back by HTTPS for a year, subdomains too", async () => {
    const { port } = await serve("TLSv1.2");
    for (const path of ["/api/ping", "/api/none", "/"]) {
      const headers = await new Promise<unknown>((resolve, reject) => {
        request({ port, host: "127.0.0.1", path, ca: first.cert }, (answer) => {
          answer.resume();
          resolve(answer.headers["strict-transport-security"]);
        })
          .on("error", reject)
          .end();
      });
      expect(headers).toBe("max-age=31536000; includeSubDomains");
    }
  });

  test("a new certificate is taken up without a restart; one that can't be used leaves the old one", async () => {
    const { http, port } = await serve("TLSv1.2");
    if (!(http.server instanceof SecureServer)) throw new Error("no HTTPS");
    const stop = reloadTls(http.server, { ...files, minVersion: "TLSv1.2" }, logger, 50);
    closing.push(stop);
    const second = put();
    const deadline = Date.now() + 20_000;
    let seen = await shake(port, second.cert, "TLSv1.3");
    while (seen.error !== undefined && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      seen = await shake(port, second.cert, "TLSv1.3");
    }
    expect(seen).toMatchObject({ protocol: "TLSv1.3" });
    writeFileSync(certFile, "no certificate");
    process.emit("SIGHUP");
    expect(await shake(port, second.cert, "TLSv1.3")).toMatchObject({ protocol: "TLSv1.3" });
    const third = put();
    process.emit("SIGHUP");
    expect(await shake(port, third.cert, "TLSv1.3")).toMatchObject({ protocol: "TLSv1.3" });
    first = third;
  });

  test("a wrong pair, a certificate that has ended and a missing file stop the start with a clear word", () => {
    const config = { ...files, minVersion: "TLSv1.2" } as const;
    put({ cert: testCertificate().cert, key: first.key });
    expect(() => readTls(config)).toThrow(/not the key/);
    put(testCertificate({ days: -1 / 48 }));
    expect(() => readTls(config)).toThrow(/ended on/);
    expect(() => readTls({ ...config, keyFile: join(folder, "none.pem") })).toThrow(/can't be read/);
    put(first);
  });

  test("the instance's own probes reach it on loopback", async () => {
    const { http } = await serve("TLSv1.3");
    const beside = await listenBeside(
      http,
      { tls: { ...files, minVersion: "TLSv1.3" }, plainPort: undefined, host: "127.0.0.1", url: "https://localhost" },
      logger,
    );
    closing.push(() => beside.close());
    expect((await fetch(`${beside.probe.probeUrl}/api/ping`)).status).toBe(200);
  });
});

describe("ENC-04 plain HTTP", () => {
  let plain: Server;
  let port: number;
  beforeAll(async () => {
    plain = createPlainServer("https://probity.example");
    await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
    closing.push(() => plain.close());
    const address = plain.address();
    port = typeof address === "object" && address !== null ? address.port : 0;
  });
  const ask = (method: string, path: string) =>
    new Promise<{ status: number | undefined; location: string | undefined; text: string }>((resolve, reject) => {
      plainRequest({ port, host: "127.0.0.1", method, path, headers: { authorization: "Bearer x" } }, (answer) => {
        let text = "";
        answer.on("data", (chunk) => (text += String(chunk)));
        answer.on("end", () => resolve({ status: answer.statusCode, location: answer.headers.location, text }));
      })
        .on("error", reject)
        .end();
    });

  test.each([
    ["GET", "/api"],
    ["GET", "/api/people"],
    ["GET", "/api?x"],
    ["POST", "/api/session"],
    ["POST", "/"],
    ["DELETE", "/w/acme"],
    ["GET", "//attacker.example/"],
  ])("%s %s is refused, and nothing is said of where to go", async (method, path) => {
    const answer = await ask(method, path);
    expect([answer.status, answer.location]).toEqual([403, undefined]);
    expect(JSON.parse(answer.text)).toMatchObject({ code: "http.https_needed" });
  });

  test.each(["/", "/signin?to=%2Fw", "/w/acme/home", "/apiary"])("the page %s is led to HTTPS", async (path) => {
    expect(await ask("GET", path)).toMatchObject({ status: 308, location: `https://probity.example${path}` });
  });

  test("behind a proxy: HTTPS is what the listed proxy says, and nobody else can say it", async () => {
    const { http } = await serve("TLSv1.2", ["192.0.2.7"]);
    const from = (remoteAddress: string, proto?: string) =>
      http.inject({
        url: "/api/ping",
        remoteAddress,
        headers: proto === undefined ? {} : { "x-forwarded-proto": proto },
      });
    expect((await from("192.0.2.7", "https")).statusCode).toBe(200);
    expect((await from("192.0.2.7", "http")).statusCode).toBe(403);
    expect((await from("192.0.2.7")).statusCode).toBe(403);
    expect((await from("203.0.113.5", "https")).statusCode).toBe(403);
    expect((await from("203.0.113.5")).headers["content-type"]).toContain("application/problem+json");
    expect((await from("127.0.0.1")).statusCode).toBe(200);
  });
});

test("ENC-04 the settings belong together, and each mistake is named", () => {
  const read = (more: Record<string, string>) => readConfig({ PROBITY_TLS_CERT: certFile, ...more });
  expect(() => read({})).toThrow(/belong together/);
  expect(() => read({ PROBITY_TLS_KEY: keyFile, PROBITY_TLS_MIN: "1.1" })).toThrow(/1.2 or 1.3/);
  expect(() => read({ PROBITY_TLS_KEY: keyFile, PROBITY_URL: "http://probity.example" })).toThrow(/PROBITY_URL/);
  expect(() => readConfig({ PROBITY_PLAIN_PORT: "8080" })).toThrow(/PROBITY_PLAIN_PORT/);
  expect(read({ PROBITY_TLS_KEY: keyFile })).toMatchObject({
    url: "https://127.0.0.1:3000",
    tls: { certFile, keyFile, minVersion: "TLSv1.2" },
  });
});
