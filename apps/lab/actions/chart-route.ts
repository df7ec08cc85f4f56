import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { Type } from "typebox";
import { csvOf, defineRoute, doorProblem, spendStepUp, type Kernel, type Route, type Tx } from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { query } from "../query.ts";
import { chartProblem as problem } from "./chart-error.ts";
import { decideLimits, proposeLimits, requireChart } from "./chart-limit.ts";
import { listCharts, readChart } from "./chart-view.ts";
import { currentMethods } from "./frozen.ts";
import { csvAnswer } from "./gate-route.ts";
import { hasWords, listed } from "./list-word.ts";
import { controlRules, controlRulesSchema, sayControlRules, trendRules, trendRulesSchema } from "./rule-set.ts";
import { mayOf } from "./sample-view.ts";
import { nameOfActor } from "./save-result.ts";
import { toldOf } from "./told.ts";

const read = "lab.sample.read";
const change = "lab.chart.change";
const approve = "lab.chart.approve";
const note = "lab.chart.note";
const uuid = Type.String({ format: "uuid" });
const idParams = Type.Object({ id: uuid });
const closed = { additionalProperties: false };
const reason = Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" });
const day = Type.String({ format: "date", pattern: "^(19|20)[0-9]{2}-" });
const decimal = Type.Optional(Type.Union([Type.String({ pattern: "^-?[0-9]{1,18}(\\.[0-9]{1,18})?$" }), Type.Null()]));
const base = "/api/lab/charts";
const chartColumns = [
  "method",
  "methodTitle",
  "name",
  "unit",
  "kind",
  "material",
  "lot",
  "expiresOn",
  "state",
  "points",
  "frozen",
  "proposed",
  "outcome",
  "runAt",
];

