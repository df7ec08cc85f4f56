import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { Type } from "typebox";
import { defineRoute, doorProblem, type Kernel, type Route, type Tx } from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { query } from "../query.ts";
import { csvAnswer } from "./gate-route.ts";
import { instrumentProblem as problem } from "./instrument-error.ts";
import { changeStanding, recordPerformed, requireInstrument } from "./instrument-event.ts";
import { eventsOf, instruments, presentInstrument, usesOf } from "./instrument-read.ts";
import { dueSoonDays, instrumentStatuses } from "./instrument-state.ts";
import { mayOf } from "./sample-view.ts";

const read = "lab.sample.read";
const change = "lab.instrument.change";
const hold = "lab.instrument.hold";
const closed = { additionalProperties: false };
const uuid = Type.String({ format: "uuid" });
const idParams = Type.Object({ id: uuid });
const day = Type.String({ format: "date", pattern: "^(19|20)[0-9]{2}-" });
const made = { 201: Type.Object({ id: Type.String() }) };
const reason = Type.String({ minLength: 1, maxLength: 1000, pattern: "\\S" });
const some = (max: number) => Type.Optional(Type.Union([Type.String({ minLength: 1, maxLength: max }), Type.Null()]));
const months = Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 120 }), Type.Null()]));
const facts = Type.Object(
  {
    number: Type.String({ minLength: 1, maxLength: 40, pattern: "\\S" }),
    kind: Type.String({ pattern: "^[a-z][a-z0-9-]{1,39}$" }),
    name: Type.String({ minLength: 1, maxLength: 120, pattern: "\\S" }),
    make: some(120),
    model: some(120),
    serial: some(80),
    location: some(120),
    calibrationMonths: months,
    qualificationMonths: months,
    maintenanceMonths: months,
  },
  closed,
);

