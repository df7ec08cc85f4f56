import { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { createServer } from "node:tls";
import { testCertificate } from "./certificate.ts";

export type TestSyslog = {
  readonly port: number;
  /** The authority to pin: the server's own certificate. */
  readonly authority: string;
  readonly messages: string[];
  /** PEM of the clients it asks for and takes (RFC 5425 §4.2.1); null asks nobody. */
  clients: string | null;
  /** Fingerprints of the certificates it was shown. */
  readonly shown: string[];
  /** Breaks the next so many connections off after some bytes, as a receiver that is killed. */
  breaks: number;
  /** Takes connections and bytes and never ends its side. */
  silent: boolean;
  close(): Promise<void>;
};

/** A syslog receiver over TLS on loopback: octet-counted frames (RFC 5425 §4.3), kept as they come. */
export async function openSyslog(): Promise<TestSyslog> {
  const { cert, key } = testCertificate();
  const messages: string[] = [];
  const shown: string[] = [];
  const state: { clients: string | null; breaks: number; silent: boolean } = {
    clients: null,
    breaks: 0,
    silent: false,
  };
  const sockets = new Set<Socket>();
  let newest: Socket | undefined;
  const asking = { cert, key, allowHalfOpen: true, requestCert: true, rejectUnauthorized: false };
  const server = createServer(asking, (socket) => {
    socket.on("error", () => undefined);
    const own = newest;
    const { fingerprint256 } = socket.getPeerCertificate();
    if (fingerprint256 !== undefined) shown.push(fingerprint256);
    // A receiver that knows its clients breaks off with whoever is none of them.
    if (state.clients !== null && fingerprint256 !== new X509Certificate(state.clients).fingerprint256) {
      own?.resetAndDestroy();
      return;
    }
    let waiting = Buffer.alloc(0);
    if (state.breaks > 0) {
      state.breaks -= 1;
      // As the system does for a process that is killed with bytes unread.
      socket.once("data", () => own?.resetAndDestroy());
      return;
    }
    socket.on("data", (bytes: Buffer) => {
      waiting = Buffer.concat([waiting, bytes]);
      for (;;) {
        const space = waiting.indexOf(" ");
        const length = Number(waiting.subarray(0, space).toString("latin1"));
        if (space < 1 || waiting.length < space + 1 + length) return;
        messages.push(waiting.subarray(space + 1, space + 1 + length).toString("utf8"));
        waiting = waiting.subarray(space + 1 + length);
      }
    });
    socket.on("end", () => {
      if (!state.silent) socket.end();
    });
  });
  server.on("connection", (socket: Socket) => {
    newest = socket;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return Object.assign(state, {
    port: address.port,
    authority: cert,
    messages,
    shown,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
}
