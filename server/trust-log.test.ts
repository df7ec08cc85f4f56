import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSigner, Publisher } from "@probity/kernel";
import { folder, kernel, statusAfter, turnsRedServing, useTrustWorld } from "./testing/trust-world.ts";

useTrustWorld();

const place = () => ({ kind: "child", keyFile: join(folder, "log.key"), stateFolder: join(folder, "signer") }) as const;
const publisherOf = (keyBesideData: boolean) =>
  new Publisher({
    address: kernel.address,
    rootKey: kernel.rootKey,
    host: "localhost",
    openSigner: () => openSigner(place()),
    keyBesideData,
    pauseMs: 100,
  });
let publisher: Publisher;

beforeAll(() => {
  kernel.sequencer.start();
  publisher = publisherOf(false);
  publisher.start();
});
afterAll(async () => {
  await publisher.stop();
});

test(
  "LED-03 the control holds while the log is signed, and turns red when a tile holds another hash",
  { timeout: 120_000 },
  async () => {
    await turnsRedServing(
      "LED-03",
      {
        http: (http) =>
          void http.addHook("onSend", async (request, _reply, payload) => {
            if (!request.url.startsWith("/api/ledger/tile/0/") || !Buffer.isBuffer(payload)) return payload;
            return Buffer.from(payload.map((byte) => byte ^ 1));
          }),
      },
      /does not hold the event's hash/,
    );
  },
);

test("LED-03 the control says that the key lies beside the data, where it does", { timeout: 120_000 }, async () => {
  await publisher.stop();
  publisher = publisherOf(true);
  publisher.start();
  const beside = await statusAfter("LED-03");
  expect(beside).toMatchObject({ status: "degraded" });
  expect(beside.detail).toMatch(/key beside data/i);
});
