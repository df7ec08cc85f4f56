import { Type } from "typebox";
import { defineRoute, doorProblem, type Kernel, type Route } from "@probity/kernel";
import { query } from "../query.ts";
import { csvAnswer } from "./gate-route.ts";
import { changeLot, receiveLot, takeOf } from "./lot.ts";
import { consumptionsOf, lotEventsOf, lots, lotStatus, lotStatuses, traceOf, usedFor } from "./lot-read.ts";
import { mayOf } from "./sample-view.ts";

const read = "lab.sample.read";
const handle = "lab.lot.handle";
const release = "lab.lot.release";
const closed = { additionalProperties: false };
const uuid = Type.String({ format: "uuid" });
const idParams = Type.Object({ id: uuid });
const day = Type.String({ format: "date", pattern: "^(19|20)[0-9]{2}-" });
const made = { 201: Type.Object({ id: Type.String() }) };
const reason = Type.String({ minLength: 1, maxLength: 1000, pattern: "\\S" });
const word = (max: number) => Type.String({ minLength: 1, maxLength: max, pattern: "\\S" });
const format = Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")]));

/** Lots of materials: received, released, used, and what was made with them. */
export function lotRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/lab/lots",
      summary: "List lots with where each stands and what is left; as JSON or CSV",
      tag: "lab",
      permission: read,
      query: Type.Object({
        material: Type.Optional(uuid),
        status: Type.Optional(Type.Union(lotStatuses.map((each) => Type.Literal(each)))),
        q: Type.Optional(Type.String({ maxLength: 100 })),
        format,
      }),
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const { material, status, q, format: as } = request.query;
        const { all, may } = await kernel.door.work(request.credential, read, async (tx) => {
          if (as === "csv")
            await tx.record({
              action: "lab.lot.export",
              record: "lab.lot",
              fields: { material: material ?? null, status: status ?? null, q: q ?? null },
            });
          else kernel.access.read(tx.who, read, request.source, "lab.lot");
          const rows = await tx.all(material === undefined ? lots() : lots().where("l.material_id", "=", material));
          return { all: rows.map((row) => ({ ...row, status: lotStatus(row) })), may: await mayOf(tx) };
        });
        const words = (q ?? "")
          .toLowerCase()
          .split(/\s+/)
          .filter((each) => each !== "");
        const items = all.filter(
          (each) =>
            (status === undefined || each.status === status) &&
            words.every((one) =>
              [each.number, each.material, each.materialName, each.supplier, each.certificate]
                .join(" ")
                .toLowerCase()
                .includes(one),
            ),
        );
        if (as === "csv") return csvAnswer("lots", lotColumns, items);
        return { body: { items, total: all.length, may } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/lots",
      summary: "Receive a lot; another person releases it before it is used",
      tag: "lab",
      permission: handle,
      body: Type.Object(
        {
          materialId: uuid,
          number: word(60),
          supplier: word(120),
          certificate: word(120),
          receivedOn: day,
          expiresOn: day,
          afterOpeningDays: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 3650 }), Type.Null()])),
          content: Type.Optional(Type.Union([word(120), Type.Null()])),
          quantity: Type.String({ maxLength: 20 }),
        },
        closed,
      ),
      answers: made,
      handle: async (request) => {
        const id = await kernel.door.work(request.credential, handle, (tx) => receiveLot(tx, request.body));
        return { status: 201, body: { id } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/lots/{id}",
      summary: "A lot: its label, what happened to it, and what came in and went",
      tag: "lab",
      permission: read,
      params: idParams,
      query: Type.Object({ format }),
      answers: { 200: Type.Object({ id: Type.String(), events: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const { id } = request.params;
        const asCsv = request.query.format === "csv";
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          const row = await tx.first(lots().where("l.id", "=", id));
          if (!row) throw doorProblem.not_found();
          if (asCsv) await tx.record({ action: "lab.lot.export", record: "lab.lot", fields: { lot: id } });
          else kernel.access.read(tx.who, read, request.source, "lab.lot", id);
          return {
            ...row,
            status: lotStatus(row),
            events: await tx.all(lotEventsOf(id)),
            consumption: await tx.all(consumptionsOf(id)),
            you: tx.who.actorId,
            may: await mayOf(tx),
          };
        });
        if (asCsv) {
          const life = [...body.events, ...body.consumption].toSorted((a, b) => a.at.getTime() - b.at.getTime());
          return csvAnswer(`lot-${body.number}`, lifeColumns, life);
        }
        return { body };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/lots/{id}/trace",
      summary: "Every result that was made with a lot; as JSON or CSV",
      tag: "lab",
      permission: read,
      params: idParams,
      query: Type.Object({ format }),
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const { id } = request.params;
        const asCsv = request.query.format === "csv";
        const { items, number } = await kernel.door.work(request.credential, read, async (tx) => {
          const row = await tx.first(query.selectFrom("lab.lot").select("number").where("id", "=", id));
          if (!row) throw doorProblem.not_found();
          if (asCsv) await tx.record({ action: "lab.lot.export", record: "lab.lot", fields: { trace: id } });
          else kernel.access.read(tx.who, read, request.source, "lab.lot", id);
          return { items: await tx.all(traceOf(id)), number: row.number };
        });
        if (asCsv) return csvAnswer(`trace-${number}`, traceColumns, items);
        return { body: { items } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/results/{id}/used",
      summary: "What a result was made with: its instruments and lots, by whom they were named and when",
      tag: "lab",
      permission: read,
      params: idParams,
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const { id } = request.params;
        const items = await kernel.door.work(request.credential, read, async (tx) => {
          const row = await tx.first(
            query.selectFrom("lab.result").select("id").where("id", "=", id).where("deleted_at", "is", null),
          );
          if (!row) throw doorProblem.not_found();
          kernel.access.read(tx.who, read, request.source, "lab.result", id);
          return tx.all(usedFor(id));
        });
        return { body: { items } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/lots/{id}/handle",
      summary: "Open a lot, or put it into quarantine with the reason",
      tag: "lab",
      permission: handle,
      params: idParams,
      body: Type.Union([
        Type.Object({ act: Type.Literal("opened"), reason: Type.Optional(reason) }, closed),
        Type.Object({ act: Type.Literal("quarantined"), reason }, closed),
      ]),
      answers: made,
      handle: async (request) => {
        const { act, reason: why = null } = request.body;
        const id = await kernel.door.work(request.credential, handle, (tx) =>
          changeLot(tx, request.params.id, act, why),
        );
        return { status: 201, body: { id } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/lots/{id}/decide",
      summary:
        "Release a lot, put it into quarantine or reject it; released by another than brought it in or put it away",
      tag: "lab",
      permission: release,
      params: idParams,
      body: Type.Union([
        Type.Object({ act: Type.Literal("released"), reason: Type.Optional(reason) }, closed),
        Type.Object({ act: Type.Union([Type.Literal("quarantined"), Type.Literal("rejected")]), reason }, closed),
      ]),
      answers: made,
      handle: async (request) => {
        const { act, reason: why = null } = request.body;
        const id = await kernel.door.work(request.credential, release, (tx) =>
          changeLot(tx, request.params.id, act, why),
        );
        return { status: 201, body: { id } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/lots/{id}/take",
      summary: "Take of a lot for a worksheet or another purpose, dispose of some, or count what is there",
      tag: "lab",
      permission: handle,
      params: idParams,
      body: Type.Object(
        {
          act: Type.Union([Type.Literal("used"), Type.Literal("disposed"), Type.Literal("counted")]),
          quantity: Type.String({ maxLength: 20 }),
          worksheetId: Type.Optional(uuid),
          purpose: Type.Optional(word(500)),
        },
        closed,
      ),
      answers: { 201: Type.Object({ id: Type.String(), left: Type.String() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, handle, (tx) =>
          takeOf(tx, request.params.id, request.body),
        );
        return { status: 201, body };
      },
    }),
  ];
}

const lifeColumns = ["at", "by", "act", "quantity", "left", "worksheet", "purpose", "reason"];
const lotColumns = [
  "material",
  "materialName",
  "kind",
  "number",
  "supplier",
  "certificate",
  "content",
  "receivedOn",
  "expiresOn",
  "openedAt",
  "lastDay",
  "status",
  "left",
  "unit",
];
const traceColumns = [
  "sample",
  "product",
  "batch",
  "sampleState",
  "worksheet",
  "kind",
  "determination",
  "value",
  "unit",
  "state",
  "verdict",
  "enteredAt",
  "enteredBy",
  "how",
];
