import { Type } from "typebox";
import { csvOf, defineRoute, doorProblem, spendStepUp, type Kernel, type Route } from "@probity/kernel";
import { query } from "../query.ts";
import { protocolSchema } from "../statistic/study-plan.ts";
import {
  approveProtocol,
  changeProtocol,
  createStudy,
  doPull,
  draftProtocol,
  omitPull,
  startBatch,
} from "./stability-change.ts";
import { evaluateStudy, freezeEvaluation } from "./stability-evaluate.ts";
import { listStudies, readStudy, studyStates } from "./stability-view.ts";
import { csvAnswer } from "./gate-route.ts";
import { listed } from "./list-word.ts";
import { mayOf } from "./sample-view.ts";
import { toldOf } from "./told.ts";

const read = "lab.sample.read";
const change = "lab.study.change";
const studies = "/api/lab/studies";
const closed = { additionalProperties: false };
const uuid = Type.String({ format: "uuid" });
const idParams = Type.Object({ id: uuid });
const reason = Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" });
const text = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: "\\S" });
const said = { specificationId: uuid, content: protocolSchema, reason };
const versioned = { 200: Type.Object({ id: Type.String(), version: Type.Integer() }) };
const months = Type.Integer({ minimum: 1, maximum: 120 });
const question = { analyte: text(60), condition: text(40), throughMonths: Type.Optional(months) };
const studyColumns = [
  "number",
  "title",
  "productCode",
  "product",
  "conditions",
  "state",
  "protocolNumber",
  "protocolState",
  "planned",
  "batches",
  "pulls",
  "done",
  "overdue",
  "deviations",
  "nextOn",
  "endsOn",
];
const inputColumns = [
  "use",
  "batch",
  "condition",
  "months",
  "analyte",
  "value",
  "text",
  "verdict",
  "sample",
  "resultId",
  "resultVersion",
];

