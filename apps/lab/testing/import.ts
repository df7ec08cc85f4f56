import { startWorker } from "@probity/kernel";
import type { TestPerson } from "@probity/kernel/testing";
import { pino } from "pino";
import { lab } from "../app.ts";
import type { LabWorld } from "./world.ts";

export type Content = string | Uint8Array<ArrayBuffer>;
type Sent = {
  readonly mapping?: unknown;
  readonly source?: string;
  readonly report?: "csv";
  readonly person?: TestPerson;
  readonly headers?: Readonly<Record<string, string>>;
};
type RowFault = { line: number; column: string; why: string };
export type ImportedFile = {
  id: string;
  version: number;
  state: string;
  total: number;
  imported: number;
  errorCount: number;
  errors: RowFault[] | null;
  refusal: string | null;
  jobState: string;
};

/** The jobs of a laboratory, at work. */
export async function workImports(world: LabWorld): Promise<{ stop(): Promise<void> }> {
  const { kernel } = world.server;
  return startWorker(kernel, lab().jobs?.(kernel) ?? {}, { onlyServer: true, logger: pino({ level: "silent" }) });
}

/** Sends a file as the page does. */
export async function sendFile(world: LabWorld, path: string, content: Content, given: Sent = {}) {
  const { mapping, source, report, person = world.technician, headers = {} } = given;
  const form = new FormData();
  if (mapping !== undefined) form.append("mapping", JSON.stringify(mapping));
  if (source !== undefined) form.append("source", source);
  if (report !== undefined) form.append("report", report);
  form.append("file", new Blob([content]), "from-instrument.csv");
  const answer = await fetch(`${world.server.origin}/api/lab/${path}`, {
    method: "POST",
    headers: {
      cookie: `probity-session=${person.session.token}`,
      "probity-workspace": person.session.workspace ?? "",
      "probity-request": "1",
      ...headers,
    },
    body: form,
  });
  return { status: answer.status, body: JSON.parse(await answer.text()) };
}

/** What became of a file, once its job has ended. */
export async function ended(world: LabWorld, kind: "samples" | "results", id: string): Promise<ImportedFile> {
  for (const deadline = Date.now() + 120_000; ;) {
    const answer = await world.as.reader("GET", `/api/lab/${kind}/import/${id}`);
    const file: ImportedFile = JSON.parse(answer.text);
    if (answer.status !== 200 || Date.now() > deadline) throw new Error(`${answer.status} ${answer.text}`);
    if (file.state !== "waiting" || file.jobState === "failed") return file;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Sends a file and waits for what becomes of it. */
export async function taken(
  world: LabWorld,
  kind: "samples" | "results",
  content: Content,
  given: Sent = {},
): Promise<ImportedFile> {
  const sent = await sendFile(world, `${kind}/import`, content, given);
  if (sent.status !== 202) throw new Error(`${sent.status} ${JSON.stringify(sent.body)}`);
  return ended(world, kind, sent.body.id);
}
