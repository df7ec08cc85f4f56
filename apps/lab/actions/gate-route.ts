import { sql } from "kysely";
import { createHash } from "node:crypto";
import { Type } from "typebox";
import {
  csvOf,
  defineRoute,
  exportRows,
  spendStepUp,
  wholeExport,
  type Kernel,
  type Route,
  type Tx,
} from "@probity/kernel";
import { query } from "../query.ts";
import { byGate, gates, holdsOf } from "./gate.ts";
import { askOverride, decideOverrides } from "./override.ts";
import { mayOf } from "./sample-view.ts";
import { toldOverrides } from "./told.ts";

const read = "lab.sample.read";
const ask = "lab.override.ask";
const confirm = "lab.override.confirm";
const uuid = Type.String({ format: "uuid" });
const closed = { additionalProperties: false };
const ids = Type.Array(uuid, { minItems: 1, maxItems: 200 });

/** What holds results before verification, and the overrides that were asked for and decided. */
export function gateRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/lab/gates",
      summary: "What holds the entered results of a worksheet or sample, and the overrides of them",
      tag: "lab",
      permission: read,
      query: Type.Object({ worksheet: Type.Optional(uuid), sample: Type.Optional(uuid) }),
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()), overrides: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const { worksheet, sample } = request.query;
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "lab.gate_override", worksheet ?? sample);
          return gatesOf(tx, { worksheet, sample });
        });
        return { body };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/overrides",
      summary: "Overrides of gates, newest first; as JSON or CSV",
      tag: "lab",
      permission: read,
      query: Type.Object({
        state: Type.Optional(Type.Union([Type.Literal("asked"), Type.Literal("confirmed"), Type.Literal("refused")])),
        format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")])),
      }),
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const { state, format } = request.query;
        const asCsv = format === "csv";
        const { who, rows } = await kernel.door.once(request.credential, read, () => ({
          events: asCsv
            ? [{ action: "lab.gate_override.export", record: "lab.gate_override", fields: { state: state ?? null } }]
            : [],
          statements: [
            (state === undefined ? overrides() : overrides().where("o.state", "=", state)).limit(
              asCsv ? exportRows + 1 : 1000,
            ),
          ],
        }));
        const items = rows[0] ?? [];
        if (asCsv) return csvAnswer("overrides", overrideColumns, items);
        kernel.access.read(who, read, request.source, "lab.gate_override");
        return { body: { items } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/overrides",
      summary: "Ask for an override of held results at one gate; another person decides",
      tag: "lab",
      permission: ask,
      body: Type.Object(
        {
          resultIds: ids,
          gate: Type.String({ maxLength: 40 }),
          reason: Type.String({ minLength: 1, maxLength: 1000, pattern: "\\S" }),
        },
        closed,
      ),
      answers: { 201: Type.Object({ ids: Type.Array(Type.String()) }) },
      handle: async (request) => {
        const made = await kernel.door.work(request.credential, ask, (tx) => askOverride(tx, request.body));
        return { status: 201, body: { ids: made } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/overrides/decide",
      summary: "Confirm overrides with a fresh proof, or refuse them; never one's own, nor of a value one entered",
      tag: "lab",
      permission: confirm,
      body: Type.Object(
        {
          ids,
          confirmed: Type.Boolean(),
          reason: Type.Optional(Type.String({ minLength: 1, maxLength: 1000, pattern: "\\S" })),
        },
        closed,
      ),
      answers: { 200: Type.Object({ decided: Type.Integer() }) },
      handle: async (request) => {
        const { confirmed, reason = null } = request.body;
        const decided = await kernel.door.work(request.credential, confirm, async (tx) => {
          if (confirmed)
            await spendStepUp(tx, request.raw, {
              action: confirm,
              subject: subjectOf(request.body.ids),
              ...(await toldOverrides(tx, request.body.ids)),
            });
          return decideOverrides(tx, { ids: request.body.ids, confirmed, reason });
        });
        return { body: { decided } };
      },
    }),
  ];
}

