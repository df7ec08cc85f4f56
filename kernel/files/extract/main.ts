import { DocumentError } from "./document.ts";
import type { Extraction, Task } from "./document.ts";

/**
 * The extraction child: one document in over stdin, one answer out over stdout, then it ends. Started by
 * `extract-child.ts` with nothing allowed but reading this folder and the libraries. Each library is imported only when
 * its format comes.
 */

// A library's chatter must not get between the frames of the answer.
for (const method of ["log", "info", "warn", "error", "debug", "trace"] as const) console[method] = () => undefined;

function isTask(value: unknown): value is Task {
  return typeof value === "object" && value !== null && "kind" in value && typeof value.kind === "string";
}

async function readInput(): Promise<{ task: Task; bytes: Uint8Array }> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  const all = Buffer.concat(chunks);
  const headerLength = all.readUInt32BE(0);
  const task: unknown = JSON.parse(all.subarray(4, 4 + headerLength).toString("utf8"));
  if (!isTask(task)) throw new Error("no task");
  return { task, bytes: new Uint8Array(all.subarray(4 + headerLength)) };
}

async function run(task: Task, bytes: Uint8Array): Promise<Extraction | object> {
  switch (task.kind) {
    case "pdf":
      return (await import("./pdf.ts")).extractPdf(bytes, task);
    case "pdf-open":
      return (await import("./pdf.ts")).openPdf(bytes);
    case "docx":
      return (await import("./docx.ts")).extractDocx(bytes);
    case "doc":
      return (await import("./doc.ts")).extractDoc(bytes);
    case "txt":
      return (await import("./txt.ts")).extractTxt(bytes, task.encoding ?? "utf-8");
    case "probe":
      return (await import("./probe.ts")).probe(task);
    case "ping":
      return { pong: true };
  }
}

function answer(body: object): void {
  const json = Buffer.from(JSON.stringify(body), "utf8");
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(json.length));
  process.stdout.write(Buffer.concat([length, json]), () => process.exit(0));
}

try {
  const { task, bytes } = await readInput();
  answer({ result: await run(task, bytes) });
} catch (error) {
  if (error instanceof DocumentError) answer({ refusal: error.code, measured: error.measured });
  else
    answer({
      refusal: "corrupt",
      reason: error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 300) : "",
    });
}
