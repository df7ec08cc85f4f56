import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { randomInt } from "node:crypto";
import { joinInPieces } from "./in-pieces.ts";

/**
 * The harness around one extraction child. Node's permission model is the first wall ("a seat belt", in Node's own
 * words); another user and an empty network namespace stand behind it where the system allows.
 */

export type IsolationTier = "permission" | "permission+netns" | "permission+uid" | "permission+uid+netns";

/**
 * What a child is started in. Two exist for the probe alone: `none`, its negative control, and `uid+netns`, which shows
 * what the outer walls hold by themselves.
 */
export type Harness = IsolationTier | "uid+netns" | "none";

const extractionFolder = join(dirname(fileURLToPath(import.meta.url)), "extract");
const entryFile = join(extractionFolder, "main.ts");
const pollMilliseconds = 40;

/** Each child gets an id of its own from this range, so that two at work can't touch each other through /proc. */
const firstUid = 64_000;
const uidCount = 1000;

/** The folders of the named packages and all they depend on: what a child may read besides its own code. */
export function packageFolders(names: readonly string[], start: string = extractionFolder): string[] {
  const folders = new Set<string>();
  const visit = (name: string, from: string): void => {
    for (let at = from; ; at = dirname(at)) {
      const folder = join(at, "node_modules", name);
      if (existsSync(join(folder, "package.json"))) {
        if (folders.has(folder)) return;
        folders.add(folder);
        const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
        if (typeof manifest === "object" && manifest !== null && "dependencies" in manifest) {
          for (const dependency of Object.keys(manifest.dependencies ?? {})) visit(dependency, folder);
        }
        return;
      }
      if (dirname(at) === at) return;
    }
  };
  for (const name of names) visit(name, start);
  return [...folders];
}

const libraries = ["unpdf", "mammoth", "word-extractor"];
const recognitionLibraries = [...libraries, "tesseract.js-core", "@tesseract.js-data/eng"];
const readable = new Map<boolean, string[]>();

function readableFolders(recognise: boolean): string[] {
  let folders = readable.get(recognise);
  if (folders === undefined) {
    folders = [extractionFolder, ...packageFolders(recognise ? recognitionLibraries : libraries)];
    // Character maps for PDFs in Chinese, Japanese and Korean, where the package that has them is installed.
    for (const at of packageFolders(["pdfjs-dist"]).slice(0, 1)) {
      folders.push(join(at, "package.json"), join(at, "cmaps"), join(at, "standard_fonts"));
    }
    readable.set(recognise, folders);
  }
  return folders;
}

/** Packed training data for text recognition, or `undefined` where the optional package is not installed. */
export function languageFile(): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve("@tesseract.js-data/eng/package.json");
    createRequire(import.meta.url).resolve("tesseract.js-core/package.json");
    const file = join(dirname(manifest), "4.0.0_best_int", "eng.traineddata.gz");
    return existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

export interface ChildOptions {
  readonly harness: Harness;
  /** Ceiling for V8's heap; the resident set is watched on top. Bytes. */
  readonly memoryBytes: number;
  /** Whether the text recognition engine may be read. */
  readonly recognise?: boolean;
  /** Another program than the extraction: its entry file, and all it may read. */
  readonly program?: { readonly entryFile: string; readonly readable: readonly string[] };
}

/** Starts a child that waits for its one document on stdin. Nothing of the parent's environment reaches it. */
export function startChild(options: ChildOptions): ChildProcess {
  const { harness } = options;
  const heap = `--max-old-space-size=${Math.max(32, Math.floor(options.memoryBytes / 1024 / 1024))}`;
  // A roomy nursery spares a short life most of its garbage collection (measured: a sixth of the processor time).
  const node = [process.execPath, heap, "--min-semi-space-size=16"];
  if (harness !== "none" && harness !== "uid+netns") {
    node.push("--permission", "--disallow-code-generation-from-strings", "--no-warnings");
    for (const folder of options.program?.readable ?? readableFolders(options.recognise ?? false))
      node.push(`--allow-fs-read=${folder}`);
  }
  node.push(options.program?.entryFile ?? entryFile);

  const uid = firstUid + randomInt(uidCount);
  let command = node;
  let identity = {};
  if (harness === "permission+uid+netns" || harness === "uid+netns") {
    command = ["/usr/bin/unshare", "--net", "--", ...dropTo(uid), ...node];
  } else if (harness === "permission+netns") {
    command = ["/usr/bin/unshare", "--user", "--net", "--", ...node];
  } else if (harness === "permission+uid") {
    identity = { uid, gid: uid };
  }
  const [file = process.execPath, ...rest] = command;
  const child = spawn(file, rest, {
    cwd: extractionFolder,
    env: harness === "none" ? process.env : {},
    stdio: ["pipe", "pipe", "ignore"],
    ...identity,
  });
  // A child that waits must not keep the parent alive; without a parent its stdin ends and so does it.
  child.unref();
  child.on("error", () => undefined);
  child.stdin?.on("error", () => undefined);
  return child;
}

