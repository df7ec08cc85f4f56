import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { Places, type Claim } from "../isolation/place.ts";
import { ExtractionBusyError, FileRefusedError } from "./error.ts";
import type { Attachable } from "./attachment.ts";
import type { Accepted, Refused } from "./detect.ts";
import type { DecodedAnswer } from "./extract-answer.ts";
import { copyInPieces } from "./in-pieces.ts";
import type { FileLimits } from "./limit.ts";

export type JudgeTask =
  | { readonly act: "decode"; readonly bytes: Uint8Array<ArrayBuffer> }
  | {
      readonly act: "judge" | "attach";
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly fileName: string;
      readonly limits: FileLimits;
    };
export type JudgeAnswer =
  | { readonly act: "decode"; readonly decoded: DecodedAnswer }
  | { readonly act: "failed"; readonly message: string }
  | { readonly act: "attach"; readonly sha256: string; readonly file: Attachable | Refused }
  | ({ readonly act: "judge"; readonly sha256: string } & (
      | { readonly refused: Refused }
      | {
          readonly accepted: Omit<Accepted, "bytes" | "keep"> & {
            readonly kept: boolean;
            readonly changed?: Uint8Array<ArrayBuffer>;
          };
        }
    ));
export type Judged = { readonly file: Accepted | Refused; readonly sha256: string };

const maxWaiting = 200;
/** Smaller buffers may share their memory with others (Buffer.poolSize): they are copied, not given away. */
const sharedBelow = 65_536;
/** V8's heap of the thread; buffers come on top and are bounded by the limits on unpacked bytes. */
const maxHeapMegabytes = 1024;

/**
 * A thread that judges uploads and checks extraction answers, one at a time, so that the thread which serves requests is
 * never held up by a file. A file that takes too long or too much memory ends the thread, not the server.
 */
export class Judge {
  readonly #limits: FileLimits;
  readonly #places = new Places({
    running: 1,
    waiting: maxWaiting,
    full: (waiting) => new ExtractionBusyError(waiting),
  });
  #thread: Worker | undefined;

  constructor(limits: FileLimits) {
    this.#limits = limits;
  }

  /** `inspectUpload`, with the file's SHA-256. `bytes` stay the caller's. */
  async inspect(bytes: Uint8Array, fileName: string, limits: FileLimits, claim: Claim = {}): Promise<Judged> {
    const own = await copyInPieces(bytes);
    const answer = await this.#run({ act: "judge", bytes: own, fileName, limits }, fileName, claim);
    if (answer.act !== "judge") throw new Error("The judging thread answered something else");
    if ("refused" in answer) return { file: answer.refused, sha256: answer.sha256 };
    const { kept, changed, ...accepted } = answer.accepted;
    const seen = changed ?? bytes;
    return { file: { ...accepted, bytes: seen, keep: kept ? seen : null }, sha256: answer.sha256 };
  }

  /** `inspectAttachment`, with the file's SHA-256. `bytes` stay the caller's. */
  async attach(
    bytes: Uint8Array,
    fileName: string,
    limits: FileLimits,
  ): Promise<{ readonly file: Attachable | Refused; readonly sha256: string }> {
    const own = await copyInPieces(bytes);
    const answer = await this.#run({ act: "attach", bytes: own, fileName, limits }, fileName, {});
    if (answer.act !== "attach") throw new Error("The judging thread answered something else");
    return { file: answer.file, sha256: answer.sha256 };
  }

  /** `decodeAnswer`. The bytes are given away. */
  async decode(output: Uint8Array<ArrayBuffer>, fileName: string, claim: Claim = {}): Promise<DecodedAnswer> {
    const answer = await this.#run(
      { act: "decode", bytes: output.length < sharedBelow ? new Uint8Array(output) : output },
      fileName,
      claim,
    );
    if (answer.act !== "decode") throw new Error("The judging thread answered something else");
    return answer.decoded;
  }

  async close(): Promise<void> {
    this.#places.close(new Error("the judging thread is closed"));
    await this.#thread?.terminate();
  }

  #run(task: JudgeTask, fileName: string, claim: Claim): Promise<JudgeAnswer> {
    return this.#places.hold(claim, () => this.#ask(task, fileName));
  }

  async #ask(task: JudgeTask, fileName: string): Promise<JudgeAnswer> {
    const thread = (this.#thread ??= this.#start());
    const seconds = this.#limits.maxExtractionSeconds;
    const { promise, resolve, reject } = Promise.withResolvers<JudgeAnswer>();
    const fail = (code: "timed-out" | "too-much-memory") => {
      this.#thread = undefined;
      void thread.terminate();
      reject(new FileRefusedError(code, fileName, this.#limits, code === "timed-out" ? { measured: seconds } : {}));
    };
    const onAnswer = (answer: JudgeAnswer | { readonly act?: undefined }) => {
      // Under `node --watch` a thread also tells which files it reads.
      if (answer.act === undefined) return;
      if (answer.act === "failed") reject(new Error(answer.message));
      else resolve(answer);
    };
    // V8 ends a thread whose heap is full.
    const onEnd = () => fail("too-much-memory");
    const clock = setTimeout(() => fail("timed-out"), seconds * 1000);
    thread.ref();
    thread.on("message", onAnswer).on("error", onEnd).on("exit", onEnd);
    thread.postMessage(task, [task.bytes.buffer]);
    try {
      return await promise;
    } finally {
      clearTimeout(clock);
      thread.off("message", onAnswer).off("error", onEnd).off("exit", onEnd);
      thread.unref();
    }
  }

  #start(): Worker {
    const thread = new Worker(join(import.meta.dirname, "judge-child.ts"), {
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMegabytes },
    });
    const gone = () => {
      if (this.#thread === thread) this.#thread = undefined;
    };
    // An 'error' nobody listens to would end the process.
    return thread.on("error", gone).on("exit", gone);
  }
}
