import { defineRoute, fileProblemOf, httpProblem, Problem, type Kernel, type Route, type RouteRequest } from "@probity/kernel";
import { analyseIsolated } from "../analysis.ts";
import type { AnalysisDocument } from "../engine/document.ts";
import { listPacks } from "../engine/pack.ts";
import { problem } from "../errors.ts";
import { acceptFile } from "./upload-document.ts";
import { countsOf, machineView, withdrawnView } from "./run-view.ts";

export type FreeCheckOptions = { readonly on: boolean; readonly maxFiles: number };

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
      try {
        // 1. Each file as it arrives: accepted or refused by content, its text taken in a child of its own.
        const { packId, documents } = await readParts(kernel, request.raw.parts(), options, send);
        if (documents.length === 0) throw problem.check_empty();
        const pack = packId === undefined ? undefined : listPacks().find((each) => each.id === packId);
        if (packId !== undefined && !pack) throw problem.pack_unknown();
        // 2. The analysis.
        send({ type: "progress", stage: "analysing", done: documents.length, total: documents.length });
        const run = await analyseIsolated({ pack: pack?.id ?? "iso-13485", documents });
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
        // 3. The answer, and nothing else.
        send({
          type: "result",
          run: {
            id: null,
            number: 1,
            pack: run.pack,
            engine: run.engine,
            createdAt: new Date().toISOString(),
            counts: countsOf(findings.map((each) => each.status)),
            undecided: findings.length,
            findings,
            withdrawn: withdrawnView(run, () => 1),
            documents: documents.map(({ id, name, text, pages, paragraphs }) => ({
              id,
              name,
              text,
              pages,
              paragraphs,
              revision: 1,
              skipped: null,
            })),
          },
        });
      } catch (error) {
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
  send: (line: unknown) => void,
): Promise<{ packId: string | undefined; documents: AnalysisDocument[] }> {
  let packId: string | undefined;
  const documents: AnalysisDocument[] = [];
  let count = 0;
  for await (const part of parts) {
    if (part.type === "field") {
      if (part.fieldname === "pack" && typeof part.value === "string") packId = part.value;
      continue;
    }
    count += 1;
    const bytes = await part.toBuffer();
    const seen = part.file.truncated ? Buffer.concat([bytes, Buffer.of(0)]) : bytes;
    try {
      if (count > options.maxFiles) throw httpProblem.too_large({ values: { limit: `${options.maxFiles} files` } });
      const { file, fileName } = await acceptFile(kernel, seen, part.filename);
      const { text, pages, paragraphs, furniture } = await kernel.extraction.extract(file);
      documents.push({ id: `d${count}`, name: fileName, text, pages, paragraphs, furniture });
      send({ type: "file", name: fileName, state: "ready" });
    } catch (error) {
      const refused = fileProblemOf(error);
      if (!(refused instanceof Problem)) throw error;
      send({
        type: "file",
        name: part.filename,
        state: "refused",
        refusal: { code: refused.code, title: refused.title, detail: refused.detail },
      });
    }
  }
  return { packId, documents };
}
