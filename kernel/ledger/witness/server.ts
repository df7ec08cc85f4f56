import { createServer, type IncomingMessage, type Server } from "node:http";
import type { WitnessAnswer, WitnessCore } from "./core.ts";

// 63 hashes, a checkpoint and a hundred signatures are far less.
const mostBytes = 64 * 1024;
const plain = "text/plain; charset=utf-8";

/** A witness over HTTP: `POST …/add-checkpoint`, and `GET …/<origin hash>/checkpoint` for monitors (C2SP tlog-witness). */
export function witnessServer(core: WitnessCore, onProblem: (error: unknown) => void): Server {
  const server = createServer(
    { requestTimeout: 15_000, headersTimeout: 10_000, maxHeaderSize: 8_192 },
    (request, response) => {
      answer(core, request)
        .catch((error: unknown): WitnessAnswer => {
          onProblem(error);
          return { status: 500, type: plain, body: "The witness could not answer.\n" };
        })
        .then(({ status, type, body }) => {
          response.writeHead(status, { "content-type": type, "x-content-type-options": "nosniff" });
          response.end(body);
        })
        .catch(onProblem);
    },
  );
  server.keepAliveTimeout = 65_000;
  return server;
}

async function answer(core: WitnessCore, request: IncomingMessage): Promise<WitnessAnswer> {
  const path = (request.url ?? "").split("?", 1)[0] ?? "";
  if (path.endsWith("/add-checkpoint")) {
    if (request.method !== "POST") return { status: 405, type: plain, body: "Send a POST.\n" };
    const body = await bodyOf(request);
    if (body === undefined) return { status: 413, type: plain, body: "The request is too large.\n" };
    return core.addCheckpoint(body);
  }
  const hash = /\/([0-9a-f]{64})\/checkpoint$/.exec(path)?.[1];
  const note = hash !== undefined && request.method === "GET" ? core.monitored(hash) : undefined;
  return note === undefined
    ? { status: 404, type: plain, body: "There is nothing here.\n" }
    : { status: 200, type: plain, body: note };
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > mostBytes) return undefined;
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString("utf8");
}
