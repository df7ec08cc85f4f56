import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { Type } from "typebox";
import { sql } from "kysely";
import {
  csvOf,
  defineRoute,
  doorProblem,
  exportRows,
  wholeExport,
  type Kernel,
  type Route,
  type Tx,
} from "@probity/kernel";
import { insertAll, updateAll, type NewRow } from "../bulk.ts";
import { limitFault, limitSchema } from "../definition.ts";
import { problem } from "../errors.ts";
import { query } from "../query.ts";
import { filesBeside, listedResult } from "./attachment-read.ts";
import { chartForRow, feedCharts } from "./chart-point.ts";
import { currentMethods, methodVersions } from "./frozen.ts";
import { nextNumbers } from "./number.ts";
import { presentResults, resultColumns } from "./present.ts";
import { emptyResult } from "./register.ts";
import { mayOf } from "./sample-view.ts";
import { verificationsOver } from "./verification-view.ts";
import { wayOfVerifying } from "./verify.ts";
import { waiting } from "./worksheet-waiting.ts";

const read = "lab.sample.read";
const change = "lab.worksheet.change";
const uuid = Type.String({ format: "uuid" });
const idParams = Type.Object({ id: uuid });
const closed = { additionalProperties: false };
const { methodId: _, ...ends } = limitSchema.properties;
const lines = Type.Object(
  {
    resultIds: Type.Optional(Type.Array(uuid, { maxItems: 500 })),
    /** Rows of the worksheet's own: blanks and controls with their limits, duplicates of a sample's determination. */
    extra: Type.Optional(
      Type.Array(
        Type.Object(
          {
            kind: Type.Union([Type.Literal("blank"), Type.Literal("control"), Type.Literal("duplicate")]),
            methodId: uuid,
            name: Type.String({ minLength: 1, maxLength: 120 }),
            of: Type.Optional(uuid),
            /** The control chart that a blank or control feeds. */
            chartId: Type.Optional(uuid),
            limit: Type.Object(ends, closed),
          },
          closed,
        ),
        { maxItems: 50 },
      ),
    ),
  },
  closed,
);

