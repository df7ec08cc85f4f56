import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { Type } from "typebox";
import { constraintProblem, defineRoute, doorProblem, type Kernel, type Route } from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { query } from "../query.ts";

const read = "lab.master.read";
const change = "lab.master.change";
const body = Type.Object(
  {
    prefix: Type.String({ pattern: "^[A-Z][A-Z0-9]{0,5}$" }),
    digits: Type.Integer({ minimum: 3, maximum: 8 }),
    period: Type.Union([Type.Literal("year"), Type.Literal("month"), Type.Literal("none")]),
  },
  { additionalProperties: false },
);

/** How samples and worksheets are numbered from now on; numbers that were given stay. */
export function numberingRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/lab/numberings",
      summary: "How samples and worksheets are numbered, where it is not the default",
      tag: "lab",
      permission: read,
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const { who, rows } = await kernel.door.once(request.credential, read, () => ({ statements: [numberings()] }));
        kernel.access.read(who, read, request.source, "lab.numbering");
        return { body: { items: rows[0] ?? [] } };
      },
    }),
    defineRoute({
      method: "PUT",
      path: "/api/lab/numberings/{series}",
      summary: "Set how a series is numbered from now on",
      tag: "lab",
      permission: change,
      params: Type.Object({ series: Type.Union([Type.Literal("sample"), Type.Literal("worksheet")]) }),
      body,
      answers: { 200: Type.Object({ id: Type.String(), version: Type.Integer() }) },
      handle: async (request) => {
        const { series } = request.params;
        const set = { ...request.body };
        const answer = await kernel.door.work(request.credential, change, async (tx) => {
          const known = await tx.first(numberings().where("series", "=", series).forUpdate());
          if (known === undefined) {
            const id = uuidv7();
            await insertAll(tx, "lab.numbering", "lab.numbering.create", [
              { row: { id, series, ...set }, fields: set },
            ]).catch((error: unknown) => {
              throw constraintProblem(error);
            });
            return { id, version: 1 };
          }
          const given = request.version;
          if (known.version !== given) throw doorProblem.stale({ values: { current: known.version, given } });
          await updateAll(tx, "lab.numbering", "lab.numbering.change", [
            { row: { id: known.id, version: given, ...set }, fields: set },
          ]);
          return { id: known.id, version: given + 1 };
        });
        return { body: answer, headers: { etag: `"${answer.version}"` } };
      },
    }),
  ];
}

function numberings() {
  return query
    .selectFrom("lab.numbering")
    .select(["id", "version", "series", "prefix", "digits", "period"])
    .where("deleted_at", "is", null);
}