/** Instruments: the register, what happened to each, and how each stands. */
export function instrumentRoutes(kernel: Kernel): Route[] {
  const readOne = (tx: Tx, id: string) => tx.first(instruments().where("i.id", "=", id));
  return [
    defineRoute({
      method: "GET",
      path: "/api/lab/instruments",
      summary: "List instruments with how each stands; as JSON or CSV",
      tag: "lab",
      permission: read,
      query: Type.Object({
        kind: Type.Optional(Type.String({ maxLength: 40 })),
        status: Type.Optional(Type.Union(instrumentStatuses.map((each) => Type.Literal(each)))),
        q: Type.Optional(Type.String({ maxLength: 100 })),
        format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")])),
      }),
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()), kinds: Type.Array(Type.String()) }) },
      handle: async (request) => {
        const { kind, status, q, format } = request.query;
        const asCsv = format === "csv";
        const { all, may } = await kernel.door.work(request.credential, read, async (tx) => {
          if (asCsv)
            await tx.record({
              action: "lab.instrument.export",
              record: "lab.instrument",
              fields: { kind: kind ?? null, status: status ?? null, q: q ?? null },
            });
          else kernel.access.read(tx.who, read, request.source, "lab.instrument");
          return { all: (await tx.all(instruments())).map(presentInstrument), may: await mayOf(tx) };
        });
        const words = (q ?? "")
          .toLowerCase()
          .split(/\s+/)
          .filter((word) => word !== "");
        const items = all.filter(
          (each) =>
            (kind === undefined || each.kind === kind) &&
            (status === undefined || each.status === status) &&
            words.every((word) =>
              [each.number, each.name, each.make, each.model, each.serial, each.location]
                .join(" ")
                .toLowerCase()
                .includes(word),
            ),
        );
        if (asCsv) return csvAnswer("instruments", instrumentColumns, items);
        const kinds = [...new Set(all.map((each) => each.kind))].toSorted();
        return { body: { items, kinds, total: all.length, may } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/instruments/status",
      summary: "How many instruments stand how, and what falls due soon or is overdue",
      tag: "lab",
      permission: read,
      answers: { 200: Type.Object({ counts: Type.Unknown(), attention: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const all = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "lab.instrument");
          return (await tx.all(instruments())).map(presentInstrument);
        });
        return { body: statusOfAll(all) };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/instruments",
      summary: "Register an instrument",
      tag: "lab",
      permission: change,
      body: facts,
      answers: made,
      handle: async (request) => {
        const id = uuidv7();
        await kernel.door.work(request.credential, change, async (tx) => {
          const row = rowOf(request.body);
          await requireFree(tx, row.number, id);
          await insertAll(tx, "lab.instrument", "lab.instrument.create", [{ row: { id, ...row }, fields: row }]);
        });
        return { status: 201, body: { id } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/instruments/{id}/change",
      summary: "Correct what the register says of an instrument",
      tag: "lab",
      permission: change,
      params: idParams,
      body: facts,
      answers: { 200: Type.Object({ id: Type.String(), version: Type.Integer() }) },
      handle: async (request) => {
        const [{ id }, version] = [request.params, request.version];
        await kernel.door.work(request.credential, change, async (tx) => {
          const row = rowOf(request.body);
          const known = await requireInstrument(tx, id);
          if (known.version !== version)
            throw doorProblem.stale({ values: { current: known.version, given: version } });
          await requireFree(tx, row.number, id);
          await updateAll(tx, "lab.instrument", "lab.instrument.change", [
            { row: { id, version, ...row }, fields: row },
          ]);
        });
        return { body: { id, version: version + 1 }, headers: { etag: `"${version + 1}"` } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/instruments/{id}",
      summary: "An instrument: how it stands, everything that happened to it, and where it was used",
      tag: "lab",
      permission: read,
      params: idParams,
      query: Type.Object({ format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")])) }),
      answers: { 200: Type.Object({ id: Type.String(), version: Type.Integer(), events: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const { id } = request.params;
        const asCsv = request.query.format === "csv";
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          const row = await readOne(tx, id);
          if (!row) throw doorProblem.not_found();
          if (asCsv)
            await tx.record({ action: "lab.instrument.export", record: "lab.instrument", fields: { instrument: id } });
          else kernel.access.read(tx.who, read, request.source, "lab.instrument", id);
          return {
            ...presentInstrument(row),
            events: await tx.all(eventsOf(id)),
            uses: await tx.all(usesOf(id)),
            you: tx.who.actorId,
            may: await mayOf(tx),
          };
        });
        if (asCsv) return csvAnswer(`instrument-${body.number}`, eventColumns, body.events);
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/instruments/{id}/events",
      summary: "Record a calibration, qualification or maintenance with its certificate; it counts from now on",
      tag: "lab",
      permission: change,
      params: idParams,
      body: Type.Object(
        {
          act: Type.Union([Type.Literal("calibration"), Type.Literal("qualification"), Type.Literal("maintenance")]),
          performedOn: day,
          dueOn: Type.Optional(day),
          outcome: Type.Union([Type.Literal("pass"), Type.Literal("adjusted"), Type.Literal("fail")]),
          reference: Type.String({ minLength: 1, maxLength: 120, pattern: "\\S" }),
          provider: Type.Optional(Type.String({ minLength: 1, maxLength: 120 })),
          reason: Type.Optional(reason),
        },
        closed,
      ),
      answers: made,
      handle: async (request) => {
        const id = await kernel.door.work(request.credential, change, (tx) =>
          recordPerformed(tx, request.params.id, request.body),
        );
        return { status: 201, body: { id } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/instruments/{id}/hold",
      summary: "Put an instrument on hold, with the reason; another person releases it",
      tag: "lab",
      permission: hold,
      params: idParams,
      body: Type.Object({ reason }, closed),
      answers: made,
      handle: async (request) => {
        const id = await kernel.door.work(request.credential, hold, (tx) =>
          changeStanding(tx, request.params.id, "hold", request.body.reason),
        );
        return { status: 201, body: { id } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/instruments/{id}/standing",
      summary: "Release an instrument from hold, retire it, or bring it back, with the reason",
      tag: "lab",
      permission: change,
      params: idParams,
      body: Type.Object(
        { act: Type.Union([Type.Literal("release"), Type.Literal("retire"), Type.Literal("return")]), reason },
        closed,
      ),
      answers: made,
      handle: async (request) => {
        const id = await kernel.door.work(request.credential, change, (tx) =>
          changeStanding(tx, request.params.id, request.body.act, request.body.reason),
        );
        return { status: 201, body: { id } };
      },
    }),
  ];
}

const eventColumns = [
  "sequence",
  "act",
  "performedOn",
  "dueOn",
  "outcome",
  "reference",
  "provider",
  "reason",
  "by",
  "at",
];
const instrumentColumns = [
  "number",
  "kind",
  "name",
  "make",
  "model",
  "serial",
  "location",
  "status",
  "nextDue",
  "nextDueOn",
  "holdReason",
  "calibrationMonths",
  "qualificationMonths",
  "maintenanceMonths",
];

/** Counts by state, and what needs somebody, the most urgent first. */
export function statusOfAll(all: readonly ReturnType<typeof presentInstrument>[]) {
  const order = ["on-hold", "overdue", "due-soon"];
  const attention = all
    .filter((each) => order.includes(each.status))
    .toSorted(
      (a, b) =>
        order.indexOf(a.status) - order.indexOf(b.status) || (a.nextDueOn ?? "").localeCompare(b.nextDueOn ?? ""),
    )
    .map(({ id, number, name, kind, status, nextDue, nextDueOn, holdReason }) => ({
      id,
      number,
      name,
      kind,
      status,
      nextDue,
      nextDueOn,
      holdReason,
    }));
  const counts = Object.fromEntries(
    instrumentStatuses.map((status) => [status, all.filter((each) => each.status === status).length]),
  );
  return { counts, total: all.length, dueSoonDays, attention };
}

type Facts = {
  number: string;
  kind: string;
  name: string;
  make?: string | null;
  model?: string | null;
  serial?: string | null;
  location?: string | null;
  calibrationMonths?: number | null;
  qualificationMonths?: number | null;
  maintenanceMonths?: number | null;
};
function rowOf(body: Facts) {
  if (!body.calibrationMonths && !body.qualificationMonths) throw problem.instrument_plan();
  return {
    number: body.number.trim(),
    kind: body.kind,
    name: body.name.trim(),
    make: body.make ?? null,
    model: body.model ?? null,
    serial: body.serial ?? null,
    location: body.location ?? null,
    calibration_months: body.calibrationMonths ?? null,
    qualification_months: body.qualificationMonths ?? null,
    maintenance_months: body.maintenanceMonths ?? null,
  };
}

async function requireFree(tx: Tx, number: string, id: string): Promise<void> {
  const taken = await tx.first(
    query
      .selectFrom("lab.instrument")
      .select("id")
      .where("number", "=", number)
      .where("id", "<>", id)
      .where("deleted_at", "is", null),
  );
  if (taken) throw problem.instrument_number({ values: { number } });
}
