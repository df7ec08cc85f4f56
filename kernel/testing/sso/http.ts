import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

export type TestSite = { readonly origin: string; close(): Promise<void> };

/** A small web server on loopback; what its handler throws is a 500. */
export async function startSite(
  handle: (request: IncomingMessage, body: string, response: ServerResponse) => void | Promise<void>,
): Promise<TestSite> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      Promise.resolve(handle(request, Buffer.concat(parts).toString("utf8"), response)).catch(() => {
        response.writeHead(500).end();
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
