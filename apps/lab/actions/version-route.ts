import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { Type } from "typebox";
import { defineRoute, doorProblem, type Kernel, type Route } from "@probity/kernel";
import { definitionFault, definitionSchema, limitFault, limitsSchema } from "../definition.ts";
import { problem } from "../errors.ts";
import { query } from "../query.ts";
import { currentMethods, currentSpecifications } from "./frozen.ts";

const read = "lab.master.read";
const change = "lab.master.change";
const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });
const reason = Type.String({ minLength: 1, maxLength: 500 });
const list = { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) };
const made = { 201: Type.Object({ id: Type.String(), number: Type.Integer() }) };

/** Versions of methods and specifications: each is made once and stays. */
export function versionRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/lab/methods/current",
      summary: "Every method with its version in force",
      tag: "lab",
      permission: read,
      answers: list,
      handle: async (request) => {
        const items = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "lab.method");
          return [...(await currentMethods(tx)).values()].toSorted((a, b) => a.code.localeCompare(b.code));
        });
        return { body: { items } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/methods/{id}/versions",
      summary: "Every version of a method, newest first",
      tag: "lab",
      permission: read,
      params: idParams,
      answers: list,
      handle: async (request) => {
        const items = await kernel.door.work(request.credential, read, async (tx) => {
          const rows = await tx.all(
            query
              .selectFrom("lab.method_version as v")
              .leftJoin("kernel.membership as m", "m.id", "v.created_by")
              .select(["v.id", "v.number", "v.definition", "v.reason", "v.created_at as madeAt", "m.name as madeBy"])
              .where("v.method_id", "=", request.params.id)
              .orderBy("v.number", "desc"),
          );
          if (rows.length === 0) throw doorProblem.not_found();
          kernel.access.read(tx.who, read, request.source, "lab.method", request.params.id);
          return rows;
        });
        return { body: { items } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/methods/{id}/versions",
      summary: "Put a new version of a method in force",
      tag: "lab",
      permission: change,
      params: idParams,
      body: Type.Object({ definition: definitionSchema, reason }, { additionalProperties: false }),
      answers: made,
      handle: async (request) => {
        const { definition, reason: why } = request.body;
        const fault = definitionFault(definition);
        if (fault !== null) throw problem.definition_wrong({ values: { why: fault } });
        const body = await kernel.door.work(request.credential, change, async (tx) => {
          const id = uuidv7();
          const method = await tx.first(
            query
              .selectFrom("lab.method")
              .select("id")
              .where("id", "=", request.params.id)
              .where("deleted_at", "is", null)
              .forUpdate(),
          );
          if (!method) throw doorProblem.not_found();
          const last = await tx.first(
            query
              .selectFrom("lab.method_version")
              .select("number")
              .where("method_id", "=", request.params.id)
              .orderBy("number", "desc")
              .limit(1),
          );
          const number = (last?.number ?? 0) + 1;
          await tx.record({
            action: "lab.method_version.create",
            record: "lab.method_version",
            rowId: id,
            version: 1,
            fields: { number, definition, reason: why },
          });
          await tx.all(
            query.insertInto("lab.method_version").values({
              id,
              method_id: request.params.id,
              number,
              definition: JSON.stringify(definition),
              reason: why,
            }),
          );
          return { id, number };
        });
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/specifications",
      summary: "Every specification with its version in force",
      tag: "lab",
      permission: read,
      query: Type.Object({ product: Type.Optional(Type.String({ format: "uuid" })) }),
      answers: list,
      handle: async (request) => {
        const items = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "lab.specification");
          const of = request.query.product;
          const found = await currentSpecifications(tx, of === undefined ? undefined : [of]);
          return [...found.values()].toSorted((a, b) => a.code.localeCompare(b.code));
        });
        return { body: { items } };
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
          productId: Type.String({ format: "uuid" }),
          code: Type.String({ minLength: 1, maxLength: 40 }),
          title: Type.String({ minLength: 1, maxLength: 160 }),
          limits: limitsSchema,
          reason,
        },
        { additionalProperties: false },
      ),
      answers: made,
      handle: async (request) => {
        const { productId, code, title, limits, reason: why } = request.body;
        requireLimits(limits);
        const id = uuidv7();
        await kernel.door.work(request.credential, change, async (tx) => {
          const product = await tx.first(
            query.selectFrom("lab.product").select("id").where("id", "=", productId).where("deleted_at", "is", null),
          );
          if (!product) throw doorProblem.not_found();
          await tx.record({
            action: "lab.specification.create",
            record: "lab.specification",
            rowId: id,
            version: 1,
            fields: { productId, code, title },
          });
          await tx.all(query.insertInto("lab.specification").values({ id, product_id: productId, code, title }));
          await addLimits(tx, id, 1, limits, why);
        });
        return { status: 201, body: { id, number: 1 } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/specifications/{id}/versions",
      summary: "Every version of a specification, newest first",
      tag: "lab",
      permission: read,
      params: idParams,
      answers: list,
      handle: async (request) => {
        const items = await kernel.door.work(request.credential, read, async (tx) => {
          const rows = await tx.all(
            query
              .selectFrom("lab.specification_version as v")
              .leftJoin("kernel.membership as m", "m.id", "v.created_by")
              .select(["v.id", "v.number", "v.limits", "v.reason", "v.created_at as madeAt", "m.name as madeBy"])
              .where("v.specification_id", "=", request.params.id)
              .orderBy("v.number", "desc"),
          );
          if (rows.length === 0) throw doorProblem.not_found();
          kernel.access.read(tx.who, read, request.source, "lab.specification", request.params.id);
          return rows;
        });
        return { body: { items } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/specifications/{id}/versions",
      summary: "Put a new version of a specification in force; samples registered before keep theirs",
      tag: "lab",
      permission: change,
      params: idParams,
      body: Type.Object({ limits: limitsSchema, reason }, { additionalProperties: false }),
      answers: made,
      handle: async (request) => {
        requireLimits(request.body.limits);
        const body = await kernel.door.work(request.credential, change, async (tx) => {
          const known = await tx.first(
            query
              .selectFrom("lab.specification")
              .select("id")
              .where("id", "=", request.params.id)
              .where("deleted_at", "is", null)
              .forUpdate(),
          );
          if (!known) throw doorProblem.not_found();
          const last = await tx.first(
            query
              .selectFrom("lab.specification_version")
              .select("number")
              .where("specification_id", "=", request.params.id)
              .orderBy("number", "desc")
              .limit(1),
          );
          const number = (last?.number ?? 0) + 1;
          return {
            id: await addLimits(tx, request.params.id, number, request.body.limits, request.body.reason),
            number,
          };
        });
        return { status: 201, body };
      },
    }),
  ];
}

