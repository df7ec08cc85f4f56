import { Type } from "typebox";
import { csvOf, defineRoute, exportRows, spendStepUp, wholeExport, type Kernel, type Route } from "@probity/kernel";
import { answered, assessmentQuestions } from "./investigation-checklist.ts";
import {
  openInvestigation,
  printedName,
  requireInvestigation,
  requireOther,
  requireState,
  step,
  states,
} from "./investigation-step.ts";
import { listInvestigations, readInvestigation } from "./investigation-view.ts";

const read = "lab.sample.read";
const change = "lab.investigation.change";
const approve = "lab.investigation.approve";
const uuid = Type.String({ format: "uuid" });
const idParams = Type.Object({ id: uuid });
const closed = { additionalProperties: false };
const text = Type.String({ minLength: 1, maxLength: 4000, pattern: "\\S" });
const maybe = Type.Optional(Type.Union([Type.String({ maxLength: 4000 }), Type.Null()]));
const versioned = { 200: Type.Object({ id: Type.String(), version: Type.Integer() }) };
const base = "/api/lab/investigations";

/** Out-of-specification investigations, step by step; the database keeps the order and the four eyes once more. */
export function investigationRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "POST",
      path: "/api/lab/results/{id}/investigate",
      summary: "Open the investigation of a result out of specification",
      tag: "lab",
      permission: change,
      params: idParams,
      answers: { 201: Type.Object({ id: Type.String(), number: Type.String() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, change, (tx) =>
          openInvestigation(tx, request.params.id),
        );
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "GET",
      path: base,
      summary: "Investigations, newest first",
      tag: "lab",
      permission: read,
      query: Type.Object({
        state: Type.Optional(Type.Union([...states.map((each) => Type.Literal(each)), Type.Literal("open")])),
        sampleId: Type.Optional(uuid),
        q: Type.Optional(Type.String({ maxLength: 200 })),
        format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")])),
      }),
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const asCsv = request.query.format === "csv";
        const items = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "lab.investigation");
          if (asCsv) await tx.record({ action: "lab.investigation.export", record: "lab.investigation" });
          return asCsv ? listInvestigations(tx, request.query, exportRows + 1) : listInvestigations(tx, request.query);
        });
        if (!asCsv) return { body: { items } };
        const columns = [
          "number",
          "sample",
          "product",
          "lot",
          "analyte",
          "text",
          "unit",
          "state",
          "cause",
          "conclusion",
          "capa",
          "openedAt",
          "concludedAt",
        ];
        return {
          body: csvOf(columns, wholeExport(items)),
          type: "text/csv; charset=utf-8",
          headers: { "content-disposition": 'attachment; filename="investigations.csv"' },
        };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${base}/{id}`,
      summary: "An investigation with its result, retests and history",
      tag: "lab",
      permission: read,
      params: idParams,
      answers: { 200: Type.Object({ id: Type.String(), version: Type.Integer() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "lab.investigation", request.params.id);
          return readInvestigation(tx, request.params.id);
        });
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${base}/{id}/assess`,
      summary: "Write the assessment of phase I: the checklist, what was found, a hypothesis and its test",
      tag: "lab",
      permission: change,
      params: idParams,
      body: Type.Object(
        {
          checklist: Type.Array(
            Type.Object(
              {
                question: Type.Union(assessmentQuestions.map(({ key }) => Type.Literal(key))),
                answer: Type.Union([
                  Type.Literal("in-order"),
                  Type.Literal("deviation"),
                  Type.Literal("not-applicable"),
                ]),
                note: Type.String({ maxLength: 1000 }),
              },
              closed,
            ),
            { maxItems: assessmentQuestions.length },
          ),
          cause: Type.Union([Type.Literal("laboratory-error"), Type.Literal("none-found")]),
          causeText: text,
          hypothesis: maybe,
        },
        closed,
      ),
      answers: versioned,
      handle: async (request) => {
        const version = request.version;
        const { checklist, cause, causeText, hypothesis } = request.body;
        const body = await kernel.door.work(request.credential, change, async (tx) => {
          const row = await requireInvestigation(tx, request.params.id, version);
          requireState(row, ["phase-1"], "The assessment stays as it was written.");
          const set = { checklist: answered(checklist), cause, cause_text: causeText, hypothesis: hypothesis ?? null };
          return step(tx, row, "lab.investigation.assess", set);
        });
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${base}/{id}/plan`,
      summary: "Hand over a retest plan for approval, before any retest",
      tag: "lab",
      permission: change,
      params: idParams,
      body: Type.Object({ retests: Type.Integer({ minimum: 1, maximum: 10 }), plan: text }, closed),
      answers: versioned,
      handle: async (request) => {
        const version = request.version;
        const body = await kernel.door.work(request.credential, change, async (tx) => {
          const row = await requireInvestigation(tx, request.params.id, version);
          requireState(row, row.cause === null ? [] : ["phase-1"], "The assessment of phase I comes first.");
          const set = {
            state: "retest-planned",
            ...request.body,
            planned_name: await printedName(tx),
            rejected_reason: null,
          };
          return step(tx, row, "lab.investigation.plan", set);
        });
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${base}/{id}/decide`,
      summary: "Approve the retest plan, or send it back with a reason; never by who made it or the result",
      tag: "lab",
      permission: approve,
      params: idParams,
      body: Type.Object(
        {
          approved: Type.Boolean(),
          reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" })),
        },
        closed,
      ),
      answers: versioned,
      handle: async (request) => {
        const version = request.version;
        const { approved, reason } = request.body;
        const body = await kernel.door.work(request.credential, approve, async (tx) => {
          const row = await requireInvestigation(tx, request.params.id, version);
          requireState(
            row,
            approved || reason !== undefined ? ["retest-planned"] : [],
            "A plan waits for approval, and going back needs a reason.",
          );
          requireOther(tx, row, true);
          if (!approved)
            return step(tx, row, "lab.investigation.send_back", { state: "phase-1", rejected_reason: reason });
          await spendStepUp(tx, request.raw, {
            action: "lab.investigation.approve",
            subject: row.id,
            told: `investigation ${row.number}`,
          });
          return step(tx, row, "lab.investigation.approve", {
            state: "retest-approved",
            approved_name: await printedName(tx),
          });
        });
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${base}/{id}/widen`,
      summary: "Begin phase II, or write on in it: production, other batches, method and trend",
      tag: "lab",
      permission: change,
      params: idParams,
      body: Type.Object({ scope: text }, closed),
      answers: versioned,
      handle: async (request) => {
        const version = request.version;
        const body = await kernel.door.work(request.credential, change, async (tx) => {
          const row = await requireInvestigation(tx, request.params.id, version);
          const from =
            row.cause === "none-found"
              ? (["phase-1", "retest-approved", "phase-2"] as const)
              : (["retest-approved", "phase-2"] as const);
          requireState(row, from, "The assessment of phase I comes first.");
          return step(tx, row, "lab.investigation.widen", { state: "phase-2", scope: request.body.scope });
        });
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${base}/{id}/conclude`,
      summary: "Conclude and lock: laboratory error, confirmed or inconclusive, with the corrective action or why none",
      tag: "lab",
      permission: approve,
      params: idParams,
      body: Type.Object(
        {
          conclusion: Type.Union([
            Type.Literal("laboratory-error"),
            Type.Literal("confirmed"),
            Type.Literal("inconclusive"),
          ]),
          text,
          capa: Type.Optional(Type.String({ minLength: 1, maxLength: 120, pattern: "\\S" })),
          noCapa: Type.Optional(Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" })),
        },
        closed,
      ),
      answers: versioned,
      handle: async (request) => {
        const version = request.version;
        const { conclusion, capa, noCapa } = request.body;
        const body = await kernel.door.work(request.credential, approve, async (tx) => {
          const row = await requireInvestigation(tx, request.params.id, version);
          const error = conclusion === "laboratory-error";
          if (error)
            requireState(
              row,
              row.cause === "laboratory-error" ? ["phase-1", "retest-approved", "phase-2"] : [],
              "Phase I found no laboratory error to conclude with.",
            );
          else requireState(row, ["phase-2"], "Without a laboratory error phase II comes first.");
          if ((capa === undefined) === (noCapa === undefined))
            requireState(row, [], "Name the corrective action, or say why there is none.");
          requireOther(tx, row, false);
          await spendStepUp(tx, request.raw, {
            action: "lab.investigation.conclude",
            subject: row.id,
            told: `investigation ${row.number}`,
          });
          return step(tx, row, "lab.investigation.conclude", {
            state: "concluded",
            conclusion,
            conclusion_text: request.body.text,
            capa: capa ?? null,
            no_capa: noCapa ?? null,
            concluded_name: await printedName(tx),
          });
        });
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
  ];
}
