import { createHash } from "node:crypto";
import { Type } from "typebox";
import { defineRoute, workspaceName, type Kernel, type Route } from "@probity/kernel";
import { evidenceOf } from "./evidence.ts";
import { genealogyOf } from "./genealogy.ts";
import { recordCsv, recordOf } from "./sample-record.ts";
import { sampleRecordPdf } from "./sample-record-pdf.ts";

const read = "lab.sample.read";
const common = { tag: "lab", permission: read, params: Type.Object({ id: Type.String({ format: "uuid" }) }) } as const;

/** What an inspector asks for: one result by the nine principles, a sample's family, and its whole record to take away. */
export function inspectRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      ...common,
      method: "GET",
      path: "/api/lab/results/{id}/evidence",
      summary:
        "One result by ALCOA+: attributable, legible, contemporaneous, original, accurate and the rest, with what shows it",
      answers: { 200: Type.Object({ principles: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "lab.result", request.params.id);
          return evidenceOf(tx, request.params.id);
        });
        return { body };
      },
    }),
    defineRoute({
      ...common,
      method: "GET",
      path: "/api/lab/samples/{id}/genealogy",
      summary:
        "What a sample came from and what became of it: studies, schedules, files, worksheets, retests, certificates",
      answers: { 200: Type.Object({ nodes: Type.Array(Type.Unknown()), edges: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "lab.sample", request.params.id);
          return genealogyOf(tx, request.params.id);
        });
        return { body };
      },
    }),
    defineRoute({
      ...common,
      method: "GET",
      path: "/api/lab/samples/{id}/record",
      summary: "Everything of a sample as JSON, CSV or PDF: every version, reason, signature and place in the log",
      query: Type.Object({
        format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv"), Type.Literal("pdf")])),
      }),
      answers: { 200: Type.Object({ kind: Type.String() }) },
      handle: async (request) => {
        const { format = "json" } = request.query;
        const { id } = request.params;
        const { record, workspace } = await kernel.door.work(request.credential, read, async (tx) => {
          const found = { record: await recordOf(tx, id), workspace: await workspaceName(tx) };
          await tx.record({ action: "lab.sample.export", record: "lab.sample", rowId: id, fields: { format } });
          return found;
        });
        const name = `record-${record.sample.number}.${format}`;
        const headers = { "content-disposition": `attachment; filename="${name}"` };
        if (format === "csv") return { body: recordCsv(record), type: "text/csv; charset=utf-8", headers };
        if (format === "json") return { body: record, headers };
        const hash = createHash("sha256").update(JSON.stringify(record), "utf8").digest("hex");
        return {
          body: Buffer.from(await sampleRecordPdf(record, workspace, hash)),
          type: "application/pdf",
          headers,
        };
      },
    }),
  ];
}
