import { createServer, type Server } from "node:net";
import { expect, test } from "vitest";
import { listenAt } from "./listen.ts";

const plain = () => {
  const server = createServer();
  const listen = ({ host, port }: { host: string; port: number }) =>
    new Promise<void>((done, fail) => server.once("error", fail).listen(port, host, done));
  return { server, listen };
};
const portOf = (server: Server) => {
  const at = server.address();
  return typeof at === "object" && at !== null ? at.port : 0;
};

test("a port or an address that can't be had is told in words, with the variable that names it", async () => {
  const first = plain();
  await listenAt(first, { host: "127.0.0.1", port: 0 });
  const port = portOf(first.server);
  try {
    const second = listenAt(plain(), { host: "127.0.0.1", port });
    await expect(second).rejects.toThrow(new RegExp(`Port ${port} at 127.0.0.1 is taken.*PROBITY_PORT`));
    await expect(listenAt(plain(), { host: "192.0.2.1", port: 0 })).rejects.toThrow(
      /192.0.2.1 is no address.*PROBITY_HOST/,
    );
  } finally {
    first.server.close();
  }
});
