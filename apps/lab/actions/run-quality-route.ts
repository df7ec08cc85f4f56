import { Type } from "typebox";
import { defineRoute, doorProblem, type Kernel, type Route, type Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { runsOf } from "./run-quality.ts";

const read = "lab.sample.read";
const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });

/** How the controls of a worksheet's or a sample's runs were judged, before anything is verified. */
export function runQualityRoutes(kernel: Kernel): Route[] {
  const route = (
    path: "worksheets" | "samples",
    table: "lab.worksheet" | "lab.sample",
    of: (id: string) => Parameters<typeof runsOf>[1],
  ) =>
    defineRoute({
      method: "GET",
      path: `/api/lab/${path}/{id}/quality`,
      summary: `Quality control of the runs of one of ${path}: each control, the rules it broke, and what that holds`,
      tag: "lab",
      permission: read,
      params: idParams,
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const { id } = request.params;
        const items = await kernel.door.work(request.credential, read, async (tx) => {
          await requireThere(tx, table, id);
          kernel.access.read(tx.who, read, request.source, "lab.control_evaluation", id);
          return runsOf(tx, of(id));
        });
        return { body: { items } };
      },
    });
  return [
    route("worksheets", "lab.worksheet", (worksheetId) => ({ worksheetId })),
    route("samples", "lab.sample", (sampleId) => ({ sampleId })),
  ];
}

async function requireThere(tx: Tx, table: "lab.worksheet" | "lab.sample", id: string): Promise<void> {
  const row = await tx.first(query.selectFrom(table).select("id").where("id", "=", id).where("deleted_at", "is", null));
  if (row === undefined) throw doorProblem.not_found();
}
