import { spawn } from "node:child_process";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { SignAnswer, SignRequest } from "./signer-core.ts";
import { answerFrame, doneAnswer, headsAnswer, signAnswer } from "./signer-protocol.ts";
import type { Continuation, SignedHead } from "./signer-state.ts";

/** Where the log's key is held: in a child of this server, with its key file and its memory, or in a process apart. */
export type SignerPlace =
  | { readonly kind: "child"; readonly keyFile: string; readonly stateFolder: string }
  | { readonly kind: "socket"; readonly path: string };

/** Whoever signs the log's checkpoints. A broken one rejects, and is opened anew. */
export interface Signer {
  heads(): Promise<{ readonly publicKey: Buffer; readonly heads: readonly SignedHead[] }>;
  sign(requests: readonly SignRequest[]): Promise<SignAnswer[]>;
  continue(continuations: readonly Continuation[]): Promise<void>;
  close(): Promise<void>;
}

const mainFile = join(import.meta.dirname, "signer-main.ts");

/** Starts the signer's process, or reaches the one that runs apart. */
export async function openSigner(place: SignerPlace): Promise<Signer> {
  if (place.kind === "socket") {
    const socket = connect(place.path);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve).once("error", reject);
    });
    return new StreamSigner(socket, socket, async () => void socket.destroy());
  }
  // Without Node's permission model, which forbids fsync: that what was signed is on the disk counts for more here.
  const child = spawn(process.execPath, ["--no-warnings", mainFile, place.keyFile, place.stateFolder], {
    stdio: ["pipe", "pipe", "pipe"],
    env: {},
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = `${said}${text}`.slice(-2_000)));
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.once("error", (error) => (said = error.message));
  const signer = new StreamSigner(
    child.stdout,
    child.stdin,
    async () => {
      child.stdin.end();
      await ended;
    },
    () => said,
  );
  // It ends when its parent does, however that ended: its input closes.
  return signer;
}

class StreamSigner implements Signer {
  readonly #output: Writable;
  readonly #end: () => Promise<void>;
  readonly #waiting = new Map<number, { resolve: (body: unknown) => void; reject: (error: Error) => void }>();
  #next = 1;
  #broken: Error | undefined;

  constructor(input: Readable, output: Writable, end: () => Promise<void>, reason: () => string = () => "") {
    this.#output = output;
    this.#end = end;
    const broke = () => this.#break(new Error(reason().trim() || "The signer ended"));
    output.on("error", broke);
    input.on("error", broke);
    createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
      .on("line", (line) => this.#take(line))
      .on("close", broke);
  }

  async heads(): Promise<{ readonly publicKey: Buffer; readonly heads: readonly SignedHead[] }> {
    const { publicKey, heads } = headsAnswer(await this.#ask({ op: "heads" }));
    return { publicKey: Buffer.from(publicKey, "base64"), heads };
  }
  async sign(requests: readonly SignRequest[]): Promise<SignAnswer[]> {
    return signAnswer(await this.#ask({ op: "sign", requests })).answers;
  }
  async continue(continuations: readonly Continuation[]): Promise<void> {
    doneAnswer(await this.#ask({ op: "continue", continuations }));
  }
  async close(): Promise<void> {
    await this.#end();
  }

  #ask(question: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#broken) {
        reject(this.#broken);
        return;
      }
      const id = this.#next;
      this.#next += 1;
      this.#waiting.set(id, { resolve, reject });
      this.#output.write(`${JSON.stringify({ id, ...question })}\n`);
    });
  }

  #take(line: string): void {
    try {
      const { id, error, body } = answerFrame(JSON.parse(line));
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(body);
      else waiting?.reject(new Error(error));
    } catch {
      this.#break(new Error("The signer answered what can't be read"));
    }
  }

  #break(error: Error): void {
    this.#broken ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
