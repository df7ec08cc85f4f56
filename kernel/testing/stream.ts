import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { trialLab } from "../record/fixture/specimen.ts";
import { StreamPump } from "../ledger/stream/pump.ts";
import { streamRoutes } from "../ledger/stream/route.ts";
import type { TestPerson } from "./kernel.ts";
import { asDoor, placeLeaves } from "./record-suite.ts";
import { openTestServer, type TestCaller, type TestServer } from "./server.ts";
import { openSyslog, type TestSyslog } from "./syslog.ts";

export type StreamedEvent = {
  readonly id: string;
  readonly seq: number;
  readonly leaf: string;
  readonly action: string;
  readonly source?: string;
  readonly actor: { readonly name?: string };
};
type Got = { readonly headers: IncomingMessage["headers"]; readonly body: string };
type Answer = (response: ServerResponse) => void;

/** A server with streams, a receiver of webhooks and one of syslog, all on loopback; a workspace for each test. */
export class StreamWorld {
  readonly got: Got[] = [];
  /** What the receiver does with the next requests, before it takes everything. */
  readonly answers: Answer[] = [];
  readonly problems: unknown[] = [];
  /** The status of every answer that `answers` does not give. */
  always: ((body: string) => number) | undefined;
  mostTogether = 0;
  workspace = "";
  readonly server: TestServer;
  readonly syslog: TestSyslog;
  readonly origin: string;
  readonly pump: StreamPump;
  readonly #outside: { trustedOrigins: string[]; timeoutSeconds: number };
  readonly #close: () => void;
  #owner: TestPerson | undefined;

  constructor(parts: {
    server: TestServer;
    syslog: TestSyslog;
    origin: string;
    outside: { trustedOrigins: string[]; timeoutSeconds: number };
    receiver: ReturnType<typeof createServer>;
  }) {
    this.server = parts.server;
    this.syslog = parts.syslog;
    this.origin = parts.origin;
    this.#outside = parts.outside;
    let together = 0;
    parts.receiver.on("request", (request, response) => {
      together += 1;
      this.mostTogether = Math.max(this.mostTogether, together);
      response.on("close", () => (together -= 1));
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = Buffer.concat(chunks).toString("utf8");
        this.got.push({ headers: request.headers, body });
        const answer = this.answers.shift();
        if (answer) answer(response);
        else response.writeHead(this.always?.(body) ?? 204).end();
      });
    });
    this.#close = () => {
      parts.receiver.closeAllConnections();
      parts.receiver.close();
    };
    this.pump = this.pumpOf();
  }

  get owner(): TestPerson {
    if (this.#owner === undefined) throw new Error("no workspace yet");
    return this.#owner;
  }
  get asOwner(): TestCaller {
    return this.server.as(this.owner);
  }

  pumpOf(leaseSeconds = 60, batch = 100): StreamPump {
    return new StreamPump(this.server.kernel, {
      host: "probity.example",
      outside: this.#outside,
      leaseSeconds,
      batch,
      onProblem: (error) => this.problems.push(error),
    });
  }

  /** A workspace of its own for the next test; no stream of another sends any more. */
  async fresh(): Promise<void> {
    await asDoor(this.server, "update kernel.stream_state set stopped_at = now() returning id");
    this.workspace = await this.server.kernel.foundWorkspace(`stream-${Math.random().toString(36).slice(2, 10)}`);
    this.#owner = await this.server.member(this.workspace, "owner");
    await placeLeaves(this.server);
    for (const list of [this.got, this.answers, this.problems, this.syslog.messages, this.syslog.shown])
      list.length = 0;
    this.syslog.clients = null;
    this.always = undefined;
    this.mostTogether = 0;
  }

  body(more: Record<string, unknown> = {}): Record<string, unknown> {
    const address = `${this.origin}/in`;
    return { name: "SIEM", kind: "webhook", address, format: "json", personal: false, from: "beginning", ...more };
  }

  /** A request of the owner's browser without a fresh proof. */
  bare(method: string, path: string, body: object): Promise<Response> {
    return fetch(`${this.server.origin}${path}`, {
      method,
      headers: {
        cookie: `probity-session=${this.owner.session.token}`,
        "probity-workspace": this.workspace,
        "probity-request": "1",
        "content-type": "application/json",
      },
      body: JSON.stringify(body),
    });
  }

  async add(body: Record<string, unknown>): Promise<{ id: string; secret: string }> {
    const answer = await this.asOwner("POST", "/api/ledger/streams", { body });
    if (answer.status !== 201) throw new Error(`The stream was answered ${answer.status}: ${answer.text}`);
    await this.place();
    return { id: String(answer.body["id"]), secret: String(answer.body["secret"]) };
  }

  async state(id: string): Promise<Record<string, unknown>> {
    const { body } = await this.asOwner("GET", "/api/ledger/streams");
    const items: Record<string, unknown>[] = JSON.parse(JSON.stringify(body["items"]));
    const found = items.find((item) => item["id"] === id);
    if (found === undefined) throw new Error("no such stream");
    return found;
  }

  /** Every event that happened has its place. */
  async place(): Promise<void> {
    await this.server.kernel.access.flush();
    await placeLeaves(this.server);
  }
  async make(count: number): Promise<void> {
    await this.server.kernel.door.work(this.owner.session, "kernel.home.read", (tx) =>
      tx.recordAll(Array.from({ length: count }, (_, index) => ({ action: "kernel.test.event", fields: { index } }))),
    );
    await this.place();
  }
  /** Every place the workspace's log has. */
  async places(): Promise<number[]> {
    const [row] = await asDoor(this.server, "select size from kernel.ledger_head where tenant_id = $1", [
      this.workspace,
    ]);
    return Array.from({ length: Number(row?.["size"]) }, (_, index) => index);
  }
  /** Due again at once, as a person's click makes it. */
  wake(id: string) {
    return this.asOwner("POST", `/api/ledger/streams/${id}/pause`, { body: { paused: false } });
  }
  /** The same without the leaf that a click leaves. */
  wakeQuietly(id: string) {
    return asDoor(this.server, "update kernel.stream_state set next_at = now() where id = $1 returning id", [id]);
  }
  /** Rounds until nothing is due. */
  async drain(): Promise<void> {
    while ((await this.pump.round()) > 0);
  }
  async close(): Promise<void> {
    this.#close();
    await this.syslog.close();
    await this.server.close();
  }
}

export function eventsOf(body: string): StreamedEvent[] {
  const said: { data: { events: StreamedEvent[] } } = JSON.parse(body);
  return said.data.events;
}

export async function openStreamWorld(): Promise<StreamWorld> {
  const receiver = createServer();
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const address = receiver.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const syslog = await openSyslog();
  const origin = `http://127.0.0.1:${address.port}`;
  const outside = { trustedOrigins: [origin, `https://localhost:${syslog.port}`], timeoutSeconds: 1 };
  const server = await openTestServer([
    { ...trialLab, routes: (kernel) => streamRoutes(kernel, { host: "probity.example", outside }) },
  ]);
  return new StreamWorld({ server, syslog, origin, outside, receiver });
}