/** What a fresh proof is given for: these overrides, no other. */
export function subjectOf(overrideIds: readonly string[]): string {
  const [first, ...more] = [...new Set(overrideIds)].toSorted();
  if (first !== undefined && more.length === 0) return first;
  return createHash("sha256")
    .update([first, ...more].join(","))
    .digest("hex");
}

/** A list as a file, whole or refused. */
export function csvAnswer(
  name: string,
  columns: readonly string[],
  rows: readonly Readonly<Record<string, unknown>>[],
) {
  return {
    body: csvOf(columns, wholeExport(rows)),
    type: "text/csv; charset=utf-8",
    // A number of the laboratory's own making may hold what a file's name may not.
    headers: { "content-disposition": `attachment; filename="${name.replaceAll(/[^A-Za-z0-9-]+/g, "-")}.csv"` },
  };
}

async function gatesOf(tx: Tx, of: { worksheet: string | undefined; sample: string | undefined }) {
  let list = query
    .selectFrom("lab.result")
    .select(["id", "worksheet_id", "method_version_id", "entered_by", "entered_at", "state"])
    .where("deleted_at", "is", null)
    .where("state", "in", ["entered", "verified"]);
  if (of.worksheet !== undefined) list = list.where("worksheet_id", "=", of.worksheet);
  else list = list.where("sample_id", "=", of.sample ?? "00000000-0000-0000-0000-000000000000");
  const rows = await tx.all(list);
  const holds = await holdsOf(
    tx,
    rows.filter((row) => row.state === "entered"),
  );
  const known =
    rows.length === 0
      ? []
      : await tx.all(
          overrides().where(
            "o.result_id",
            "in",
            rows.map((row) => row.id),
          ),
        );
  const enteredAt = new Map(rows.map((row) => [row.id, row.entered_at?.getTime()]));
  const items = [...byGate(holds).values()].flatMap((own) => {
    const first = own[0];
    if (first === undefined) return [];
    const override = known.find((each) => each.resultId === first.resultId && each.gate === first.gate);
    const covers = (each: (typeof known)[number]) =>
      each.resultId === first.resultId &&
      each.gate === first.gate &&
      each.enteredAt.getTime() === enteredAt.get(first.resultId) &&
      own.every(({ token }) => Array.isArray(each.holds) && each.holds.includes(token));
    return [
      {
        resultId: first.resultId,
        gate: first.gate,
        holds: own.map(({ token, reason, reference }) => ({ token, reason, reference: reference ?? null })),
        override: override ?? null,
        passed: known.some((each) => each.state === "confirmed" && covers(each)),
        stale: override?.state === "asked" && !covers(override),
      },
    ];
  });
  return {
    gates: gates.map(({ name, title }) => ({ name, title })),
    items,
    overrides: known,
    you: tx.who.actorId,
    may: await mayOf(tx),
  };
}

const overrideColumns = [
  "gate",
  "sample",
  "worksheet",
  "determination",
  "value",
  "said",
  "reason",
  "askedBy",
  "askedAt",
  "state",
  "decidedBy",
  "decidedAt",
  "decidedReason",
];

function overrides() {
  return query
    .selectFrom("lab.gate_override as o")
    .innerJoin("lab.result as r", "r.id", "o.result_id")
    .leftJoin("lab.sample as s", "s.id", "r.sample_id")
    .leftJoin("lab.worksheet as w", "w.id", "r.worksheet_id")
    .select([
      "o.id",
      "o.version",
      "o.result_id as resultId",
      "o.gate",
      "o.holds",
      "o.said",
      "o.value",
      "o.entered_at as enteredAt",
      "o.reason",
      "o.state",
      "o.asked_name as askedBy",
      "o.created_by as askedById",
      sql<Date>`coalesce(o.stated_at, o.created_at)`.as("askedAt"),
      "o.decided_name as decidedBy",
      "o.decided_at as decidedAt",
      "o.decided_reason as decidedReason",
      "r.name as determination",
      "r.entered_by as enteredById",
      "r.worksheet_id as worksheetId",
      "r.sample_id as sampleId",
      "s.number as sample",
      "w.number as worksheet",
    ])
    .where("o.deleted_at", "is", null)
    .orderBy("o.created_at", "desc")
    .orderBy("o.id", "desc");
}
