import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { Type } from "typebox";
import { constraintProblem, defineRoute, doorProblem, type Kernel, type Route, type Tx } from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { certificateProblem as problem } from "../certificate-error.ts";
import { query } from "../query.ts";
import { contactRoutes, contactsOf } from "./contact-route.ts";
import { mayOf } from "./sample-view.ts";
import { requireSample } from "./sample-route.ts";

const read = "lab.customer.read";
const change = "lab.customer.change";
const uuid = Type.String({ format: "uuid" });
const idParams = Type.Object({ id: uuid });
const closed = { additionalProperties: false };
const optional = (maxLength: number) => Type.Optional(Type.Union([Type.String({ maxLength }), Type.Null()]));
const customerBody = Type.Object(
  {
    code: Type.String({ minLength: 1, maxLength: 40, pattern: "\\S" }),
    name: Type.String({ minLength: 1, maxLength: 160, pattern: "\\S" }),
    address: optional(500),
    remark: optional(1000),
  },
  closed,
);
const versioned = { 200: Type.Object({ id: Type.String(), version: Type.Integer() }) };

/** Customers, and whose a sample is. */
export function customerRoutes(kernel: Kernel, origin: string): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/lab/customers",
      summary: "Customers with how many samples and certificates they have",
      tag: "lab",
      permission: read,
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "lab.customer");
          return { items: await tx.all(customers()), may: await mayOf(tx) };
        });
        return { body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/customers",
      summary: "A new customer",
      tag: "lab",
      permission: change,
      body: customerBody,
      answers: { 201: Type.Object({ id: Type.String() }) },
      handle: async (request) => {
        const id = uuidv7();
        await kernel.door.work(request.credential, change, async (tx) => {
          await refuseTaken(tx, request.body.code.trim());
          const row = customerRow(request.body);
          await insertAll(tx, "lab.customer", "lab.customer.create", [{ row: { id, ...row }, fields: row }]).catch(
            (error: unknown) => {
              throw constraintProblem(error);
            },
          );
        });
        return { status: 201, body: { id } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/customers/{id}",
      summary: "A customer with its contacts",
      tag: "lab",
      permission: read,
      params: idParams,
      answers: { 200: Type.Object({ id: Type.String(), version: Type.Integer() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          const found = await tx.first(customers().where("c.id", "=", request.params.id));
          if (found === undefined) throw doorProblem.not_found();
          kernel.access.read(tx.who, read, request.source, "lab.customer", found.id);
          return { ...found, contacts: await contactsOf(tx, found.id), may: await mayOf(tx) };
        });
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
    defineRoute({
      method: "PUT",
      path: "/api/lab/customers/{id}",
      summary: "Change a customer",
      tag: "lab",
      permission: change,
      params: idParams,
      body: customerBody,
      answers: versioned,
      handle: async (request) => {
        const version = request.version;
        const { id } = request.params;
        await kernel.door.work(request.credential, change, async (tx) => {
          const before = await requireCustomer(tx, id);
          if (before.version !== version)
            throw doorProblem.stale({ values: { current: before.version, given: version } });
          const row = customerRow(request.body);
          if (row.code !== before.code) await refuseTaken(tx, row.code);
          await updateAll(tx, "lab.customer", "lab.customer.change", [{ row: { id, version, ...row }, fields: row }]);
        });
        return { body: { id, version: version + 1 }, headers: { etag: `"${version + 1}"` } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/samples/{id}/customer",
      summary: "Say whose a sample is, before anything is told of it",
      tag: "lab",
      permission: change,
      params: idParams,
      body: Type.Object({ customerId: Type.Union([uuid, Type.Null()]) }, closed),
      answers: versioned,
      handle: async (request) => {
        const version = request.version;
        const { id } = request.params;
        const { customerId } = request.body;
        await kernel.door.work(request.credential, change, async (tx) => {
          const sample = await requireSample(tx, id, version);
          if (customerId !== null) await requireCustomer(tx, customerId);
          const told = await tx.first(
            query.selectFrom("lab.publication").select("id").where("sample_id", "=", id).limit(1),
          );
          if (told !== undefined || !["registered", "received", "tested"].includes(sample.state))
            throw problem.sample_customer_fixed({ values: { number: sample.number } });
          await updateAll(tx, "lab.sample", "lab.sample.customer", [
            { row: { id, version, customer_id: customerId }, fields: { customerId } },
          ]);
        });
        return { body: { id, version: version + 1 }, headers: { etag: `"${version + 1}"` } };
      },
    }),
    ...contactRoutes(kernel, origin),
  ];
}

type CustomerBody = { code: string; name: string; address?: string | null; remark?: string | null };
function customerRow(body: CustomerBody) {
  return {
    code: body.code.trim(),
    name: body.name.trim(),
    address: body.address?.trim() || null,
    remark: body.remark?.trim() || null,
  };
}

function customers() {
  return query
    .selectFrom("lab.customer as c")
    .select((from) => [
      "c.id",
      "c.version",
      "c.code",
      "c.name",
      "c.address",
      "c.remark",
      from
        .selectFrom("lab.sample as s")
        .select((inner) => inner.fn.countAll<string>().as("n"))
        .whereRef("s.customer_id", "=", "c.id")
        .where("s.deleted_at", "is", null)
        .as("samples"),
      from
        .selectFrom("lab.certificate as x")
        .innerJoin("lab.sample as y", "y.id", "x.sample_id")
        .select((inner) => inner.fn.countAll<string>().as("n"))
        .whereRef("y.customer_id", "=", "c.id")
        .where("x.locked_at", "is not", null)
        .as("certificates"),
      from
        .selectFrom("lab.contact as k")
        .select((inner) => inner.fn.countAll<string>().as("n"))
        .whereRef("k.customer_id", "=", "c.id")
        .where("k.deleted_at", "is", null)
        .as("contacts"),
    ])
    .where("c.deleted_at", "is", null)
    .orderBy("c.code");
}

async function requireCustomer(tx: Tx, id: string) {
  const row = await tx.first(
    query
      .selectFrom("lab.customer")
      .select(["version", "code"])
      .where("id", "=", id)
      .where("deleted_at", "is", null)
      .forUpdate(),
  );
  if (row === undefined) throw doorProblem.not_found();
  return row;
}

async function refuseTaken(tx: Tx, code: string): Promise<void> {
  const taken = await tx.first(
    query.selectFrom("lab.customer").select("id").where("code", "=", code).where("deleted_at", "is", null),
  );
  if (taken !== undefined) throw problem.customer_code_taken({ values: { code } });
}
