import { Type } from "typebox";
import { defineRoute, doorProblem, type Kernel, type Route, type Tx } from "@probity/kernel";
import { updateAll } from "../bulk.ts";
import { problem } from "../errors.ts";
import { query } from "../query.ts";
import { requireWorksheet } from "./worksheet-route.ts";

const change = "lab.worksheet.change";
const uuid = Type.String({ format: "uuid" });

/** Takes determinations off a worksheet again, as long as nothing was entered: they wait for another one. */
export function worksheetRowRoute(kernel: Kernel): Route {
  return defineRoute({
    method: "POST",
    path: "/api/lab/worksheets/{id}/rows/take-off",
    summary: "Take determinations without a value off a worksheet; they wait for another",
    tag: "lab",
    permission: change,
    params: Type.Object({ id: uuid }),
    body: Type.Object({ resultIds: Type.Array(uuid, { minItems: 1, maxItems: 500 }) }, { additionalProperties: false }),
    answers: { 200: Type.Object({ id: Type.String(), version: Type.Integer() }) },
    handle: async (request) => {
      const { version } = request;
      const { id } = request.params;
      await kernel.door.work(request.credential, change, async (tx) => {
        const { state } = await requireWorksheet(tx, id, version);
        await takeOff(tx, id, [...new Set(request.body.resultIds)]);
        await updateAll(tx, "lab.worksheet", "lab.worksheet.change", [
          { row: { id, version, state }, fields: { state } },
        ]);
      });
      return { body: { id, version: version + 1 }, headers: { etag: `"${version + 1}"` } };
    },
  });
}

async function takeOff(tx: Tx, worksheetId: string, resultIds: readonly string[]): Promise<void> {
  const rows = await tx.all(
    query
      .selectFrom("lab.result")
      .select(["id", "version", "name", "state", "kind"])
      .where("id", "in", [...resultIds])
      .where("worksheet_id", "=", worksheetId)
      .where("deleted_at", "is", null)
      .forUpdate(),
  );
  if (rows.length !== resultIds.length) throw doorProblem.not_found();
  const kept = rows.find(({ state, kind }) => state !== "open" || kind !== "sample");
  if (kept !== undefined)
    throw problem.wrong_state({
      values: {
        number: kept.name,
        state: kept.kind === "sample" ? kept.state : `a ${kept.kind} of this worksheet`,
        next: "Only a sample's determination without a value is taken off.",
      },
    });
  const twice = await tx.first(
    query
      .selectFrom("lab.result as d")
      .innerJoin("lab.result as o", "o.id", "d.duplicate_of")
      .select("o.name")
      .where("d.duplicate_of", "in", [...resultIds])
      .where("d.state", "<>", "cancelled"),
  );
  if (twice !== undefined)
    throw problem.wrong_state({
      values: { number: twice.name, state: "repeated by a duplicate here", next: "Both stay on this worksheet." },
    });
  const changed = await updateAll(
    tx,
    "lab.result",
    "lab.result.take_off",
    rows.map(({ id, version }) => ({
      row: { id, version, worksheet_id: null, position: null },
      fields: { worksheetId },
    })),
  );
  if (changed !== rows.length) throw doorProblem.busy();
}
