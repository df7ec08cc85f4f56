// The load: keep-alive connections that each send the next request when the last answer is whole. Raw sockets, because
// an HTTP client in JavaScript costs more than the servers it would measure.
import { connect } from "node:net";
import { loadSchema, type Load } from "./request-load.ts";
import { Value } from "typebox/value";

process.on("message", (message) => {
  void run(Value.Parse(loadSchema, message)).then((answer) => process.send?.(answer));
});
process.once("disconnect", () => process.exit(0));

async function run(
  load: Load,
): Promise<{ perSecond: number; p50Ms: number; p99Ms: number; answered: number; failed: number }> {
  const url = new URL(load.origin);
  const requests = load.requests.map(({ method, path, headers, body }) =>
    Buffer.from(
      [
        `${method} ${path} HTTP/1.1`,
        `host: ${url.host}`,
        ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
        ...(body === "" ? [] : ["content-type: application/json", `content-length: ${Buffer.byteLength(body)}`]),
        "",
        body,
      ].join("\r\n"),
    ),
  );
  const latencies: number[] = [];
  let failed = 0;
  let answered = 0;
  let next = 0;
  const start = performance.now();
  const counted = start + load.warmMs;
  const end = counted + load.measureMs;
  await Promise.all(
    Array.from(
      { length: load.connections },
      () =>
        new Promise<void>((resolve, reject) => {
          const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
          const pieces: Buffer[] = [];
          let sentAt = 0;
          const send = () => {
            if (performance.now() >= end) return void socket.end(() => resolve());
            sentAt = performance.now();
            socket.write(requests[(next += 1) % requests.length] ?? "");
          };
          socket.on("connect", send).on("error", reject);
          socket.on("data", (piece: Buffer) => {
            pieces.push(piece);
            const pending = pieces.length === 1 ? piece : Buffer.concat(pieces);
            const head = pending.indexOf("\r\n\r\n");
            if (head === -1) return;
            const text = pending.toString("latin1", 0, head);
            const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
            if (pending.length < head + 4 + length) return;
            pieces.length = 0;
            const now = performance.now();
            answered += 1;
            if (text.charCodeAt(9) !== 0x32) {
              failed += 1;
              if (failed === 1) process.stderr.write(`${text.split("\r\n")[0]}\n`);
            } else if (now >= counted && now < end) latencies.push(now - sentAt);
            send();
          });
        }),
    ),
  );
  latencies.sort((a, b) => a - b);
  const at = (part: number) => latencies[Math.floor(latencies.length * part)] ?? 0;
  return { perSecond: (latencies.length * 1000) / load.measureMs, p50Ms: at(0.5), p99Ms: at(0.99), answered, failed };
}
