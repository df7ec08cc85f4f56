import { sql } from "kysely";
import { Type } from "typebox";
import { csvOf, defineRoute, doorProblem, type Kernel, type Route, type Tx } from "@probity/kernel";
import { readDecimal, sayDecimal } from "../calc/decimal.ts";
import { query } from "../query.ts";
import { reportCapability } from "../statistic/capability.ts";
import type { Observed } from "../statistic/censored.ts";
import { findHints } from "../statistic/trend.ts";
import { analyteOf, methodVersions, specificationVersions, type MethodVersion } from "./frozen.ts";
import { trendRules } from "./rule-set.ts";

const read = "lab.sample.read";
const uuid = Type.String({ format: "uuid" });
const day = Type.String({ format: "date", pattern: "^(19|20)[0-9]{2}-" });
/** The newest of what was asked for. */
const shownValues = 1000;

type Asked = {
  readonly product: string;
  readonly method: string;
  readonly analyte: string;
  readonly point?: string | undefined;
  readonly lot?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
};

/** Trends: one determination of one product over time, at one sampling point or all. */
export function trendRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/lab/trends/series",
      summary: "What can be looked at over time: products, determinations and sampling points, with how many values",
      tag: "lab",
      permission: read,
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const { who, rows } = await kernel.door.once(request.credential, read, () => ({ statements: [seriesThere()] }));
        kernel.access.read(who, read, request.source, "lab.result");
        return { body: { items: rows[0] ?? [] } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/trends",
      summary: "One determination of one product over time, with limits, hints of a trend and capability",
      tag: "lab",
      permission: read,
      query: Type.Object({
        product: uuid,
        method: uuid,
        analyte: Type.String({ maxLength: 60 }),
        point: Type.Optional(uuid),
        lot: Type.Optional(Type.String({ maxLength: 60 })),
        from: Type.Optional(day),
        to: Type.Optional(day),
        format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")])),
      }),
      answers: { 200: Type.Object({ points: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const { format, ...asked } = request.query;
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          const found = await readTrend(tx, asked);
          if (format === "csv")
            await tx.record({
              action: "lab.trend.export",
              record: "lab.result",
              fields: { filters: asked, values: found.points.length },
            });
          else kernel.access.read(tx.who, read, request.source, "lab.result");
          return found;
        });
        if (format !== "csv") return { body };
        const rows = body.points.map(({ hints, instant, ...point }) => ({
          at: instant,
          ...point,
          hints: hints.join(" "),
          unit: body.unit,
        }));
        return {
          body: csvOf(Object.keys(rows[0] ?? { at: "", sample: "", text: "" }), rows),
          type: "text/csv; charset=utf-8",
          headers: { "content-disposition": 'attachment; filename="trend.csv"' },
        };
      },
    }),
  ];
}

/** The values in the order of sampling, what they were held against, and what they say together. */
async function readTrend(tx: Tx, asked: Asked) {
  const rows = (await tx.all(valuesOf(asked))).toReversed();
  const methods = await methodVersions(
    tx,
    rows.map((row) => row.methodVersionId),
  );
  const specifications = await specificationVersions(
    tx,
    rows.flatMap((row) => row.specificationVersionId ?? []),
  );
  const named = await tx.first(
    query
      .selectFrom("lab.product as p")
      .innerJoin("lab.method as m", (join) => join.on("m.id", "=", asked.method))
      .select(["p.name as product", "m.code as method", "m.title as methodTitle"])
      .where("p.id", "=", asked.product),
  );
  if (named === undefined) throw doorProblem.not_found();
  const points = rows.map((row) => {
    const limit = specifications
      .get(row.specificationVersionId ?? "")
      ?.limits.find(({ analyte, methodId }) => analyte === asked.analyte && methodId === asked.method);
    return {
      id: row.id,
      sampleId: row.sampleId,
      sample: row.sample,
      instant: row.at,
      point: row.point,
      lot: row.lot,
      by: row.by,
      text: row.text ?? "",
      ...observedOf(row, methods.get(row.methodVersionId), asked.analyte),
      verdict: row.verdict,
      // What was retested stays on the record and on the chart, and counts for nothing here.
      counted: row.state !== "retested",
      low: limit?.low ?? null,
      high: limit?.high ?? null,
    };
  });
  const counted = points.filter((each) => each.counted);
  const rules = await trendRules(tx);
  const hints = new Map(findHints(counted, rules.rules).map((each, index) => [counted[index]?.id, each]));
  const newest = counted.at(-1);
  const last = rows.at(-1);
  const analyte = last === undefined ? undefined : methods.get(last.methodVersionId);
  return {
    ...named,
    name: analyte === undefined ? asked.analyte : analyteOf(analyte, asked.analyte).name,
    unit: last?.unit ?? "",
    decimals: analyte === undefined ? null : analyteOf(analyte, asked.analyte).decimals,
    points: points.map((each) => ({ ...each, hints: hints.get(each.id) ?? [] })),
    limits: { low: newest?.low ?? null, high: newest?.high ?? null },
    limitsChanged: new Set(counted.map(({ low, high }) => `${low} ${high}`)).size > 1,
    rules: { number: rules.number, ...rules.rules },
    capability: reportCapability(counted, {
      ...(newest === undefined || newest.low === null ? {} : { lower: Number(newest.low) }),
      ...(newest === undefined || newest.high === null ? {} : { upper: Number(newest.high) }),
    }),
  };
}

