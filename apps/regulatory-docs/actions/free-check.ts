import {
  defineRoute,
  fileProblemOf,
  httpProblem,
  Problem,
  sayBytes,
  type ExtractionClaim,
  type Kernel,
  type Route,
  type RouteRequest,
} from "@probity/kernel";
import { analyseIsolated, joined, packed, type PackedDocument } from "../analysis.ts";
import { listPacks } from "../engine/pack.ts";
import { problem } from "../errors.ts";
import { acceptFile } from "./upload-document.ts";
import { countsOf, machineView, withdrawnView } from "./run-view.ts";

export type FreeCheckOptions = {
  readonly on: boolean;
  readonly maxFiles: number;
  readonly maxTotalBytes: number;
};

const readAhead = 4;

/**
 * POST /api/check: documents of a visitor without an account, analysed in memory. Nothing is written: no row, no file,
 * no log line with a name or a word of them. Answers JSON Lines: a line a file, progress, the result.
 */
export function freeCheck(kernel: Kernel, options: FreeCheckOptions): Route {
  return defineRoute({
    method: "POST",
    path: "/api/check",
    summary: "Analyse documents without an account; nothing is kept",
    tag: "regulatory-docs",
    permission: "public",
    budget: "check",
    multipart: true,
    answers: { 200: "application/x-ndjson" },
    handle: async (request, reply) => {
      if (!options.on) throw problem.check_off();
      if (!request.raw.isMultipart()) throw httpProblem.media_type();
      reply.hijack();
      const out = reply.raw;
      const send = (line: unknown) => out.write(`${JSON.stringify(line)}\n`);
      out.writeHead(200, {
        ...Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)])),
        "content-type": "application/x-ndjson",
      });
      // A visitor who has gone is worked for no longer.
      const gone = new AbortController();
      out.once("close", () => gone.abort(new Error("the visitor has gone")));
      const claim = { guest: true, signal: gone.signal };
      try {
        // 1. Each file as it arrives: accepted or refused by content, its text taken in a child of its own.
        const { packId, documents } = await readParts(kernel, request.raw.parts(), options, claim, send);
        if (documents.length === 0) throw problem.check_empty();
        const pack = packId === undefined ? undefined : listPacks().find((each) => each.id === packId);
        if (packId !== undefined && !pack) throw problem.pack_unknown();
        // 2. The analysis.
        send({ type: "progress", stage: "analysing", done: documents.length, total: documents.length });
        const run = await analyseIsolated({ pack: pack?.id ?? "iso-13485", documents }, claim);
        const findings = run.requirements.map((each) => ({
          id: each.id,
          version: 1,
          ...machineView(run, each, () => 1),
          changed: false,
          decidedStatus: null,
          decision: null,
          assignee: null,
          dueOn: null,
          note: null,
        }));
        // 3. The answer, and nothing else. The texts go back as they came out of their children.
        const shown = {
          id: null,
          number: 1,
          pack: run.pack,
          engine: run.engine,
          createdAt: new Date().toISOString(),
          counts: countsOf(findings.map((each) => each.status)),
          undecided: findings.length,
          findings,
          withdrawn: withdrawnView(run, () => 1),
        };
        const texts = documents.map(({ id, name, json }) => packed({ id, name, revision: 1, skipped: null }, json));
        out.write(`{"type":"result","run":${JSON.stringify(shown).slice(0, -1)},"documents":[`);
        for (const piece of joined(texts)) out.write(piece);
        out.write("]}}\n");
      } catch (error) {
        if (gone.signal.aborted) return reply;
        const shown = error instanceof Problem ? error : httpProblem.broken({ cause: error });
        if (!(error instanceof Problem))
          request.raw.log.error(
            { code: "http.broken", kind: error instanceof Error ? error.name : typeof error },
            "free check failed",
          );
        send({
          type: "problem",
          problem: { code: shown.code, title: shown.title, status: shown.status, detail: shown.detail },
        });
      }
      out.end();
      return reply;
    },
  });
}

type Parts = ReturnType<RouteRequest["raw"]["parts"]>;

async function readParts(
  kernel: Kernel,
  parts: Parts,
  options: FreeCheckOptions,
  claim: ExtractionClaim,
  send: (line: unknown) => void,
): Promise<{ packId: string | undefined; documents: PackedDocument[] }> {
  let packId: string | undefined;
  const reading: Promise<PackedDocument | undefined>[] = [];
  const underway = new Set<Promise<unknown>>();
  let totalBytes = 0;
  for await (const part of parts) {
    if (part.type === "field") {
      if (part.fieldname === "pack" && typeof part.value === "string") packId = part.value;
      continue;
    }
    // A visitor's files are read while the next ones arrive, a few at a time: what waits is held in memory.
    if (underway.size >= readAhead) await Promise.race(underway);
    const bytes = await part.toBuffer();
    totalBytes += bytes.byteLength;
    const full = reading.length >= options.maxFiles || totalBytes > options.maxTotalBytes;
    const seen = part.file.truncated ? Buffer.concat([bytes, Buffer.of(0)]) : bytes;
    const read = readOne(
      kernel,
      `d${reading.length + 1}`,
      part.filename,
      full ? undefined : seen,
      options,
      claim,
      send,
    );
    reading.push(read);
    const settled: Promise<void> = read.then(
      () => void underway.delete(settled),
      () => void underway.delete(settled),
    );
    underway.add(settled);
  }
  const documents = (await Promise.all(reading)).filter((each) => each !== undefined);
  return { packId, documents };
}

async function readOne(
  kernel: Kernel,
  id: string,
  givenName: string,
  bytes: Buffer | undefined,
  options: FreeCheckOptions,
  claim: ExtractionClaim,
  send: (line: unknown) => void,
): Promise<PackedDocument | undefined> {
  try {
    if (bytes === undefined) {
      const limit = `${options.maxFiles} files or ${sayBytes(options.maxTotalBytes)} at once`;
      throw httpProblem.too_large({ values: { limit } });
    }
    const { file, fileName } = await acceptFile(kernel, bytes, givenName, kernel.limits.maxBytes, claim);
    const { json } = await kernel.extraction.extract(file, claim);
    send({ type: "file", name: fileName, state: "ready" });
    return { id, name: fileName, plain: file.kind === "txt", json };
  } catch (error) {
    const refused = fileProblemOf(error);
    if (!(refused instanceof Problem)) throw error;
    const { code, title, detail } = refused;
    send({ type: "file", name: givenName, state: "refused", refusal: { code, title, detail } });
    return undefined;
  }
}
