import { createServer, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { afterAll, expect, test } from "vitest";
import { testCertificate } from "@probity/kernel/testing";
import { controls, ProbeRunner } from "@probity/trust";
import { database, folder, kernel, serve, useTrustWorld } from "./testing/trust-world.ts";
import { createPlainServer } from "./tls.ts";

useTrustWorld();

const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** An instance as HTTPS makes it look, and what the control says of it; built wrongly where a test asks for it. */
async function proved(fault: { least?: "TLSv1.1" | "TLSv1.2"; plain?: Server; hsts?: false } = {}) {
  const year = "max-age=31536000; includeSubDomains";
  const probeUrl = await serve(
    fault.hsts === false
      ? {}
      : {
          http: (http) =>
            http.addHook("onSend", async (_, reply) => void reply.header("strict-transport-security", year)),
        },
  );
  const secure = createSecureServer(
    { ...testCertificate(), minVersion: fault.least ?? "TLSv1.2", ciphers: "DEFAULT:@SECLEVEL=0" },
    (_, response) => response.end(),
  );
  const runner = new ProbeRunner(kernel, {
    probeUrl,
    publicUrl: "https://localhost",
    admin: database.admin,
    records: undefined,
    filesFolder: folder,
    transport: {
      secureUrl: `https://127.0.0.1:${await listen(secure)}`,
      plainUrl: `http://127.0.0.1:${await listen(fault.plain ?? createPlainServer("https://localhost"))}`,
      minVersion: "TLSv1.2",
    },
    controls: controls.filter(({ id }) => id === "ENC-04"),
  });
  const [note] = (await runner.run()) ?? [];
  return { outcome: note?.outcome, detail: note?.detail ?? "" };
}

test("TRU-01 ENC-04 holds for an instance that serves HTTPS, and turns red with an old version, an API in the clear or no HSTS", async () => {
  expect(await proved()).toMatchObject({ outcome: "held", detail: expect.stringMatching(/TLSv1\.3 was agreed on/) });
  expect(await proved({ least: "TLSv1.1" })).toMatchObject({
    outcome: "broken",
    detail: expect.stringMatching(/a client of TLSv1\.1 at most was let in/i),
  });
  const redirects = createServer((_, response) => response.writeHead(308, { location: "https://localhost/" }).end());
  expect(await proved({ plain: redirects })).toMatchObject({
    outcome: "broken",
    detail: expect.stringMatching(/the API answered at the plain port with 308/i),
  });
  expect(await proved({ hsts: false })).toMatchObject({
    outcome: "broken",
    detail: expect.stringMatching(/Strict-Transport-Security is missing/i),
  });
}, 60_000);
