import { createServer, type IncomingMessage } from "node:http";

export type ServiceCall = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
};
export type TestService = { readonly url: string; readonly calls: ServiceCall[]; close(): Promise<void> };

/** Somebody else's web service, on loopback: answers as told and keeps what it was asked. */
export async function openWebService(
  answer: (call: ServiceCall) => { status?: number; body: string } | "silence",
): Promise<TestService> {
  const calls: ServiceCall[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const call = {
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(chunks).toString("utf8"),
      };
      calls.push(call);
      const said = answer(call);
      if (said === "silence") return void request.socket.destroy();
      response.writeHead(said.status ?? 200);
      response.end(said.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