function dropTo(uid: number): string[] {
  const id = String(uid);
  return [
    "/usr/bin/setpriv",
    `--reuid=${id}`,
    `--regid=${id}`,
    "--clear-groups",
    "--no-new-privs",
    "--bounding-set=-all",
    "--inh-caps=-all",
    "--",
  ];
}

export interface RunLimits {
  readonly memoryBytes: number;
  readonly seconds: number;
  /** Cap on the answer. */
  readonly outputBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export type RunOutcome =
  | { readonly ended: "answer"; readonly output: Buffer<ArrayBuffer> }
  | { readonly ended: "time" | "memory" | "output" | "crash" };

/** Hands a waiting child its document and takes its answer; whatever happens, the child is dead afterwards. */
export async function runChild(
  child: ChildProcess,
  task: object,
  bytes: Uint8Array,
  limits: RunLimits,
): Promise<RunOutcome> {
  limits.signal?.throwIfAborted();
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) return { ended: "crash" };
  child.ref();

  let ended: "time" | "memory" | "output" | undefined;
  const stop = (why: NonNullable<typeof ended>) => {
    ended ??= why;
    child.kill("SIGKILL");
  };
  const abort = () => child.kill("SIGKILL");
  limits.signal?.addEventListener("abort", abort, { once: true });
  const clock = setTimeout(() => stop("time"), limits.seconds * 1000);
  const watch = watchMemory(child, limits.memoryBytes, () => stop("memory"));

  const chunks: Buffer[] = [];
  let received = 0;
  stdout.on("data", (chunk: Buffer) => {
    received += chunk.length;
    if (received > limits.outputBytes) stop("output");
    else chunks.push(chunk);
  });
  try {
    const exit = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
      child.once("close", (code, signal) => resolve({ code, signal }));
    });
    const header = Buffer.from(JSON.stringify(task), "utf8");
    const length = Buffer.alloc(4);
    length.writeUInt32BE(header.length);
    stdin.write(Buffer.concat([length, header]));
    stdin.end(bytes);
    if (child.exitCode === null && child.signalCode === null) {
      const { signal } = await exit;
      limits.signal?.throwIfAborted();
      if (ended !== undefined) return { ended };
      // V8 aborts when its heap is full; the kernel kills when the machine's memory is.
      if (signal === "SIGABRT" || signal === "SIGTRAP" || signal === "SIGKILL") return { ended: "memory" };
    }
    return readAnswer(await joinInPieces(chunks));
  } finally {
    clearTimeout(clock);
    clearInterval(watch);
    limits.signal?.removeEventListener("abort", abort);
    child.kill("SIGKILL");
  }
}

/** The answer's JSON text, whole or not at all. Whoever parses it knows how large it may be. */
function readAnswer(output: Buffer<ArrayBuffer>): RunOutcome {
  if (output.length < 8 || output.readBigUInt64BE(0) !== BigInt(output.length - 8)) return { ended: "crash" };
  return { ended: "answer", output: output.subarray(8) };
}

/** V8's limit does not cover buffers and WebAssembly: the resident set is read from /proc where there is one. */
function watchMemory(child: ChildProcess, limitBytes: number, over: () => void): NodeJS.Timeout {
  const look = async () => {
    try {
      const status = await readFile(`/proc/${String(child.pid)}/status`, "utf8");
      const resident = /^VmRSS:\s+(\d+) kB/m.exec(status);
      if (resident !== null && Number(resident[1]) * 1024 > limitBytes) over();
    } catch {
      // No /proc here, or the child has just ended.
    }
  };
  return setInterval(() => void look(), pollMilliseconds);
}
