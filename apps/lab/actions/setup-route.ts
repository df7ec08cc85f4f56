import { Type } from "typebox";
import { sql } from "kysely";
import { defineRoute, doorProblem, type Kernel, type Route, type Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { methodVersions } from "./frozen.ts";
import { instruments, presentInstrument } from "./instrument-read.ts";
import { lots, lotStatus } from "./lot-read.ts";
import { mayOf } from "./sample-view.ts";
import { nameForResults, nameForWorksheet } from "./setup.ts";

const read = "lab.sample.read";
const closed = { additionalProperties: false };
const uuid = Type.String({ format: "uuid" });
const idParams = Type.Object({ id: uuid });
const named = {
  instrumentIds: Type.Array(uuid, { maxItems: 30 }),
  lotIds: Type.Array(uuid, { maxItems: 60 }),
};

/** What results are made with: named for a worksheet before they are entered, corrected afterwards with a reason. */
export function setupRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/lab/worksheets/{id}/setup",
      summary: "What a worksheet's results are made with, what its methods ask for, and what there is to choose",
      tag: "lab",
      permission: read,
      params: idParams,
      answers: { 200: Type.Object({ number: Type.Integer(), required: Type.Unknown() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "lab.setup", request.params.id);
          return setupOf(tx, request.params.id);
        });
        return { body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/worksheets/{id}/setup",
      summary: "Name the instruments and lots that results of a worksheet are made with from now on",
      tag: "lab",
      permission: "lab.worksheet.change",
      params: idParams,
      body: Type.Object({ ...named, basedOn: Type.Integer({ minimum: 0 }) }, closed),
      answers: { 201: Type.Object({ id: Type.String(), number: Type.Integer() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, "lab.worksheet.change", (tx) =>
          nameForWorksheet(tx, request.params.id, request.body),
        );
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/results/setup",
      summary: "Say what single results were made with; of entered ones with the reason",
      tag: "lab",
      permission: "lab.result.enter",
      body: Type.Object(
        {
          ...named,
          rows: Type.Array(Type.Object({ id: uuid, version: Type.Integer({ minimum: 1 }) }, closed), {
            minItems: 1,
            maxItems: 500,
          }),
          reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" })),
        },
        closed,
      ),
      answers: { 200: Type.Object({ changed: Type.Integer() }) },
      handle: async (request) => {
        const { reason = null, ...rest } = request.body;
        const changed = await kernel.door.work(request.credential, "lab.result.enter", (tx) =>
          nameForResults(tx, { ...rest, reason }),
        );
        return { body: { changed } };
      },
    }),
  ];
}

async function setupOf(tx: Tx, worksheetId: string) {
  const sheet = await tx.first(
    query
      .selectFrom("lab.worksheet")
      .select(["id", "state"])
      .where("id", "=", worksheetId)
      .where("deleted_at", "is", null),
  );
  if (!sheet) throw doorProblem.not_found();
  // 1. What its methods ask for.
  const used = await tx.all(
    query.selectFrom("lab.result").select("method_version_id").distinct().where("worksheet_id", "=", worksheetId),
  );
  const methods = [
    ...(
      await methodVersions(
        tx,
        used.map((row) => row.method_version_id),
      )
    ).values(),
  ];
  const required = {
    instruments: [...new Set(methods.flatMap((each) => each.definition.instruments ?? []))].toSorted(),
    materials: [...new Set(methods.flatMap((each) => each.definition.materials ?? []))].toSorted(),
    training: methods.filter((each) => each.definition.training === true).map((each) => `${each.code} v${each.number}`),
  };
  // 2. What was named, the newest first, and by how many results each set is kept.
  const sets = await tx.all(
    query
      .selectFrom("lab.setup as s")
      .select([
        "s.id",
        "s.number",
        "s.by_name as by",
        "s.created_at as at",
        sql<
          { instrumentId: string | null; lotId: string | null }[]
        >`(select coalesce(jsonb_agg(jsonb_build_object('instrumentId', x.instrument_id, 'lotId', x.lot_id)), '[]')
          from lab.setup_item x where x.tenant_id = s.tenant_id and x.setup_id = s.id)`.as("items"),
        sql<number>`(select count(*)::integer from lab.result r where r.tenant_id = s.tenant_id and r.setup_id = s.id)`.as(
          "results",
        ),
      ])
      .where("s.worksheet_id", "=", worksheetId)
      .orderBy("s.number", "desc"),
  );
  // 3. What there is: retired instruments, rejected and used-up lots are left out unless they were named.
  const ids = new Set(sets.flatMap((set) => set.items.flatMap((each) => [each.instrumentId, each.lotId])));
  const machines = (await tx.all(instruments())).map(presentInstrument);
  const stock = (await tx.all(lots())).map((row) => ({ ...row, status: lotStatus(row) }));
  return {
    number: sets[0]?.number ?? 0,
    open: sheet.state === "open",
    required,
    sets: sets.map(({ items, ...set }) => ({
      ...set,
      instrumentIds: items.flatMap((each) => each.instrumentId ?? []),
      lotIds: items.flatMap((each) => each.lotId ?? []),
    })),
    instruments: machines.filter((each) => each.status !== "retired" || ids.has(each.id)),
    lots: stock.filter((each) => (each.status !== "rejected" && each.left !== "0") || ids.has(each.id)),
    you: tx.who.actorId,
    may: await mayOf(tx),
  };
}