type Limits = Parameters<typeof limitFault>[0][];
type Tx = Parameters<Parameters<Kernel["door"]["work"]>[2]>[0];

function requireLimits(limits: Limits): void {
  const fault = limits.map(limitFault).find((each) => each !== null);
  const names = limits.map((each) => each.analyte);
  const twice = names.find((each, index) => names.indexOf(each) !== index);
  if (fault !== undefined && fault !== null) throw problem.limit_wrong({ values: { why: fault } });
  if (twice !== undefined) throw problem.limit_wrong({ values: { why: `${twice} is there twice.` } });
}

async function addLimits(
  tx: Tx,
  specificationId: string,
  number: number,
  limits: Limits,
  why: string,
): Promise<string> {
  // Each limit names a method in force that determines its analyte.
  const methods = await currentMethods(
    tx,
    limits.map((each) => each.methodId),
  );
  for (const { methodId, analyte } of limits) {
    const found = methods.get(methodId)?.definition.analytes.some((each) => each.key === analyte) === true;
    if (!found) throw problem.limit_wrong({ values: { why: `No method named here determines ${analyte}.` } });
  }
  const id = uuidv7();
  await tx.record({
    action: "lab.specification_version.create",
    record: "lab.specification_version",
    rowId: id,
    version: 1,
    fields: { number, limits, reason: why },
  });
  await tx.all(
    query.insertInto("lab.specification_version").values({
      id,
      specification_id: specificationId,
      number,
      limits: JSON.stringify(limits),
      reason: why,
    }),
  );
  return id;
}