/** Worksheets: what is determined in one go, with its blanks, controls and duplicates. */
export function worksheetRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/lab/worksheets",
      summary: "List worksheets, newest first",
      tag: "lab",
      permission: read,
      query: Type.Object({
        state: Type.Optional(Type.Union([Type.Literal("open"), Type.Literal("verified")])),
        q: Type.Optional(Type.String({ maxLength: 200 })),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
        cursor: Type.Optional(uuid),
        format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")])),
      }),
      answers: {
        200: Type.Object({ items: Type.Array(Type.Unknown()), next: Type.Union([Type.String(), Type.Null()]) }),
      },
      handle: async (request) => {
        const { state, cursor, q } = request.query;
        const asCsv = request.query.format === "csv";
        const limit = asCsv ? exportRows : (request.query.limit ?? 50);
        const events = asCsv
          ? [{ action: "lab.worksheet.export", record: "lab.worksheet", fields: { state: state ?? "all", q: q ?? "" } }]
          : [];
        const { who, rows } = await kernel.door.once(request.credential, read, () => {
          let list = worksheets().limit(limit + 1);
          if (state !== undefined) list = list.where("w.state", "=", state);
          for (const word of (q ?? "").split(/\s+/).filter((each) => each !== "")) {
            const like = `%${word.replaceAll(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
            list = list.where((build) => build.or([build("w.number", "ilike", like), build("w.title", "ilike", like)]));
          }
          if (cursor !== undefined) list = list.where("w.id", "<", cursor);
          return { events, statements: [list] };
        });
        if (asCsv)
          return {
            body: csvOf(
              ["number", "title", "state", "createdAt", "madeBy", "total", "entered", "out"],
              wholeExport(rows[0] ?? []),
            ),
            type: "text/csv; charset=utf-8",
            headers: { "content-disposition": 'attachment; filename="worksheets.csv"' },
          };
        kernel.access.read(who, read, request.source, "lab.worksheet");
        const items = (rows[0] ?? []).slice(0, limit);
        return { body: { items, next: (rows[0] ?? []).length > limit ? String(items.at(-1)?.["id"]) : null } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/worksheets/waiting",
      summary: "Determinations of received samples that are on no worksheet yet, by method",
      tag: "lab",
      permission: read,
      query: Type.Object({ method: Type.Optional(uuid) }),
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const { who, rows } = await kernel.door.once(request.credential, read, () => ({
          statements: [waiting(request.query.method)],
        }));
        kernel.access.read(who, read, request.source, "lab.result");
        return { body: { items: rows[0] ?? [] } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/worksheets",
      summary: "Make a worksheet, with rows or empty",
      tag: "lab",
      permission: change,
      body: Type.Object({ title: Type.String({ minLength: 1, maxLength: 120 }), ...lines.properties }, closed),
      answers: { 201: Type.Object({ id: Type.String(), number: Type.String() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, change, (tx) => makeWorksheet(tx, request.body));
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/worksheets/{id}/rows",
      summary: "Add rows to a worksheet",
      tag: "lab",
      permission: change,
      params: idParams,
      body: lines,
      answers: { 200: Type.Object({ id: Type.String(), version: Type.Integer() }) },
      handle: async (request) => {
        const version = request.version;
        const body = await kernel.door.work(request.credential, change, async (tx) => {
          const sheet = await requireWorksheet(tx, request.params.id, version);
          await addRows(tx, sheet.id, request.body);
          await touch(tx, sheet, "lab.worksheet.change");
          return { id: sheet.id, version: version + 1 };
        });
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/worksheets/{id}",
      summary: "A worksheet with its rows",
      tag: "lab",
      permission: read,
      params: idParams,
      answers: { 200: Type.Object({ id: Type.String(), version: Type.Integer(), rows: Type.Array(listedResult) }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          const sheet = await tx.first(worksheets().where("w.id", "=", request.params.id));
          if (!sheet) throw doorProblem.not_found();
          kernel.access.read(tx.who, read, request.source, "lab.worksheet", request.params.id);
          return {
            ...sheet,
            rows: await rowsOf(tx, request.params.id),
            verifications: await verificationsOver(tx, { worksheetId: request.params.id }),
            verifyBy: await wayOfVerifying(tx),
            you: tx.who.actorId,
            may: await mayOf(tx),
          };
        });
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
  ];
}

type Lines = { resultIds?: readonly string[]; extra?: readonly Extra[] };
type Extra = {
  kind: "blank" | "control" | "duplicate";
  methodId: string;
  name: string;
  of?: string;
  chartId?: string;
  limit: Omit<Parameters<typeof limitFault>[0], "methodId">;
};

/** A worksheet with its rows, in the transaction of whoever makes it. */
export async function makeWorksheet(tx: Tx, body: Lines & { title: string }): Promise<{ id: string; number: string }> {
  const [numbered] = await nextNumbers(tx, "worksheet", 1);
  if (numbered === undefined) throw new Error("A worksheet without a number");
  const id = uuidv7();
  await insertAll(tx, "lab.worksheet", "lab.worksheet.create", [
    {
      row: { id, ...numbered, title: body.title, state: "open" },
      fields: { number: numbered.number, title: body.title },
    },
  ]);
  await addRows(tx, id, body);
  return { id, number: numbered.number };
}

async function addRows(tx: Tx, worksheetId: string, { resultIds = [], extra = [] }: Lines): Promise<void> {
  const last = await tx.first(
    query
      .selectFrom("lab.result")
      .select(({ fn }) => fn.max("position").as("position"))
      .where("worksheet_id", "=", worksheetId),
  );
  let position = last?.position ?? 0;
  // 1. Blanks and controls come first: they are run first. Their places are kept while the samples' rows are put on.
  const first = position + 1;
  position += extra.length;
  await placeRows(tx, worksheetId, resultIds, position);
  const added: NewRow[] = [];
  const feeds: { chartId: string; resultId: string }[] = [];
  const methods = await currentMethods(
    tx,
    extra.map((each) => each.methodId),
  );
  const originals = await originalsOf(tx, worksheetId, extra);
  for (const [index, each] of extra.entries()) {
    const original = each.kind === "duplicate" ? originals.get(each.of ?? "") : undefined;
    if (each.kind === "duplicate" && original === undefined) throw problem.duplicate_of_none();
    // A duplicate is determined as its original is, also where the method has a newer version.
    const version = original?.version ?? methods.get(each.methodId);
    if (version === undefined) throw doorProblem.not_found();
    const analyte = original?.analyte ?? each.limit.analyte;
    const fault = limitFault({ ...each.limit, methodId: each.methodId });
    if (fault !== null) throw problem.limit_wrong({ values: { why: fault } });
    const chart =
      each.chartId === undefined ? undefined : await chartForRow(tx, { ...each, chartId: each.chartId, analyte });
    const empty = emptyResult(version, analyte, {
      worksheet_id: worksheetId,
      position: first + index,
      kind: each.kind,
      sample_id: original?.sampleId ?? null,
      duplicate_of: original?.id ?? null,
      // Of a blinded sample they stand with each result.
      limits: original === undefined ? each.limit : original.limits,
    });
    const name = each.kind === "duplicate" ? empty.row["name"] : (chart?.name ?? each.name);
    added.push({ row: { ...empty.row, name }, fields: { ...empty.fields, kind: each.kind } });
    if (chart !== undefined) feeds.push({ chartId: chart.id, resultId: empty.row.id });
  }
  await insertAll(tx, "lab.result", "lab.result.create", added);
  await feedCharts(tx, feeds);
}

/** What duplicates on this worksheet are of: determinations of samples that stand on it. */
async function originalsOf(tx: Tx, worksheetId: string, extra: readonly Extra[]) {
  const ids = extra.flatMap((each) => (each.kind === "duplicate" && each.of !== undefined ? [each.of] : []));
  if (ids.length === 0) return new Map<string, never>();
  const rows = await tx.all(
    query
      .selectFrom("lab.result")
      .select(["id", "sample_id as sampleId", "analyte", "limits", "method_version_id as methodVersionId"])
      .where("id", "in", ids)
      .where("worksheet_id", "=", worksheetId)
      .where("kind", "=", "sample")
      .where("deleted_at", "is", null),
  );
  const versions = await methodVersions(
    tx,
    rows.map((row) => row.methodVersionId),
  );
  return new Map(rows.map((row) => [row.id, { ...row, version: versions.get(row.methodVersionId) }]));
}

/** Puts on what is open of received samples, and on no other worksheet, in the order it was chosen. */
async function placeRows(tx: Tx, worksheetId: string, resultIds: readonly string[], after: number): Promise<void> {
  let position = after;
  const rows =
    resultIds.length === 0
      ? []
      : await tx.all(
          query
            .selectFrom("lab.result as r")
            .innerJoin("lab.sample as s", "s.id", "r.sample_id")
            .select(["r.id", "r.version", "r.state", "r.worksheet_id", "s.number", "s.state as sample_state"])
            .where("r.id", "in", [...resultIds])
            .where("r.deleted_at", "is", null)
            .forUpdate("r"),
        );
  const byId = new Map(rows.map((row) => [row.id, row]));
  const placed = [...new Set(resultIds)].map((id) => {
    const row = byId.get(id);
    if (row === undefined) throw doorProblem.not_found();
    if (row.sample_state === "registered") throw problem.not_received({ values: { number: row.number } });
    if (row.state !== "open" || row.worksheet_id !== null)
      throw problem.wrong_state({
        values: {
          number: row.number,
          state: row.worksheet_id === null ? row.state : "on another worksheet",
          next: "Choose what is open.",
        },
      });
    position += 1;
    return {
      row: { id, version: row.version, worksheet_id: worksheetId, position },
      fields: { worksheet: worksheetId, position },
    };
  });
  await updateAll(tx, "lab.result", "lab.result.place", placed);
}

/** The worksheet at the version its caller saw, still open. */
export async function requireWorksheet(tx: Tx, id: string, version: number) {
  const sheet = await tx.first(
    query
      .selectFrom("lab.worksheet")
      .select(["id", "version", "state", "number"])
      .where("id", "=", id)
      .where("deleted_at", "is", null)
      .forUpdate(),
  );
  if (!sheet) throw doorProblem.not_found();
  if (sheet.version !== version) throw doorProblem.stale({ values: { current: sheet.version, given: version } });
  if (sheet.state === "verified")
    throw problem.wrong_state({ values: { number: sheet.number, state: "verified", next: "Make another worksheet." } });
  return sheet;
}

/** A new version of the worksheet: whoever has the old one open learns of it. */
async function touch(tx: Tx, sheet: { id: string; version: number; state: string }, action: string) {
  const set = { state: sheet.state };
  await updateAll(tx, "lab.worksheet", action, [
    { row: { id: sheet.id, version: sheet.version, ...set }, fields: set },
  ]);
}

async function rowsOf(tx: Tx, worksheetId: string) {
  const rows = await tx.all(
    query
      .selectFrom("lab.result as r")
      .leftJoin("lab.sample as s", "s.id", "r.sample_id")
      .leftJoin("lab.product as p", "p.id", "s.product_id")
      .leftJoin("lab.sampling_point as t", "t.id", "s.sampling_point_id")
      .select([
        ...resultColumns,
        "s.number as sample",
        "s.specification_version_id",
        "s.priority",
        "s.due_on",
        "p.name as product",
        "t.code as point",
        filesBeside,
      ])
      .where("r.worksheet_id", "=", worksheetId)
      .where("r.deleted_at", "is", null)
      .orderBy("r.position")
      .orderBy("r.id"),
  );
  return (await presentResults(tx, rows)).map(({ row, shown }) => ({
    ...shown,
    files: row.files,
    sample: row.sample,
    sampleId: row.sample_id,
    product: row.product,
    point: row.point,
    priority: row.priority,
    dueOn: row.due_on,
  }));
}

function worksheets() {
  const count = (...states: string[]) =>
    sql<number>`(select count(*)::integer from lab.result r where r.tenant_id = w.tenant_id and r.worksheet_id = w.id and r.state in (${sql.join(states)}))`;
  return query
    .selectFrom("lab.worksheet as w")
    .leftJoin("kernel.membership as m", "m.id", "w.created_by")
    .select([
      "w.id",
      "w.version",
      "w.number",
      "w.title",
      "w.state",
      sql<Date>`coalesce(w.stated_at, w.created_at)`.as("createdAt"),
      "m.name as madeBy",
      count("open", "entered", "verified", "retested").as("total"),
      count("entered", "verified", "retested").as("entered"),
      sql<number>`(select count(*)::integer from lab.result r where r.tenant_id = w.tenant_id and r.worksheet_id = w.id and r.verdict = 'out')`.as(
        "out",
      ),
    ])
    .where("w.deleted_at", "is", null)
    .orderBy("w.id", "desc");
}
