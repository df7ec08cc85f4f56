import { createSocket } from "node:dgram";

/** A name server on loopback that answers TXT questions (RFC 1035, 4.1) from a map. */
export type TestNameServer = {
  readonly address: string;
  /** Name in lower case → its texts. */
  readonly records: Map<string, readonly string[]>;
  /** What it does with a question: answer it, or say that it failed (SERVFAIL). */
  mode: "answer" | "fail";
  close(): Promise<void>;
};

export async function startNameServer(): Promise<TestNameServer> {
  const socket = createSocket("udp4");
  const records = new Map<string, readonly string[]>();
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const server: TestNameServer = {
    address: `127.0.0.1:${socket.address().port}`,
    records,
    mode: "answer",
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
  socket.on("message", (question, from) => {
    socket.send(answerTo(question, server), from.port, from.address);
  });
  return server;
}

function answerTo(question: Buffer, server: TestNameServer): Buffer {
  let end = 12;
  const labels: string[] = [];
  for (let length = question[end] ?? 0; length > 0; length = question[end] ?? 0) {
    labels.push(question.toString("latin1", end + 1, end + 1 + length));
    end += length + 1;
  }
  const asked = question.subarray(12, end + 5);
  const texts = server.records.get(labels.join(".").toLowerCase());
  // QR, RD, RA; then the response code: 0 fine, 2 server failure, 3 no such name.
  const code = server.mode === "fail" ? 2 : texts === undefined ? 3 : 0;
  const answers = code === 0 ? (texts ?? []).map(txt) : [];
  const head = Buffer.alloc(12);
  head.writeUInt16BE(question.readUInt16BE(0), 0);
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(answers.length, 6);
  return Buffer.concat([head, asked, ...answers]);
}

/** One TXT record that points back at the question's name. */
function txt(text: string): Buffer {
  const data = Buffer.concat([Buffer.of(text.length), Buffer.from(text, "latin1")]);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(16, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(60, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}
