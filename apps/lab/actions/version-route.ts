import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { Type } from "typebox";
import { defineRoute, doorProblem, spendStepUp, type Kernel, type Route, type Tx } from "@probity/kernel";
import { insertAll } from "../bulk.ts";
import {
  definitionFault,
  definitionSchema,
  limitFault,
  limitsSchema,
  readDefinition,
  type Definition,
} from "../definition.ts";
import { problem } from "../errors.ts";
import { csvAnswer } from "./gate-route.ts";
import { hasWords, listed } from "./list-word.ts";
import { limitColumns, limitLines, methodColumns, methodLines } from "./master-file.ts";
import { query } from "../query.ts";
import { currentMethods, currentSpecifications } from "./frozen.ts";
import { nameOfActor } from "./save-result.ts";
import { tryMethod } from "./try-method.ts";
import { versionsAhead } from "./version-ahead.ts";
import { addVersion, decideVersion, kinds, versionsOf } from "./version-kind.ts";
import { toldOf } from "./told.ts";

const read = "lab.master.read";
const change = "lab.master.change";
const approve = "lab.master.approve";
const uuid = Type.String({ format: "uuid" });
const idParams = Type.Object({ id: uuid });
const closed = { additionalProperties: false };
const said = {
  reason: Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" }),
  effectiveOn: Type.Optional(Type.Union([Type.String({ format: "date", pattern: "^(19|20)[0-9]{2}-" }), Type.Null()])),
};
const list = { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) };
const made = { 201: Type.Object({ id: Type.String(), number: Type.Integer(), needsApproval: Type.Boolean() }) };

