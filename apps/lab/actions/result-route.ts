import { Type } from "typebox";
import { defineRoute, doorProblem, type Kernel, type Route, type Tx } from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { problem } from "../errors.ts";
import { query } from "../query.ts";
import { methodVersions } from "./frozen.ts";
import { requirePlan } from "./investigation-gate.ts";
import { resultColumns } from "./present.ts";
import { emptyResult } from "./register.ts";
import { saveResults } from "./save-result.ts";
import { settleSamples } from "./settle.ts";
import { storyOf } from "./story.ts";

const uuid = Type.String({ format: "uuid" });
const idParams = Type.Object({ id: uuid });
const closed = { additionalProperties: false };
const reason = Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" });

/** Results: saved by touched cells, retested beside the original, and each one's whole story. */
export function resultRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "POST",
      path: "/api/lab/results/save",
      summary: "Save touched results, each with the version it was read at; all or none",
      tag: "lab",
      permission: "lab.result.enter",
      body: Type.Object(
        {
          rows: Type.Array(
            Type.Object(
              {
                id: uuid,
                version: Type.Integer({ minimum: 1 }),
                text: Type.Optional(Type.String({ maxLength: 200 })),
                interim: Type.Optional(
                  Type.Record(Type.String({ maxLength: 40 }), Type.String({ maxLength: 60 }), { maxProperties: 20 }),
                ),
                reason: Type.Optional(Type.String({ maxLength: 500 })),
              },
              closed,
            ),
            { minItems: 1, maxItems: 2000 },
          ),
        },
        closed,
      ),
      answers: { 200: Type.Object({ saved: Type.Array(Type.Unknown()), untouched: Type.Integer() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, "lab.result.enter", (tx) =>
          saveResults(tx, request.body.rows),
        );
        return { body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/results/{id}/retest",
      summary: "Order a retest; the original stays on the record",
      tag: "lab",
      permission: "lab.result.retest",
      params: idParams,
      body: Type.Object({ reason }, closed),
      answers: { 201: Type.Object({ id: Type.String(), attempt: Type.Integer() }) },
      handle: async (request) => {
        const version = request.version;
        const body = await kernel.door.work(request.credential, "lab.result.retest", (tx) =>
          retest(tx, request.params.id, version, request.body.reason),
        );
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/results/{id}/story",
      summary: "Everything that ever was of one result: who, when, what, why, and its place in the log",
      tag: "lab",
      permission: "lab.sample.read",
      params: idParams,
      answers: { 200: Type.Object({ id: Type.String(), versions: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, "lab.sample.read", async (tx) => {
          kernel.access.read(tx.who, "lab.sample.read", request.source, "lab.result", request.params.id);
          return storyOf(tx, request.params.id);
        });
        return { body };
      },
    }),
  ];
}

/** The original is kept as it is and named by the row that repeats it; it stays on the worksheet it was made on. */
async function retest(tx: Tx, id: string, version: number, why: string): Promise<{ id: string; attempt: number }> {
  const row = await tx.first(
    query
      .selectFrom("lab.result as r")
      .leftJoin("lab.sample as s", "s.id", "r.sample_id")
      .select([...resultColumns, "s.number as sample_number", "s.state as sample_state"])
      .where("r.id", "=", id)
      .where("r.deleted_at", "is", null),
  );
  if (!row) throw doorProblem.not_found();
  if (row.version !== version) throw doorProblem.stale({ values: { current: row.version, given: version } });
  if (row.state === "verified")
    throw problem.result_locked({ values: { number: row.sample_number ?? row.name, state: "verified" } });
  if (row.state !== "entered" || row.sample_id === null)
    throw problem.wrong_state({
      values: { number: row.name, state: row.state, next: "Only an entered result of a sample is retested." },
    });
  await requirePlan(tx, row);
  const changed = await updateAll(tx, "lab.result", "lab.result.retest", [
    { row: { id, version, state: "retested", reason: why }, fields: { reason: why, text: row.text } },
  ]);
  if (changed !== 1) throw doorProblem.stale({ values: { current: version + 1, given: version } });
  const method = (await methodVersions(tx, [row.method_version_id])).get(row.method_version_id);
  if (method === undefined) throw doorProblem.not_found();
  const attempt = row.attempt + 1;
  const again = emptyResult(method, row.analyte, {
    sample_id: row.sample_id,
    kind: row.kind,
    replaces_id: id,
    // Of a blinded sample they stand with each result.
    limits: row.limits,
    attempt,
  });
  await insertAll(tx, "lab.result", "lab.result.create", [
    { row: again.row, fields: { ...again.fields, retestOf: id } },
  ]);
  await settleSamples(tx, [row.sample_id], "retest");
  return { id: again.row.id, attempt };
}
