import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { Type, type Static } from "typebox";
import { defineRoute, doorProblem, type Kernel, type Route, type Tx } from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { problem } from "../errors.ts";
import { query } from "../query.ts";
import { findText, skewMs } from "./register.ts";

const may = "lab.sample.correct";
const uuid = Type.String({ format: "uuid" });
const closed = { additionalProperties: false };
const maybe = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) =>
  Type.Optional(Type.Union([type, Type.Null()]));

const facts = Type.Object(
  {
    reason: Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" }),
    samplingPointId: maybe(uuid),
    lot: maybe(Type.String({ maxLength: 60 })),
    remark: maybe(Type.String({ maxLength: 1000 })),
    priority: Type.Optional(Type.Union([Type.Literal("routine"), Type.Literal("urgent")])),
    sampledAt: maybe(Type.String({ format: "date-time" })),
    sampledBy: maybe(Type.String({ maxLength: 120 })),
    dueOn: maybe(Type.String({ format: "date", pattern: "^(19|20)[0-9]{2}-" })),
  },
  closed,
);
type Facts = Static<typeof facts>;
/** One fact as it was and as it is, in words. */
type Change = { readonly field: string; readonly before: string | null; readonly after: string | null };

/** What was said of a sample when it was registered, corrected with the reason: product, limits and number stay. */
export function correctionRoute(kernel: Kernel): Route {
  return defineRoute({
    method: "POST",
    path: "/api/lab/samples/{id}/correct",
    summary: "Correct what a sample was registered with, with the reason; what is not sent stays",
    tag: "lab",
    permission: may,
    params: Type.Object({ id: uuid }),
    body: facts,
    answers: { 200: Type.Object({ id: Type.String(), version: Type.Integer(), changes: Type.Array(Type.Unknown()) }) },
    handle: async (request) => {
      const { version } = request;
      const { id } = request.params;
      const changes = await kernel.door.work(request.credential, may, (tx) =>
        correctSample(tx, id, version, request.body),
      );
      return { body: { id, version: version + 1, changes }, headers: { etag: `"${version + 1}"` } };
    },
  });
}

async function correctSample(tx: Tx, id: string, version: number, given: Facts): Promise<Change[]> {
  // 1. The sample as its caller saw it, still open.
  const sample = await tx.first(
    query
      .selectFrom("lab.sample as s")
      .innerJoin("lab.product as p", "p.id", "s.product_id")
      .leftJoin("lab.sampling_point as t", "t.id", "s.sampling_point_id")
      .select([
        "s.version",
        "s.number",
        "s.state",
        "s.blinded",
        "s.sampling_point_id",
        "s.lot",
        "s.remark",
        "s.priority",
        "s.sampled_at",
        "s.sampled_by",
        "s.due_on",
        "p.code as product",
        "p.name as productName",
        "t.code as point",
        "t.name as pointName",
      ])
      .where("s.id", "=", id)
      .where("s.deleted_at", "is", null)
      .forUpdate("s"),
  );
  if (!sample) throw doorProblem.not_found();
  if (sample.version !== version) throw doorProblem.stale({ values: { current: sample.version, given: version } });
  const { number } = sample;
  if (sample.blinded)
    throw problem.wrong_state({ values: { number, state: "blinded", next: "What is sealed is not corrected." } });
  if (!["registered", "received", "tested"].includes(sample.state))
    throw problem.wrong_state({ values: { number, state: sample.state, next: "Ask an admin to unlock it first." } });
  if (given.sampledAt && new Date(given.sampledAt).getTime() > Date.now() + skewMs) throw problem.sampled_later();
  // 2. What differs: a fact that is sent as it stands is no change.
  const point = given.samplingPointId ? await pointOf(tx, given.samplingPointId) : null;
  const text = (kept: string | null | undefined) => kept?.trim() || null;
  const now = {
    sampling_point_id: given.samplingPointId === undefined ? sample.sampling_point_id : (point?.id ?? null),
    lot: given.lot === undefined ? sample.lot : text(given.lot),
    remark: given.remark === undefined ? sample.remark : text(given.remark),
    priority: given.priority ?? sample.priority,
    sampled_at: given.sampledAt === undefined ? iso(sample.sampled_at) : iso(given.sampledAt),
    sampled_by: given.sampledBy === undefined ? sample.sampled_by : text(given.sampledBy),
    due_on: given.dueOn === undefined ? sample.due_on : given.dueOn,
  };
  const wasPoint = sample.point === null ? null : `${sample.point} ${sample.pointName ?? ""}`.trim();
  const isPoint =
    given.samplingPointId === undefined ? wasPoint : point === null ? null : `${point.code} ${point.name}`;
  const compared: Change[] = [
    { field: "Sampling point", before: wasPoint, after: isPoint },
    { field: "Lot", before: sample.lot, after: now.lot },
    { field: "Remark", before: sample.remark, after: now.remark },
    { field: "Priority", before: sample.priority, after: now.priority },
    { field: "Sampled at", before: iso(sample.sampled_at), after: now.sampled_at },
    { field: "Sampled by", before: sample.sampled_by, after: now.sampled_by },
    { field: "Due on", before: sample.due_on, after: now.due_on },
  ];
  const changes = compared.filter(({ before, after }) => before !== after);
  if (changes.length === 0) throw problem.nothing_corrected({ values: { number } });
  // 3. The reason with both values, then the sample.
  const reason = given.reason.trim();
  await insertAll(tx, "lab.correction", "lab.correction.create", [
    { row: { id: uuidv7(), sample_id: id, reason, changes }, fields: { reason, changes } },
  ]);
  const find = findText([
    number,
    `${sample.product} ${sample.productName}`,
    isPoint,
    now.lot,
    now.remark,
    now.sampled_by,
  ]);
  const changed = await updateAll(tx, "lab.sample", "lab.sample.correct", [
    { row: { id, version, ...now, find }, fields: { reason, changes } },
  ]);
  if (changed !== 1) throw doorProblem.stale({ values: { current: version + 1, given: version } });
  return changes;
}

/** What was corrected of a sample, oldest first. */
export function correctionsOf(id: string) {
  return query
    .selectFrom("lab.correction as c")
    .leftJoin("kernel.membership as m", "m.id", "c.created_by")
    .select(["c.id", "c.reason", "c.changes", "c.created_at as at", "m.name as by"])
    .where("c.sample_id", "=", id)
    .orderBy("c.id");
}

async function pointOf(tx: Tx, id: string) {
  const row = await tx.first(
    query
      .selectFrom("lab.sampling_point")
      .select(["id", "code", "name"])
      .where("id", "=", id)
      .where("deleted_at", "is", null),
  );
  if (!row) throw doorProblem.not_found();
  return row;
}

function iso(time: Date | string | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