/** Versions of methods and specifications: each is made once, may wait for another's approval and a day, and stays. */
export function versionRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/lab/methods/current",
      summary: "Every method with its version in force; as JSON or CSV, there a line for each determination",
      tag: "lab",
      permission: read,
      query: Type.Object(listed),
      answers: list,
      handle: async (request) => {
        const { q, format } = request.query;
        const items = await kernel.door.work(request.credential, read, async (tx) => {
          if (format === "csv")
            await tx.record({ action: "lab.method.export", record: "lab.method", fields: { q: q ?? null } });
          else kernel.access.read(tx.who, read, request.source, "lab.method");
          return [...(await currentMethods(tx)).values()]
            .filter((each) => hasWords(q, each.code, each.title, each.definition.reference))
            .toSorted((a, b) => a.code.localeCompare(b.code));
        });
        return format === "csv" ? csvAnswer("methods", methodColumns, items.flatMap(methodLines)) : { body: { items } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/versions/ahead",
      summary: "Methods and specifications with a version that waits for approval or its day, or with none in force",
      tag: "lab",
      permission: read,
      answers: list,
      handle: async (request) => {
        const items = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "lab.method");
          return versionsAhead(tx);
        });
        return { body: { items } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/methods/try",
      summary: "Calculate with a method's definition before it is kept; nothing is stored",
      tag: "lab",
      permission: read,
      body: Type.Object(
        {
          definition: definitionSchema,
          interim: Type.Record(Type.String({ maxLength: 40 }), Type.String({ maxLength: 60 }), { maxProperties: 20 }),
          values: Type.Record(Type.String({ maxLength: 40 }), Type.String({ maxLength: 200 }), { maxProperties: 40 }),
        },
        closed,
      ),
      answers: {
        200: Type.Object({ fault: Type.Union([Type.String(), Type.Null()]), items: Type.Array(Type.Unknown()) }),
      },
      handle: async (request) => {
        await kernel.door.work(request.credential, read, async () => undefined);
        const { definition, interim, values } = request.body;
        return { body: tryMethod(definition, interim, values) };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/methods/{id}/versions",
      summary: "Make a new version of a method; samples registered before keep theirs",
      tag: "lab",
      permission: change,
      params: idParams,
      body: Type.Object({ definition: definitionSchema, ...said }, closed),
      answers: made,
      handle: async (request) => {
        const { definition: content, ...more } = request.body;
        const fault = definitionFault(content);
        if (fault !== null) throw problem.definition_wrong({ values: { why: fault } });
        const body = await kernel.door.work(request.credential, change, async (tx) => {
          await requireContinuity(tx, request.params.id, content);
          return addVersion(tx, kinds.methods, request.params.id, { content, ...more });
        });
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/specifications",
      summary: "Every specification with its version in force; as JSON or CSV, there a line for each limit",
      tag: "lab",
      permission: read,
      query: Type.Object({ product: Type.Optional(uuid), ...listed }),
      answers: list,
      handle: async (request) => {
        const { product: of, q, format } = request.query;
        const asCsv = format === "csv";
        const { items, lines } = await kernel.door.work(request.credential, read, async (tx) => {
          if (asCsv)
            await tx.record({
              action: "lab.specification.export",
              record: "lab.specification",
              fields: { product: of ?? null, q: q ?? null },
            });
          else kernel.access.read(tx.who, read, request.source, "lab.specification");
          const found = await currentSpecifications(tx, of === undefined ? undefined : [of]);
          const sorted = [...found.values()].toSorted((a, b) => a.code.localeCompare(b.code));
          // A page reads all of them for its choices; words are looked for where they are asked for.
          if (q === undefined && !asCsv) return { items: sorted, lines: [] };
          const named = await limitLines(tx, sorted);
          const kept = named.filter(({ words }) => hasWords(q, words));
          return { items: kept.map(({ version }) => version), lines: kept.flatMap((each) => each.lines) };
        });
        return asCsv ? csvAnswer("limits", limitColumns, lines) : { body: { items } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/specifications",
      summary: "Make a specification of a product with its first version",
      tag: "lab",
      permission: change,
      body: Type.Object(
        {
          productId: uuid,
          code: Type.String({ minLength: 1, maxLength: 40 }),
          title: Type.String({ minLength: 1, maxLength: 160 }),
          limits: limitsSchema,
          ...said,
        },
        closed,
      ),
      answers: made,
      handle: async (request) => {
        const { productId, code, title, limits: content, ...more } = request.body;
        const id = uuidv7();
        const body = await kernel.door.work(request.credential, change, async (tx) => {
          await requireLimits(tx, content);
          const product = await tx.first(
            query.selectFrom("lab.product").select("id").where("id", "=", productId).where("deleted_at", "is", null),
          );
          if (!product) throw doorProblem.not_found();
          await insertAll(tx, "lab.specification", "lab.specification.create", [
            { row: { id, product_id: productId, code, title }, fields: { productId, code, title } },
          ]);
          const { number, needsApproval } = await addVersion(tx, kinds.specifications, id, { content, ...more });
          return { id, number, needsApproval };
        });
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/specifications/{id}/versions",
      summary: "Make a new version of a specification; samples registered before keep theirs",
      tag: "lab",
      permission: change,
      params: idParams,
      body: Type.Object({ limits: limitsSchema, ...said }, closed),
      answers: made,
      handle: async (request) => {
        const { limits: content, ...more } = request.body;
        const body = await kernel.door.work(request.credential, change, async (tx) => {
          await requireLimits(tx, content);
          return addVersion(tx, kinds.specifications, request.params.id, { content, ...more });
        });
        return { status: 201, body };
      },
    }),
    ...versionsOfEach(kernel),
  ];
}

/** What is the same for both: the list of versions, and another person's decision on one. */
function versionsOfEach(kernel: Kernel): Route[] {
  return (["methods", "specifications"] as const).flatMap((path) => {
    const kind = kinds[path];
    return [
      defineRoute({
        method: "GET",
        path: `/api/lab/${path}/{id}/versions`,
        summary: `Every version of a ${kind.noun}, newest first, with how it stands`,
        tag: "lab",
        permission: read,
        params: idParams,
        answers: list,
        handle: async (request) => {
          const items = await kernel.door.work(request.credential, read, async (tx) => {
            const rows = await versionsOf(tx, kind, request.params.id);
            if (rows.length === 0) throw doorProblem.not_found();
            kernel.access.read(tx.who, read, request.source, kind.record, request.params.id);
            return rows.map(({ content, ...row }) => ({ ...row, [kind.content]: content }));
          });
          return { body: { items } };
        },
      }),
      defineRoute({
        method: "POST",
        path: `/api/lab/${kind.noun}-versions/{id}/decide`,
        summary: `Approve or refuse a version of a ${kind.noun} that another person made`,
        tag: "lab",
        permission: approve,
        params: idParams,
        body: Type.Object({ approved: Type.Boolean(), reason: said.reason }, closed),
        answers: { 200: Type.Object({ id: Type.String() }) },
        handle: async (request) => {
          const { id } = request.params;
          await kernel.door.work(request.credential, approve, async (tx) => {
            await spendStepUp(tx, request.raw, { action: approve, subject: id, ...(await toldOf(tx, kind.noun, id)) });
            const name = (await nameOfActor(tx)) ?? "";
            await decideVersion(tx, kind, id, { ...request.body, name });
          });
          return { body: { id } };
        },
      }),
    ];
  });
}

/**
 * Limits, charts and trends hold a determination of a method by its key, as numbers in its unit: a next version keeps the unit of
 * each key, and what a specification in force asks for. The database asks for the unit once more.
 */
async function requireContinuity(tx: Tx, methodId: string, content: Definition): Promise<void> {
  const earlier = await tx.all(
    query
      .selectFrom("lab.method_version")
      .select(["number", "definition"])
      .where("method_id", "=", methodId)
      .orderBy("number"),
  );
  for (const { number, definition } of earlier)
    for (const before of readDefinition(definition).analytes) {
      const now = content.analytes.find(({ key }) => key === before.key);
      if (now === undefined || (now.unit === before.unit && (now.kind === "text") === (before.kind === "text")))
        continue;
      const was =
        before.kind === "text" ? "a text" : before.unit === "" ? "a number without a unit" : `in ${before.unit}`;
      throw problem.definition_wrong({
        values: {
          why: `“${before.key}” is ${was} since version ${number}, and limits and charts hold it so. What is determined in another unit has a key of its own.`,
        },
      });
    }
  for (const { code, limits } of (await currentSpecifications(tx)).values()) {
    const lost = limits.find(
      (limit) => limit.methodId === methodId && !content.analytes.some(({ key }) => key === limit.analyte),
    );
    if (lost !== undefined)
      throw problem.definition_wrong({
        values: {
          why: `${code} asks for “${lost.analyte}” of this method, and this version does not determine it. Change the specification first.`,
        },
      });
  }
}

/** Each limit has its ends in order, stands there once, and names a method in force that determines its analyte. */
async function requireLimits(tx: Tx, limits: Parameters<typeof limitFault>[0][]): Promise<void> {
  const fault = limits.map(limitFault).find((each) => each !== null);
  const names = limits.map((each) => each.analyte);
  const twice = names.find((each, index) => names.indexOf(each) !== index);
  if (fault !== undefined && fault !== null) throw problem.limit_wrong({ values: { why: fault } });
  if (twice !== undefined) throw problem.limit_wrong({ values: { why: `${twice} is there twice.` } });
  const methods = await currentMethods(
    tx,
    limits.map((each) => each.methodId),
  );
  for (const { methodId, analyte } of limits) {
    const found = methods.get(methodId)?.definition.analytes.some((each) => each.key === analyte) === true;
    if (!found) throw problem.limit_wrong({ values: { why: `No method named here determines ${analyte}.` } });
  }
}