/** Stability studies: protocol, batches, pulls, and what the results say of a shelf life. */
export function stabilityRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: studies,
      summary: "Stability studies with their progress, next and overdue pulls; as JSON or CSV",
      tag: "lab",
      permission: read,
      query: Type.Object({
        state: Type.Optional(Type.Union(studyStates.map((each) => Type.Literal(each)))),
        ...listed,
      }),
      answers: {
        200: Type.Object({
          items: Type.Array(Type.Unknown()),
          total: Type.Integer(),
          may: Type.Array(Type.String()),
        }),
      },
      handle: async (request) => {
        const { format, ...filters } = request.query;
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          if (format === "csv")
            await tx.record({ action: "lab.study.export", record: "lab.study", fields: { filters } });
          else kernel.access.read(tx.who, read, request.source, "lab.study");
          return { ...(await listStudies(tx, filters)), may: await mayOf(tx) };
        });
        if (format !== "csv") return { body };
        const rows = body.items.map((row) => ({ ...row, conditions: row.conditions.join("; ") }));
        return csvAnswer("studies", studyColumns, rows);
      },
    }),
    defineRoute({
      method: "POST",
      path: studies,
      summary: "Open a stability study with the draft of its protocol",
      tag: "lab",
      permission: change,
      body: Type.Object({ productId: uuid, title: text(160), ...said }, closed),
      answers: { 201: Type.Object({ id: Type.String(), number: Type.String(), protocolId: Type.String() }) },
      handle: async (request) => {
        const { productId, title, ...protocol } = request.body;
        const body = await kernel.door.work(request.credential, change, (tx) =>
          createStudy(tx, productId, title, protocol),
        );
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${studies}/{id}`,
      summary: "A stability study with its protocols, batches, pulls, results and evaluations",
      tag: "lab",
      permission: read,
      params: idParams,
      query: Type.Object({ format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")])) }),
      answers: { 200: Type.Object({ id: Type.String(), version: Type.Integer(), number: Type.String() }) },
      handle: async (request) => {
        const { id } = request.params;
        const asCsv = request.query.format === "csv";
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          const found = await readStudy(tx, id);
          if (asCsv) await tx.record({ action: "lab.study.export", record: "lab.study", fields: { study: id } });
          else kernel.access.read(tx.who, read, request.source, "lab.study", id);
          return found;
        });
        if (asCsv) return csvAnswer(`study-${body.number}`, pullColumns, pullsWithResults(body));
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${studies}/{id}/protocols`,
      summary: "Draft the next version of a study's protocol",
      tag: "lab",
      permission: change,
      params: idParams,
      body: Type.Object(said, closed),
      answers: { 201: Type.Object({ id: Type.String(), number: Type.Integer() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, change, (tx) =>
          draftProtocol(tx, request.params.id, request.body),
        );
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "PUT",
      path: "/api/lab/study-protocols/{id}",
      summary: "Change the draft of a protocol",
      tag: "lab",
      permission: change,
      params: idParams,
      body: Type.Object(said, closed),
      answers: versioned,
      handle: async (request) => {
        const version = request.version;
        const body = await kernel.door.work(request.credential, change, (tx) =>
          changeProtocol(tx, request.params.id, version, request.body),
        );
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/study-protocols/{id}/approve",
      summary: "Approve a protocol that others wrote, and freeze it",
      tag: "lab",
      permission: "lab.study.approve",
      params: idParams,
      answers: versioned,
      handle: async (request) => {
        const version = request.version;
        const { id } = request.params;
        const body = await kernel.door.work(request.credential, "lab.study.approve", async (tx) => {
          const approved = await approveProtocol(tx, id, version);
          await spendStepUp(tx, request.raw, {
            action: "lab.study.approve",
            subject: id,
            ...(await toldOf(tx, "protocol", id)),
          });
          return approved;
        });
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${studies}/{id}/batches`,
      summary: "Start a batch of a study today: lay its units in and derive its pulls",
      tag: "lab",
      permission: "lab.study.start",
      params: idParams,
      body: Type.Object(
        {
          lot: text(60),
          stored: Type.Array(
            Type.Object(
              { condition: text(40), units: Type.Integer({ minimum: 1, maximum: 100_000 }), place: text(120) },
              closed,
            ),
            { minItems: 1, maxItems: 12 },
          ),
        },
        closed,
      ),
      answers: { 201: Type.Object({ id: Type.String() }) },
      handle: async (request) => {
        const { lot, stored } = request.body;
        const body = await kernel.door.work(request.credential, "lab.study.start", (tx) =>
          startBatch(tx, request.params.id, lot.trim(), stored),
        );
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/study-pulls/{id}/pull",
      summary: "Do a pull now and register its sample; outside its window with the reason",
      tag: "lab",
      permission: "lab.study.pull",
      params: idParams,
      body: Type.Object({ reason: Type.Optional(reason) }, closed),
      answers: versioned,
      handle: async (request) => {
        const version = request.version;
        const body = await kernel.door.work(request.credential, "lab.study.pull", (tx) =>
          doPull(tx, request.params.id, version, request.body.reason ?? null),
        );
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/study-pulls/{id}/omit",
      summary: "Leave a pull out, with the reason",
      tag: "lab",
      permission: "lab.study.pull",
      params: idParams,
      body: Type.Object({ reason }, closed),
      answers: versioned,
      handle: async (request) => {
        const version = request.version;
        const body = await kernel.door.work(request.credential, "lab.study.pull", (tx) =>
          omitPull(tx, request.params.id, version, request.body.reason),
        );
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${studies}/{id}/evaluation`,
      summary: "What the data of one attribute say now: model, bound, shelf life, or why none is estimated",
      tag: "lab",
      permission: read,
      params: idParams,
      query: Type.Object(question),
      answers: { 200: Type.Object({ refused: Type.Array(Type.String()) }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          const found = await evaluateStudy(tx, request.params.id, request.query);
          kernel.access.read(tx.who, read, request.source, "lab.study", request.params.id);
          return found;
        });
        return { body };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${studies}/{id}/evaluations`,
      summary: "Keep an evaluation for good, with every result it was made from",
      tag: "lab",
      permission: "lab.study.evaluate",
      params: idParams,
      body: Type.Object(question, closed),
      answers: { 201: Type.Object({ id: Type.String(), number: Type.Integer(), sha256: Type.String() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, "lab.study.evaluate", (tx) =>
          freezeEvaluation(tx, request.params.id, request.body),
        );
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/study-evaluations/{id}",
      summary: "A kept evaluation to recompute: JSON, or its inputs as CSV",
      tag: "lab",
      permission: read,
      params: idParams,
      query: Type.Object({ format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")])) }),
      answers: { 200: Type.Object({ id: Type.String(), sha256: Type.String() }) },
      handle: async (request) => {
        const { id } = request.params;
        const found = await kernel.door.work(request.credential, read, async (tx) => {
          const row = await tx.first(
            query
              .selectFrom("lab.study_evaluation as e")
              .innerJoin("lab.study as s", "s.id", "e.study_id")
              .select([
                "e.id",
                "e.number",
                "e.content",
                "e.sha256",
                "e.made_name as madeBy",
                "e.created_at as madeAt",
                "s.number as study",
              ])
              .where("e.id", "=", id),
          );
          if (!row) throw doorProblem.not_found();
          await tx.record({
            action: "lab.study_evaluation.export",
            fields: { evaluation: id, format: request.query.format ?? "json" },
          });
          return row;
        });
        const name = `${found.study}-evaluation-${found.number}`;
        const headers = (ending: string) => ({ "content-disposition": `attachment; filename="${name}.${ending}"` });
        if (request.query.format !== "csv") return { body: found, headers: headers("json") };
        const rows = [
          ...inputsOf(found.content, "inputs", "estimate"),
          ...inputsOf(found.content, "supporting", "supporting"),
        ];
        return { body: csvOf(inputColumns, rows), type: "text/csv; charset=utf-8", headers: headers("csv") };
      },
    }),
  ];
}

const pullColumns = [
  "batch",
  "condition",
  "months",
  "dueOn",
  "opensOn",
  "closesOn",
  "pull",
  "pulledOn",
  "pulledBy",
  "deviation",
  "pullReason",
  "sample",
  "name",
  "text",
  "reported",
  "unit",
  "limit",
  "verdict",
  "state",
];

/** Every pull with each result of it; a pull without one is a line of its own. */
function pullsWithResults({ pulls, results }: Awaited<ReturnType<typeof readStudy>>): Record<string, unknown>[] {
  return pulls.flatMap((pull): Record<string, unknown>[] => {
    const own = results.filter(({ sampleId }) => sampleId === pull.sampleId);
    const facts = { ...pull, pull: pull.state, pullReason: pull.reason, state: "", verdict: null };
    return own.length === 0 ? [facts] : own.map((result) => ({ ...facts, ...result }));
  });
}

function inputsOf(content: unknown, list: string, use: string): Record<string, unknown>[] {
  const found: unknown = typeof content === "object" && content !== null ? Reflect.get(content, list) : [];
  return Array.isArray(found) ? found.map((each: object) => ({ use, ...each })) : [];
}
