import { createServer, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { connect, createServer as createTunnel } from "node:net";
import { afterAll, expect, test } from "vitest";
import type { Kernel } from "@probity/kernel";
import { testCertificate } from "@probity/kernel/testing";
import { computeStatement, controls, ProbeRunner } from "@probity/trust";
import { database, folder, kernel, serve, statusAfter, useTrustWorld } from "./testing/trust-world.ts";
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
async function proved(
  fault: { least?: "TLSv1.1" | "TLSv1.2"; plain?: Server; hsts?: false; address?: Kernel["address"] } = {},
) {
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
  const runner = new ProbeRunner(
    { ...kernel, address: fault.address ?? kernel.address },
    {
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
    },
  );
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
});

// Linux alone answers on all of 127.0.0.0/8: an address that is not "this machine" to the control, and is.
test.skipIf(process.platform !== "linux")(
  "TRU-01 ENC-04 turns red where the way to a database elsewhere is in the clear, or its certificate is not verified",
  async () => {
    const { host, port } = kernel.address;
    const elsewhere = createTunnel((near) => {
      const far = host?.startsWith("/") === true ? connect(`${host}/.s.PGSQL.${port}`) : connect(port ?? 5432, host);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const)
        from.on("error", () => to.destroy()).pipe(to);
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.2", resolve));
    closing.push(() => elsewhere.close());
    const at = elsewhere.address();
    const address = { ...kernel.address, host: "127.0.0.2", port: typeof at === "object" && at !== null ? at.port : 0 };
    expect(await proved({ address })).toMatchObject({
      outcome: "broken",
      detail: expect.stringMatching(/certificate is not verified.*connection is in the clear/i),
    });
  },
  240_000,
);

test("TRU-01 ENC-04 is off, and says why, where the instance is called by http://", async () => {
  expect((await statusAfter("ENC-04")).status).toBe("off");
  const { controls: stated } = await computeStatement(kernel, {
    controls,
    publicUrl: "http://localhost",
    version: "0.0.0-test",
  });
  expect(stated.find(({ id }) => id === "ENC-04")).toMatchObject({
    status: "off",
    reason: expect.stringMatching(/nothing encrypts the way to it/),
  });
});