/** Control charts: what a method's controls and blanks are held against, who froze it, and how each run came out. */
export function chartRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: base,
      summary: "Control charts with their limits in force and how the newest run came out; as JSON or CSV",
      tag: "lab",
      permission: read,
      query: Type.Object({
        method: Type.Optional(uuid),
        kind: Type.Optional(Type.Union([Type.Literal("control"), Type.Literal("blank")])),
        ...listed,
      }),
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()), total: Type.Integer() }) },
      handle: async (request) => {
        const { method, kind, q, format } = request.query;
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          if (format === "csv")
            await tx.record({
              action: "lab.control_chart.export",
              record: "lab.control_chart",
              fields: { method: method ?? null, kind: kind ?? null, q: q ?? null },
            });
          else kernel.access.read(tx.who, read, request.source, "lab.control_chart");
          const rules = await controlRules(tx);
          const all = await listCharts(tx, method);
          return {
            items: all.filter(
              (each) =>
                (kind === undefined || each.kind === kind) &&
                hasWords(q, each.method, each.methodTitle, each.name, each.material, each.lot),
            ),
            total: all.length,
            rules: { number: rules.number, rules: rules.rules, words: sayControlRules(rules.rules) },
            may: await mayOf(tx),
          };
        });
        if (format === "csv") return csvAnswer("control-charts", chartColumns, body.items);
        return { body };
      },
    }),
    defineRoute({
      method: "POST",
      path: base,
      summary: "Make the chart of a lot of a control material, or of a blank, for one analyte of a method",
      tag: "lab",
      permission: change,
      body: Type.Object(
        {
          methodId: uuid,
          analyte: Type.String({ maxLength: 60 }),
          kind: Type.Union([Type.Literal("control"), Type.Literal("blank")]),
          material: Type.String({ minLength: 1, maxLength: 120, pattern: "\\S" }),
          lot: Type.String({ minLength: 1, maxLength: 60, pattern: "\\S" }),
          runs: Type.Integer({ minimum: 10, maximum: 200 }),
          expiresOn: Type.Optional(Type.Union([day, Type.Null()])),
        },
        closed,
      ),
      answers: { 201: Type.Object({ id: Type.String() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, change, (tx) => makeChart(tx, request.body));
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${base}/{id}`,
      summary: "A control chart: its limits from first to last and its runs, each as it was judged",
      tag: "lab",
      permission: read,
      params: idParams,
      query: Type.Object({
        from: Type.Optional(day),
        to: Type.Optional(day),
        instrument: Type.Optional(Type.String({ maxLength: 60 })),
        format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")])),
      }),
      answers: { 200: Type.Object({ id: Type.String(), version: Type.Integer() }) },
      handle: async (request) => {
        const { format, ...filter } = request.query;
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          const found = await readChart(tx, request.params.id, filter);
          if (format === "csv")
            await tx.record({
              action: "lab.control_chart.export",
              record: "lab.control_chart",
              rowId: request.params.id,
              fields: { filters: filter, points: found.points.length },
            });
          else kernel.access.read(tx.who, read, request.source, "lab.control_chart", request.params.id);
          return found;
        });
        if (format !== "csv") return { body, headers: { etag: `"${body.version}"` } };
        const limits = new Map(body.limits.map((each) => [each.id, each]));
        const rows = body.points.map((point) => ({
          at: point.at,
          worksheet: point.worksheet,
          analyst: point.by ?? "",
          instrument: point.instruments.join(" "),
          value: point.text,
          unit: body.unit,
          deviations: point.z === null ? "" : point.z.toFixed(4),
          limits: point.limitNumber ?? "",
          mean: limits.get(point.limitId ?? "")?.mean ?? "",
          deviation: limits.get(point.limitId ?? "")?.deviation ?? "",
          upper: limits.get(point.limitId ?? "")?.upper ?? "",
          outcome: point.outcome,
          rules: point.violations.map((each) => each.rule).join(" "),
          notes: point.notes.map((each) => `${each.kind}: ${each.text} (${each.author})`).join(" | "),
        }));
        return {
          body: csvOf(Object.keys(rows[0] ?? { at: "", worksheet: "", value: "" }), rows),
          type: "text/csv; charset=utf-8",
          headers: { "content-disposition": `attachment; filename="chart-${fileWord(body.material, body.lot)}.csv"` },
        };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${base}/{id}/retire`,
      summary: "Retire the chart of a lot that is used up or expired; what it showed stays",
      tag: "lab",
      permission: change,
      params: idParams,
      body: Type.Object({ reason }, closed),
      answers: { 200: Type.Object({ id: Type.String(), version: Type.Integer() }) },
      handle: async (request) => {
        const version = request.version;
        const body = await kernel.door.work(request.credential, change, async (tx) => {
          const chart = await requireChart(tx, request.params.id);
          if (chart.version !== version)
            throw doorProblem.stale({ values: { current: chart.version, given: version } });
          if (chart.state === "retired")
            throw problem.chart_retired({ values: { what: `${chart.material} ${chart.lot}` } });
          const set = { state: "retired", retired_reason: request.body.reason };
          await updateAll(tx, "lab.control_chart", "lab.control_chart.retire", [
            { row: { id: chart.id, version, ...set }, fields: set },
          ]);
          return { id: chart.id, version: version + 1 };
        });
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${base}/{id}/limits`,
      summary:
        "Propose the next version of a chart's limits, from its runs or a certificate; another person freezes it",
      tag: "lab",
      permission: change,
      params: idParams,
      body: Type.Union([
        Type.Object(
          {
            source: Type.Literal("runs"),
            results: Type.Array(uuid, { minItems: 1, maxItems: 500 }),
            excluded: Type.Array(Type.Object({ id: uuid, reason }, closed), { maxItems: 200 }),
            reason,
          },
          closed,
        ),
        Type.Object(
          {
            source: Type.Literal("certificate"),
            certificate: reason,
            mean: decimal,
            deviation: decimal,
            upper: decimal,
            reason,
          },
          closed,
        ),
      ]),
      answers: { 201: Type.Object({ id: Type.String(), number: Type.Integer() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, change, (tx) =>
          proposeLimits(tx, request.params.id, request.body),
        );
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/chart-limits/{id}/decide",
      summary: "Freeze proposed limits, or refuse them, with a reason; never by who proposed them",
      tag: "lab",
      permission: approve,
      params: idParams,
      body: Type.Object({ frozen: Type.Boolean(), reason }, closed),
      answers: { 200: Type.Object({ id: Type.String(), version: Type.Integer(), state: Type.String() }) },
      handle: async (request) => {
        const version = request.version;
        const body = await kernel.door.work(request.credential, approve, async (tx) => {
          if (request.body.frozen)
            await spendStepUp(tx, request.raw, {
              action: "lab.chart_limit.freeze",
              subject: request.params.id,
              ...(await toldOf(tx, "limits", request.params.id)),
            });
          return decideLimits(tx, request.params.id, version, request.body);
        });
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/control-evaluations/{id}/notes",
      summary: "Say what was found and done about a run; its judgement stays",
      tag: "lab",
      permission: note,
      params: idParams,
      body: Type.Object(
        {
          kind: Type.Union([Type.Literal("comment"), Type.Literal("cause"), Type.Literal("action")]),
          text: Type.String({ minLength: 1, maxLength: 1000, pattern: "\\S" }),
        },
        closed,
      ),
      answers: { 201: Type.Object({ id: Type.String() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, note, async (tx) => {
          const run = await tx.first(
            query.selectFrom("lab.control_evaluation").select("id").where("id", "=", request.params.id),
          );
          if (!run) throw doorProblem.not_found();
          const id = uuidv7();
          await insertAll(tx, "lab.control_note", "lab.control_note.create", [
            {
              row: { id, evaluation_id: run.id, ...request.body, author: (await nameOfActor(tx)) ?? "" },
              fields: { ...request.body },
            },
          ]);
          return { id };
        });
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/rule-sets",
      summary: "The rules that control charts and trends are judged by, with their earlier versions",
      tag: "lab",
      permission: read,
      answers: {
        200: Type.Object({ control: Type.Unknown(), trend: Type.Unknown(), items: Type.Array(Type.Unknown()) }),
      },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "lab.rule_set");
          return {
            control: await controlRules(tx),
            trend: await trendRules(tx),
            items: await tx.all(
              query
                .selectFrom("lab.rule_set as s")
                .leftJoin("kernel.membership as m", "m.id", "s.created_by")
                .select(["s.id", "s.scope", "s.number", "s.rules", "s.reason", "s.created_at as at", "m.name as by"])
                .orderBy("s.created_at", "desc")
                .limit(100),
            ),
            may: await mayOf(tx),
          };
        });
        return { body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/rule-sets",
      summary: "Put another set of rules in force; what was judged before keeps the rules it was judged by",
      tag: "lab",
      permission: approve,
      body: Type.Union([
        Type.Object({ scope: Type.Literal("control"), rules: controlRulesSchema, reason }, closed),
        Type.Object({ scope: Type.Literal("trend"), rules: trendRulesSchema, reason }, closed),
      ]),
      answers: { 201: Type.Object({ id: Type.String(), number: Type.Integer() }) },
      handle: async (request) => {
        const { scope, rules, reason: why } = request.body;
        const body = await kernel.door.work(request.credential, approve, async (tx) => {
          await spendStepUp(tx, request.raw, { action: "lab.rule_set.create", subject: scope });
          const id = uuidv7();
          const before = scope === "control" ? await controlRules(tx) : await trendRules(tx);
          const number = before.number + 1;
          await insertAll(tx, "lab.rule_set", "lab.rule_set.create", [
            { row: { id, scope, number, rules, reason: why }, fields: { scope, number, rules, reason: why } },
          ]);
          return { id, number };
        });
        return { status: 201, body };
      },
    }),
  ];
}

async function makeChart(
  tx: Tx,
  body: {
    methodId: string;
    analyte: string;
    kind: "control" | "blank";
    material: string;
    lot: string;
    runs: number;
    expiresOn?: string | null;
  },
): Promise<{ id: string }> {
  const method = (await currentMethods(tx, [body.methodId])).get(body.methodId);
  if (method === undefined) throw doorProblem.not_found();
  const analyte = method.definition.analytes.find(({ key, kind }) => key === body.analyte && kind !== "text");
  if (analyte === undefined)
    throw problem.chart_not_fitting({ values: { what: `${method.title} determines no number of that name.` } });
  const there = await tx.first(
    query
      .selectFrom("lab.control_chart")
      .select("id")
      .where("method_id", "=", body.methodId)
      .where("analyte", "=", body.analyte)
      .where("kind", "=", body.kind)
      .where("material", "=", body.material.trim())
      .where("lot", "=", body.lot.trim()),
  );
  if (there) throw problem.chart_there({ values: { what: `${body.material} ${body.lot}` } });
  const id = uuidv7();
  const row = {
    id,
    method_id: body.methodId,
    analyte: body.analyte,
    name: analyte.name,
    unit: analyte.unit,
    kind: body.kind,
    material: body.material.trim(),
    lot: body.lot.trim(),
    runs: body.runs,
    expires_on: body.expiresOn ?? null,
    state: "in-use",
  };
  const { id: _, ...fields } = row;
  await insertAll(tx, "lab.control_chart", "lab.control_chart.create", [{ row, fields }]);
  return { id };
}

function fileWord(...parts: readonly string[]): string {
  return parts
    .join("-")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "")
    .slice(0, 60);
}
