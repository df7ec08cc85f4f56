import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { Type } from "typebox";
import {
  constraintProblem,
  defineRoute,
  doorProblem,
  exportRows,
  guestRole,
  wholeExport,
  type Kernel,
  type Route,
  type Tx,
} from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { certificateProblem as problem } from "../certificate-error.ts";
import { query } from "../query.ts";
import { contactRoutes, contactsOf, endedContactsOf } from "./contact-route.ts";
import { csvAnswer } from "./gate-route.ts";
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
      summary: "Customers with how many samples and certificates they have; as JSON or CSV",
      tag: "lab",
      permission: read,
      query: Type.Object({
        q: Type.Optional(Type.String({ maxLength: 200 })),
        /** Whether one of its contacts sees its results here. */
        portal: Type.Optional(Type.Union([Type.Literal("open"), Type.Literal("none")])),
        samples: Type.Optional(Type.Union([Type.Literal("some"), Type.Literal("none")])),
        format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")])),
      }),
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()), total: Type.Integer() }) },
      handle: async (request) => {
        const { format, ...filters } = request.query;
        const asCsv = format === "csv";
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          if (asCsv) await tx.record({ action: "lab.customer.export", record: "lab.customer", fields: { filters } });
          else kernel.access.read(tx.who, read, request.source, "lab.customer");
          const items = await tx.all(customersBy(filters).limit(exportRows + 1));
          const all = tx.first(
            query
              .selectFrom("lab.customer")
              .select((from) => from.fn.countAll<string>().as("n"))
              .where("deleted_at", "is", null),
          );
          return { items, total: Number((await all)?.n ?? 0), may: await mayOf(tx) };
        });
        if (asCsv) return csvAnswer("customers", customerColumns, wholeExport(body.items));
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
          const [contacts, ended] = [await contactsOf(tx, found.id), await endedContactsOf(tx, found.id)];
          return { ...found, contacts, ended, may: await mayOf(tx) };
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

const customerColumns = ["code", "name", "address", "remark", "contacts", "seeing", "samples", "certificates"];

type CustomerFilter = {
  readonly q?: string | undefined;
  readonly portal?: "open" | "none" | undefined;
  readonly samples?: "some" | "none" | undefined;
};

/** Every word stands in the code, name or address, or is of a contact. */
function customersBy({ q = "", portal, samples }: CustomerFilter) {
  let wanted = customers();
  for (const word of q.toLowerCase().split(/\s+/).filter(Boolean).slice(0, 6)) {
    const part = `%${word.replaceAll(/[\\%_]/g, "\\$&")}%`;
    wanted = wanted.where(
      sql<boolean>`(lower(concat_ws(' ', c.code, c.name, c.address)) like ${part} or exists (select from lab.contact k
        where k.tenant_id = c.tenant_id and k.customer_id = c.id and k.deleted_at is null and lower(k.name || ' ' || k.email) like ${part}))`,
    );
  }
  if (portal !== undefined)
    wanted = wanted.where(portal === "open" ? sql<boolean>`${seeing} > 0` : sql<boolean>`${seeing} = 0`);
  if (samples !== undefined) {
    const some = sql<boolean>`exists (select from lab.sample s where s.tenant_id = c.tenant_id and s.customer_id = c.id and s.deleted_at is null)`;
    wanted = wanted.where(samples === "some" ? some : sql<boolean>`not ${some}`);
  }
  return wanted;
}

/** How many of its contacts see its results. */
const seeing = sql<number>`(select count(*)::integer from lab.contact k
  join kernel.invitation i on i.tenant_id = k.tenant_id and i.id = k.invitation_id and i.accepted_at is not null
  join kernel.membership m on m.tenant_id = i.tenant_id and m.id = i.membership_id and m.status = 'active' and m.role = ${guestRole}
  where k.tenant_id = c.tenant_id and k.customer_id = c.id and k.deleted_at is null)`;

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
      seeing.as("seeing"),
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
