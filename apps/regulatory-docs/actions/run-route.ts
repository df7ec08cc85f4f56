import { Type } from "typebox";
import { defineRoute, httpProblem, type Kernel, type Route } from "@probity/kernel";
import type { Sealer } from "@probity/seal";
import { loadPack } from "../engine/pack.ts";
import { query } from "../query.ts";
import { reportCsv } from "../report/csv.ts";
import { reportJson } from "../report/json.ts";
import { reportInput } from "./report-input.ts";
import { sealedReport } from "./seal-report.ts";
import { runHistory } from "./run-history.ts";
import { startRun } from "./start-run.ts";
import { countsOf, readRun } from "./run-view.ts";

const read = "regulatory_docs.collection.read";
const start = "regulatory_docs.run.start";
const exportReport = "regulatory_docs.report.export";
const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });

/** Analyses: start, list, read, compare, report. */
export function runRoutes(kernel: Kernel, sealer?: Sealer): Route[] {
  return [
    defineRoute({
      method: "POST",
      path: "/api/regulatory-docs/collections/{id}/analyse",
      summary: "Analyse a collection against a requirement pack",
      tag: "regulatory-docs",
      permission: start,
      budget: "analysis",
      params: idParams,
      body: Type.Object({ pack: Type.String({ maxLength: 60 }) }, { additionalProperties: false }),
      answers: { 202: Type.Object({ runId: Type.String(), jobId: Type.String() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, start, (tx) =>
          startRun(tx, request.params.id, request.body.pack),
        );
        return { status: 202, body };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/regulatory-docs/runs",
      summary: "A collection's runs, newest first",
      tag: "regulatory-docs",
      permission: read,
      query: Type.Object({ collection: Type.String({ format: "uuid" }) }),
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const items = await kernel.door.work(request.credential, read, async (tx) => {
          const runs = await tx.all(
            query
              .selectFrom("regulatory_docs.run")
              .selectAll()
              .where("collection_id", "=", request.query.collection)
              .where("deleted_at", "is", null)
              .orderBy("number", "desc")
              .limit(200),
          );
          const ids = runs.map((each) => each.id);
          const findings =
            ids.length === 0
              ? []
              : await tx.all(
                  query
                    .selectFrom("regulatory_docs.finding")
                    .select(["run_id", "status", "decided_status"])
                    .where("run_id", "in", ids),
                );
          kernel.access.read(tx.who, read, request.source, "regulatory_docs.run");
          return runs.map((each) => ({
            id: each.id,
            number: each.number,
            pack: each.pack_id,
            packVersion: each.pack_version,
            state: each.state,
            createdAt: each.created_at,
            counts: countsOf(
              findings
                .filter((finding) => finding.run_id === each.id)
                .map((finding) => finding.decided_status ?? finding.status),
            ),
          }));
        });
        return { body: { items } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/regulatory-docs/runs/{id}",
      summary: "A run with its findings and evidence",
      tag: "regulatory-docs",
      permission: read,
      params: idParams,
      answers: { 200: Type.Object({ id: Type.String(), findings: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          const view = await readRun(kernel, tx, request.params.id);
          await tx.record({ action: "regulatory_docs.run.open", record: "regulatory_docs.run", rowId: view.id });
          return view;
        });
        return { body };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/regulatory-docs/runs/{id}/compare/{otherId}",
      summary: "What changed between two runs",
      tag: "regulatory-docs",
      permission: read,
      params: Type.Object({ id: Type.String({ format: "uuid" }), otherId: Type.String({ format: "uuid" }) }),
      answers: { 200: Type.Object({ changed: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          const [now, then] = [
            await readRun(kernel, tx, request.params.id),
            await readRun(kernel, tx, request.params.otherId),
          ];
          const before = new Map(then.findings.map((each) => [each.requirementId, each]));
          kernel.access.read(tx.who, read, request.source, "regulatory_docs.run", now.id);
          const changed = now.findings.flatMap((each) => {
            const was = before.get(each.requirementId);
            const same =
              was !== undefined &&
              (was.decidedStatus ?? was.status) === (each.decidedStatus ?? each.status) &&
              Math.abs(was.coverage - each.coverage) < 0.005;
            return same
              ? []
              : [
                  {
                    requirementId: each.requirementId,
                    title: each.title,
                    before: was ? (was.decidedStatus ?? was.status) : null,
                    after: each.decidedStatus ?? each.status,
                    beforeCoverage: was?.coverage ?? null,
                    afterCoverage: each.coverage,
                  },
                ];
          });
          return { run: { id: now.id, number: now.number }, other: { id: then.id, number: then.number }, changed };
        });
        return { body };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/regulatory-docs/runs/{id}/history",
      summary: "Every version of a run and of its findings: who changed what, when and why",
      tag: "regulatory-docs",
      permission: read,
      params: idParams,
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const items = await kernel.door.work(request.credential, read, async (tx) => {
          const found = await runHistory(tx, request.params.id);
          kernel.access.read(tx.who, read, request.source, "regulatory_docs.run", request.params.id);
          return found;
        });
        return { body: { items } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/regulatory-docs/runs/{id}/report",
      summary: "A run's report as PDF, CSV or JSON",
      tag: "regulatory-docs",
      permission: exportReport,
      params: idParams,
      query: Type.Object({
        format: Type.Union([Type.Literal("pdf"), Type.Literal("csv"), Type.Literal("json")]),
        zone: Type.Optional(Type.String({ maxLength: 60, pattern: "^[A-Za-z_+/-]+[0-9]*$" })),
      }),
      answers: { 200: "application/pdf" },
      handle: async (request) => {
        const { format, zone } = request.query;
        if (zone !== undefined && !isZone(zone))
          throw httpProblem.request_not_understood({ values: { reason: "zone is no time zone" } });
        const input = await kernel.door.work(request.credential, exportReport, async (tx) => {
          const view = await readRun(kernel, tx, request.params.id);
          await tx.record({
            action: "regulatory_docs.report.export",
            record: "regulatory_docs.run",
            rowId: view.id,
            fields: { format },
          });
          return reportInput(tx, view, loadPack(view.pack.id), zone ?? "UTC");
        });
        const name = `gap-report-${input.pack.id}-run-${input.runNumber}.${format}`;
        const headers = { "content-disposition": `attachment; filename="${name}"` };
        if (format === "csv") return { body: reportCsv(input), type: "text/csv; charset=utf-8", headers };
        if (format === "json") return { body: reportJson(input), type: "application/json; charset=utf-8", headers };
        const pdf = await sealedReport(kernel, sealer, request.credential, request.params.id, input);
        return {
          body: Buffer.from(pdf.bytes),
          type: "application/pdf",
          headers: { ...headers, "probity-seal": pdf.level },
        };
      },
    }),
  ];
}

/** Known to this machine by its IANA name. */
function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
