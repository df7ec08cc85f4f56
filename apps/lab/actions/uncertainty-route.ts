import { sql } from "kysely";
import { Type } from "typebox";
import { defineRoute, spendStepUp, type Kernel, type Route, type Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { csvAnswer } from "./gate-route.ts";
import { uncertaintyOf } from "../statistic/budget.ts";
import { mayOf } from "./sample-view.ts";
import { componentsSchema, decideBudget, proposeBudget, readComponents, uncertaintyOfResults } from "./uncertainty.ts";
import { toldOf } from "./told.ts";

const read = "lab.sample.read";
const change = "lab.chart.change";
const approve = "lab.chart.approve";
const uuid = Type.String({ format: "uuid" });
const idParams = Type.Object({ id: uuid });
const closed = { additionalProperties: false };
const reason = Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" });
const base = "/api/lab/uncertainty-budgets";

/** Measurement uncertainty: budgets by method version, and what they say of a result. */
export function uncertaintyRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: base,
      summary: "Uncertainty budgets, newest version first, each with what its sources add",
      tag: "lab",
      permission: read,
      query: Type.Object({
        method: Type.Optional(uuid),
        at: Type.Optional(Type.Number()),
        format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")])),
      }),
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const asCsv = request.query.format === "csv";
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          if (asCsv)
            await tx.record({
              action: "lab.uncertainty_budget.export",
              record: "lab.uncertainty_budget",
              fields: { method: request.query.method ?? null },
            });
          else kernel.access.read(tx.who, read, request.source, "lab.uncertainty_budget");
          const rows = await listBudgets(tx, request.query.method);
          return {
            items: rows.map((row) => {
              const components = readComponents(row.components);
              return {
                ...row,
                components,
                at: request.query.at ?? 1,
                of: uncertaintyOf(components, Number(row.coverage), request.query.at ?? 1),
              };
            }),
            you: tx.who.actorId,
            may: await mayOf(tx),
          };
        });
        if (asCsv) return csvAnswer("uncertainty-budgets", sourceColumns, body.items.flatMap(sourcesOf));
        return { body };
      },
    }),
    defineRoute({
      method: "POST",
      path: base,
      summary: "Propose an uncertainty budget for an analyte of a method's version; another person approves it",
      tag: "lab",
      permission: change,
      body: Type.Object(
        {
          methodVersionId: uuid,
          analyte: Type.String({ maxLength: 60 }),
          components: componentsSchema,
          coverage: Type.Number({ minimum: 1, maximum: 5 }),
          reason,
        },
        closed,
      ),
      answers: { 201: Type.Object({ id: Type.String(), number: Type.Integer() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, change, (tx) => proposeBudget(tx, request.body));
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${base}/{id}/decide`,
      summary: "Approve a proposed budget, or refuse it, with a reason; never by who proposed it",
      tag: "lab",
      permission: approve,
      params: idParams,
      body: Type.Object({ approved: Type.Boolean(), reason }, closed),
      answers: { 200: Type.Object({ id: Type.String(), version: Type.Integer(), state: Type.String() }) },
      handle: async (request) => {
        const version = request.version;
        const body = await kernel.door.work(request.credential, approve, async (tx) => {
          if (request.body.approved)
            await spendStepUp(tx, request.raw, {
              action: "lab.uncertainty_budget.approve",
              subject: request.params.id,
              ...(await toldOf(tx, "budget", request.params.id)),
            });
          return decideBudget(tx, request.params.id, version, request.body);
        });
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/results/uncertainty",
      summary:
        "Expanded uncertainty of results, rounded as it is stated; those without an approved budget are left out",
      tag: "lab",
      permission: read,
      query: Type.Object({
        ids: Type.String({
          maxLength: 8000,
          pattern: "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(,[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})*$",
        }),
      }),
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const items = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "lab.result");
          return [...(await uncertaintyOfResults(tx, request.query.ids.split(","))).values()];
        });
        return { body: { items } };
      },
    }),
  ];
}

function listBudgets(tx: Tx, method: string | undefined) {
  let list = query
    .selectFrom("lab.uncertainty_budget as b")
    .innerJoin("lab.method_version as v", "v.id", "b.method_version_id")
    .innerJoin("lab.method as m", "m.id", "v.method_id")
    .select([
      "b.id",
      "b.version",
      "b.analyte",
      "b.number",
      "b.components",
      "b.coverage",
      "b.state",
      "b.reason",
      "b.proposed_name as proposedBy",
      "b.created_by as proposedById",
      sql<Date>`coalesce(b.stated_at, b.created_at)`.as("proposedAt"),
      "b.decided_name as decidedBy",
      "b.decided_at as decidedAt",
      "b.decided_reason as decidedReason",
      "v.id as methodVersionId",
      "v.number as methodNumber",
      "m.id as methodId",
      "m.code as method",
      "m.title as methodTitle",
    ])
    .orderBy("m.code")
    .orderBy("b.analyte")
    .orderBy("v.number", "desc")
    .orderBy("b.number", "desc")
    .limit(500);
  if (method !== undefined) list = list.where("m.id", "=", method);
  return tx.all(list);
}

const sourceColumns = [
  "method",
  "methodVersion",
  "analyte",
  "budget",
  "state",
  "forResult",
  "source",
  "type",
  "distribution",
  "value",
  "relative",
  "sensitivity",
  "standard",
  "share",
  "combined",
  "coverage",
  "expanded",
  "proposedBy",
  "proposedAt",
  "reason",
  "decidedBy",
  "decidedAt",
  "decidedReason",
];

/** A budget as lines: one a source, each with what the whole came to. */
function sourcesOf(each: Awaited<ReturnType<typeof listBudgets>>[number] & { readonly at: number }) {
  const components = readComponents(each.components);
  const of = uncertaintyOf(components, Number(each.coverage), each.at);
  return components.map((component, index) => ({
    ...each,
    ...component,
    methodVersion: each.methodNumber,
    budget: each.number,
    forResult: each.at,
    source: component.name,
    standard: of.shares[index]?.standard ?? null,
    share: of.shares[index]?.share ?? null,
    combined: of.standard,
    expanded: of.expanded,
  }));
}
