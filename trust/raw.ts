import { connect } from "node:net";
import { connect as connectSecurely } from "node:tls";

const patienceMs = 15_000;

/** Sends bytes as they are, as no HTTP client would, and answers status and headers of what came back. */
export function sendRaw(url: string, text: string): Promise<{ status: number; headers: Headers }> {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replaceAll(/[[\]]/g, "");
  return new Promise((resolve, reject) => {
    let answer = "";
    // Written and left open: Node takes a half-closed connection for one that was given up.
    const begin = () => socket.write(text);
    const socket =
      protocol === "https:"
        ? // The instance calls itself over loopback, where its certificate's name is not the one it is called by.
          connectSecurely({ host, port: Number(port || 443), rejectUnauthorized: false }, begin)
        : connect({ host, port: Number(port || 80) }, begin);
    socket.setTimeout(patienceMs, () => socket.destroy(new Error("No answer in time")));
    socket.on("data", (piece: Buffer) => (answer += piece.toString("latin1")));
    socket.once("error", reject);
    socket.once("close", () => {
      const [first = "", ...lines] = (answer.split("\r\n\r\n", 1)[0] ?? "").split("\r\n");
      const headers = new Headers();
      for (const line of lines)
        headers.append(line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim());
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0), headers });
    });
  });
}