/** A value below what its method quantifies is known to lie there, and no more. */
function observedOf(
  row: { number: string | null; qualifier: string | null },
  version: MethodVersion | undefined,
  key: string,
): Observed {
  const value = Number(row.number);
  if (row.qualifier === "<" || row.qualifier === "<=") return { value, censored: "below" };
  if (row.qualifier === ">" || row.qualifier === ">=") return { value, censored: "above" };
  const least = version === undefined ? undefined : readDecimal(analyteOf(version, key).quantification ?? "");
  const limit = least === undefined ? Number.NEGATIVE_INFINITY : Number(sayDecimal(least));
  return value < limit ? { value: limit, censored: "below" } : { value, censored: null };
}

function valuesOf({ product, method, analyte, point, lot, from, to }: Asked) {
  const at = sql<Date>`coalesce(s.sampled_at, s.received_at, r.entered_at)`;
  let list = query
    .selectFrom("lab.sample as s")
    .innerJoin("lab.result as r", "r.sample_id", "s.id")
    .innerJoin("lab.method_version as v", "v.id", "r.method_version_id")
    .leftJoin("lab.sampling_point as t", "t.id", "s.sampling_point_id")
    .select([
      "r.id",
      "r.text",
      "r.number",
      "r.qualifier",
      "r.unit",
      "r.verdict",
      "r.state",
      "r.entered_name as by",
      "r.method_version_id as methodVersionId",
      "s.id as sampleId",
      "s.number as sample",
      "s.lot",
      "s.specification_version_id as specificationVersionId",
      "t.code as point",
      at.as("at"),
    ])
    .where("s.product_id", "=", product)
    .where("v.method_id", "=", method)
    .where("r.analyte", "=", analyte)
    .where("r.kind", "=", "sample")
    .where("r.state", "in", ["entered", "verified", "retested"])
    .where("r.number", "is not", null)
    .where("s.deleted_at", "is", null)
    .orderBy(at, "desc")
    .orderBy("r.id", "desc")
    .limit(shownValues);
  if (point !== undefined) list = list.where("s.sampling_point_id", "=", point);
  if (lot !== undefined && lot !== "") list = list.where("s.lot", "=", lot);
  if (from !== undefined) list = list.where(at, ">=", new Date(`${from}T00:00:00Z`));
  if (to !== undefined) list = list.where(at, "<", new Date(Date.parse(`${to}T00:00:00Z`) + 86_400_000));
  return list;
}

function seriesThere() {
  return query
    .selectFrom("lab.result as r")
    .innerJoin("lab.sample as s", "s.id", "r.sample_id")
    .innerJoin("lab.product as p", "p.id", "s.product_id")
    .innerJoin("lab.method_version as v", "v.id", "r.method_version_id")
    .innerJoin("lab.method as m", "m.id", "v.method_id")
    .select([
      "p.id as product",
      "p.code as productCode",
      "p.name as productName",
      "m.id as method",
      "m.code as methodCode",
      "r.analyte",
      sql<string>`max(r.name)`.as("name"),
      sql<string>`max(r.unit)`.as("unit"),
      sql<number>`count(*)::integer`.as("values"),
      sql<
        string[]
      >`coalesce(array_agg(distinct s.sampling_point_id::text) filter (where s.sampling_point_id is not null), '{}')`.as(
        "points",
      ),
    ])
    .where("r.kind", "=", "sample")
    .where("r.state", "in", ["entered", "verified"])
    .where("r.number", "is not", null)
    .where("s.deleted_at", "is", null)
    .groupBy(["p.id", "p.code", "p.name", "m.id", "m.code", "r.analyte"])
    .orderBy("p.code")
    .orderBy("m.code")
    .limit(500);
}
