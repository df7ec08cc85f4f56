import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { securityHeaders } from "./header.ts";
import { httpProblem, problemDocument } from "./problem-document.ts";

/**
 * Answers what Node's parser refused before there was a request: malformed, too large a head, too slow. It passes no hook,
 * so the headers of every answer are written here by hand, and the connection ends.
 */
export function wireErrorHandler(options: { https: boolean }): (error: Error, socket: Duplex) => void {
  return (error, socket) => {
    const code = "code" in error ? error.code : undefined;
    // The peer has gone: there is nobody to tell (Node's own advice for 'clientError').
    if (code === "ECONNRESET" || !socket.writable) {
      socket.destroy(error);
      return;
    }
    const problem =
      code === "HPE_HEADER_OVERFLOW"
        ? httpProblem.head_too_large()
        : code === "ERR_HTTP_REQUEST_TIMEOUT"
          ? httpProblem.too_slow()
          : httpProblem.request_not_understood({ values: { reason: "it is not HTTP as RFC 9112 describes it" } });
    const requestId = randomUUID();
    const body = JSON.stringify(problemDocument(problem, requestId));
    const head = {
      ...securityHeaders(options),
      "cache-control": "no-store",
      "request-id": requestId,
      "content-type": "application/problem+json",
      "content-length": String(Buffer.byteLength(body)),
      connection: "close",
    };
    const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ""}\r\n${lines.join("")}\r\n${body}`);
  };
}
