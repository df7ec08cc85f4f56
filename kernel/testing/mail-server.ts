import { SMTPServer, type SMTPServerOptions } from "smtp-server";

export type ReceivedMail = { readonly to: readonly string[]; readonly raw: string };
export type TestMailServer = {
  readonly port: number;
  readonly received: ReceivedMail[];
  /** What the server says to the next RCPT commands, by code; empty accepts. */
  readonly refusals: number[];
  close(): Promise<void>;
};

/** A mail server on loopback that keeps what it gets. */
export async function openMailServer(options: SMTPServerOptions = {}): Promise<TestMailServer> {
  const received: ReceivedMail[] = [];
  const refusals: number[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    ...options,
    onRcptTo: (_address, _session, callback) => {
      const code = refusals.shift();
      callback(code === undefined ? undefined : Object.assign(new Error("refused"), { responseCode: code }));
    },
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        received.push({
          to: session.envelope.rcptTo.map((each) => each.address),
          raw: Buffer.concat(chunks).toString("utf8"),
        });
        callback();
      });
    },
  });
  // A client that breaks off during TLS is what some tests want to see.
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    received,
    refusals,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
