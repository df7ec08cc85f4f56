import { Type } from "typebox";
import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { DatabaseError } from "pg";
import type { Answer, Route, RouteRequest } from "../http/route.ts";
import { httpProblem } from "../http/problem-document.ts";
import type { Kernel } from "../kernel.ts";
import { changeWithReason } from "../signing/lock.ts";
import { readSealed, writeSealed } from "../vault/sealed-field.ts";
import { canonicalText } from "../ledger/canonical.ts";
import type { ChangeEvent, LedgerEvent } from "../ledger/leaf.ts";
import type { Row } from "../work/batch.ts";
import { doorProblem } from "../work/error.ts";
import { query } from "../work/query.ts";
import { constraintProblem } from "./constraint.ts";
import { csvOf, exportRows, wholeExport } from "./csv.ts";
import type { RecordDeclaration } from "./define-record.ts";
import { recordProblem } from "./error.ts";
import { historyAnswer } from "./history.ts";
import { createSchema, listedSchema, listSchema, recordSchema, updateSchema } from "./schema.ts";
import {
  cursorAfter,
  deleteRow,
  insertRow,
  presentRow,
  selectHistory,
  selectOne,
  selectPage,
  updateRow,
  type ListOptions,
} from "./store.ts";

const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });
/** A regulated record's deletion says why; DELETE has no body of its own (RFC 9110 9.3.5). */
const deleteSchema = Type.Object({
  reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" })),
});

/** The routes a record's declaration gives: list, create, read, history, change, delete, each only where `may` names who. */
export function recordRoutes(kernel: Kernel, record: RecordDeclaration): Route[] {
  const base = `/api/${record.app}/${record.path}`;
  const shown = recordSchema(record);
  const routes: Route[] = [
    {
      method: "GET",
      path: base,
      summary: `List ${record.path}`,
      tag: record.app,
      permission: record.may.read,
      query: listSchema(record),
      answers: {
        200: Type.Object({ items: Type.Array(listedSchema(record)), next: Type.Union([Type.String(), Type.Null()]) }),
      },
      handle: (request) => list(kernel, record, request),
    },
    {
      method: "GET",
      path: `${base}/{id}`,
      summary: `Read one of ${record.path}`,
      tag: record.app,
      permission: record.may.read,
      params: idParams,
      answers: { 200: shown },
      handle: (request) => readOne(kernel, record, request),
    },
    {
      method: "GET",
      path: `${base}/{id}/history`,
      summary: `Every version of one of ${record.path}`,
      tag: record.app,
      permission: record.may.read,
      params: idParams,
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: (request) => history(kernel, record, request),
    },
  ];
  const { create, update, delete: remove } = record.may;
  if (create !== undefined)
    routes.push({
      method: "POST",
      path: base,
      summary: `Create one of ${record.path}`,
      tag: record.app,
      permission: create,
      body: createSchema(record),
      keyed: true,
      answers: { 201: shown },
      handle: (request) => createOne(kernel, record, create, request),
    });
  if (update !== undefined)
    routes.push({
      method: "PATCH",
      path: `${base}/{id}`,
      summary: `Change one of ${record.path}`,
      tag: record.app,
      permission: update,
      params: idParams,
      body: updateSchema(record),
      answers: { 200: shown },
      handle: (request) => changeOne(kernel, record, update, request),
    });
  if (remove !== undefined)
    routes.push({
      method: "DELETE",
      path: `${base}/{id}`,
      summary: `Delete one of ${record.path}`,
      tag: record.app,
      permission: remove,
      params: idParams,
      ...(record.reasonRequired ? { query: deleteSchema } : {}),
      answers: { 204: "" },
      handle: (request) => deleteOne(kernel, record, remove, request),
    });
  return routes;
}

async function list(kernel: Kernel, record: RecordDeclaration, request: RouteRequest): Promise<Answer> {
  const given = textMembers(request.query);
  const asCsv = given["format"] === "csv";
  const limit = asCsv ? exportRows : numberMember(request.query, "limit", 50);
  const filters = Object.fromEntries(
    (record.list?.filter ?? []).flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])),
  );
  const options: ListOptions = { limit, cursor: given["cursor"], sort: given["sort"], search: given["q"], filters };
  const credential = request.credential;
  const events: LedgerEvent[] = asCsv
    ? [{ action: `${record.name}.export`, record: record.name, fields: { filters, search: options.search ?? null } }]
    : [];
  const { who, rows } = await kernel.door
    .once(credential, record.may.read, () => ({ events, statements: [selectPage(record, options)] }))
    .catch((error: unknown) => {
      throw valueProblem(error);
    });
  const page = asCsv ? wholeExport(rows[0] ?? []) : (rows[0] ?? []).slice(0, limit);
  const items = page.map((row) => presentRow(record, row));
  if (asCsv) {
    const body = csvOf(["id", "version", ...Object.keys(record.fields), "createdAt", "updatedAt"], items);
    return {
      body,
      type: "text/csv; charset=utf-8",
      headers: { "content-disposition": `attachment; filename="${record.path}.csv"` },
    };
  }
  kernel.access.read(who, record.may.read, request.source, record.name);
  const last = page.at(-1);
  return {
    body: { items, next: (rows[0] ?? []).length > limit && last ? cursorAfter(record, options.sort, last) : null },
  };
}

async function readOne(kernel: Kernel, record: RecordDeclaration, request: RouteRequest): Promise<Answer> {
  const id = idOf(request);
  if (hasSealed(record)) {
    const shown = await kernel.door.work(request.credential, record.may.read, async (tx) => {
      const row = await tx.first(selectOne(record, id));
      if (row === undefined) throw doorProblem.not_found();
      const sealed = await readSealed(tx, kernel.keyring, record.name, [id]);
      kernel.access.read(tx.who, record.may.read, request.source, record.name, id);
      return presentRow(record, row, sealed.get(id));
    });
    return { body: shown, headers: { etag: `"${String(shown["version"])}"` } };
  }
  const { who, rows } = await kernel.door.once(
    request.credential,
    record.may.read,
    () => ({ statements: [selectOne(record, id)] }),
    { short: true },
  );
  const row = rows[0]?.[0];
  if (row === undefined) throw doorProblem.not_found();
  kernel.access.read(who, record.may.read, request.source, record.name, id);
  return { body: presentRow(record, row), headers: { etag: `"${String(row["version"])}"` } };
}

async function history(kernel: Kernel, record: RecordDeclaration, request: RouteRequest): Promise<Answer> {
  const id = idOf(request);
  const { who, rows } = await kernel.door.once(request.credential, record.may.read, () => ({
    statements: [selectHistory(record, id)],
  }));
  if (rows[0]?.length === 0) throw doorProblem.not_found();
  kernel.access.read(who, record.may.read, request.source, record.name, id);
  return { body: historyAnswer(record, rows[0] ?? []) };
}

async function createOne(
  kernel: Kernel,
  record: RecordDeclaration,
  permission: string,
  request: RouteRequest,
): Promise<Answer> {
  const values = members(request.body);
  const id = uuidv7();
  const event: ChangeEvent = {
    action: `${record.name}.create`,
    record: record.name,
    rowId: id,
    version: 1,
    fields: values,
  };
  const claim = claimOf(request, id);
  try {
    if (hasSealed(record)) {
      const shown = await kernel.door.work(request.credential, permission, async (tx) => {
        if (claim) await tx.all(claim);
        const [row] = await tx.change(event, insertRow(record, id, values));
        const sealed = sealedValues(record, values);
        await writeSealed(tx, kernel.keyring, { record: record.name, rowId: id, version: 1 }, sealed);
        return presentRow(record, row ?? {}, sealed);
      });
      return created(record, shown);
    }
    const { rows } = await kernel.door.once(
      request.credential,
      permission,
      () => ({ change: event, statements: [...(claim ? [claim] : []), insertRow(record, id, values)] }),
      { short: true },
    );
    return created(record, presentRow(record, rows.at(-1)?.[0] ?? {}));
  } catch (error) {
    if (error instanceof DatabaseError && error.code === "PB410") return replay(kernel, record, permission, request);
    throw constraintProblem(error);
  }
}

async function changeOne(
  kernel: Kernel,
  record: RecordDeclaration,
  permission: string,
  request: RouteRequest,
): Promise<Answer> {
  const id = idOf(request);
  const version = request.version;
  const { reason, ...values } = members(request.body);
  const event: ChangeEvent = {
    action: `${record.name}.change`,
    record: record.name,
    rowId: id,
    version: version + 1,
    fields: { ...values, ...(reason === undefined ? {} : { reason }) },
  };
  try {
    const shown = await kernel.door.work(request.credential, permission, async (tx) => {
      // After who may change it at all: nobody else is told what a change asks for.
      if (record.reasonRequired && typeof reason !== "string") throw recordProblem.reason_missing();
      const update = updateRow(record, id, version, values);
      const given = typeof reason === "string" ? { code: null, text: reason } : undefined;
      const [row] = await changeWithReason(tx, event, given, update);
      if (row === undefined) {
        const current = await tx.first(selectOne(record, id));
        throw current === undefined
          ? doorProblem.not_found()
          : doorProblem.stale({ values: { current: Number(current["version"]), given: version } });
      }
      await writeSealed(
        tx,
        kernel.keyring,
        { record: record.name, rowId: id, version: version + 1 },
        sealedValues(record, values),
      );
      const sealed = hasSealed(record) ? (await readSealed(tx, kernel.keyring, record.name, [id])).get(id) : {};
      return presentRow(record, row, sealed);
    });
    return { body: shown, headers: { etag: `"${String(shown["version"])}"` } };
  } catch (error) {
    throw constraintProblem(error);
  }
}

async function deleteOne(
  kernel: Kernel,
  record: RecordDeclaration,
  permission: string,
  request: RouteRequest,
): Promise<Answer> {
  const id = idOf(request);
  const version = request.version;
  const reason = textMembers(request.query)["reason"];
  await kernel.door.work(request.credential, permission, async (tx) => {
    if (record.reasonRequired && reason === undefined) throw recordProblem.reason_missing();
    const event: ChangeEvent = {
      action: `${record.name}.delete`,
      record: record.name,
      rowId: id,
      version: version + 1,
      ...(reason === undefined ? {} : { fields: { reason } }),
    };
    const given = reason === undefined ? undefined : { code: null, text: reason };
    const [row] = await changeWithReason(tx, event, given, deleteRow(record, id, version));
    if (row !== undefined) return;
    const current = await tx.first(selectOne(record, id));
    throw current === undefined
      ? doorProblem.not_found()
      : doorProblem.stale({ values: { current: Number(current["version"]), given: version } });
  });
  return { status: 204 };
}

type KnownKey = { fingerprint: string; row_id: string };

/** A key sent again with the same request answers what the first one made; with another request it is refused. */
async function replay(
  kernel: Kernel,
  record: RecordDeclaration,
  permission: string,
  request: RouteRequest,
): Promise<Answer> {
  const shown = await kernel.door.work(request.credential, permission, async (tx) => {
    // Not a plain read: what the key made may be committed and not on the disk yet (docs/decisions/0017).
    const known = await tx.first(
      query
        .selectFrom(sql<KnownKey>`kernel.known_key(${request.idempotencyKey ?? ""})`.as("k"))
        .select(["k.fingerprint", "k.row_id"]),
    );
    if (known === undefined || known.fingerprint !== fingerprintOf(request)) throw httpProblem.key_reused();
    const row = await tx.first(selectOne(record, known.row_id));
    if (row === undefined) throw doorProblem.not_found();
    const sealed = hasSealed(record)
      ? (await readSealed(tx, kernel.keyring, record.name, [known.row_id])).get(known.row_id)
      : {};
    return presentRow(record, row, sealed);
  });
  return created(record, shown);
}

function created(record: RecordDeclaration, shown: Record<string, unknown>): Answer {
  return {
    status: 201,
    body: shown,
    headers: {
      etag: `"${String(shown["version"])}"`,
      location: `/api/${record.app}/${record.path}/${String(shown["id"])}`,
    },
  };
}

function claimOf(request: RouteRequest, id: string) {
  if (request.idempotencyKey === null) return undefined;
  const parameters = [request.idempotencyKey, fingerprintOf(request), id];
  return {
    compile: () => ({
      ...query.selectNoFrom((expression) => expression.lit(1).as("one")).compile(),
      sql: "select kernel.claim_key($1, $2, $3)",
      parameters,
    }),
  };
}

function fingerprintOf(request: RouteRequest): string {
  return createHash("sha256")
    .update(`${request.raw.method} ${request.raw.url}\n${canonicalText(request.body ?? null)}`)
    .digest("base64url");
}

/** A filter or page mark that is no value of its column: 22P02, 22003, 22007 and 22008 are PostgreSQL's ways of saying so. */
function valueProblem(error: unknown): unknown {
  return error instanceof DatabaseError && /^22(P02|003|007|008)$/.test(error.code ?? "")
    ? httpProblem.request_not_understood({
        values: { reason: "a filter or page mark does not fit its field" },
        cause: error,
      })
    : error;
}

const sealing = new WeakMap<RecordDeclaration, boolean>();

/** Looked for once a record: each of its requests asks. */
function hasSealed(record: RecordDeclaration): boolean {
  let found = sealing.get(record);
  if (found === undefined) {
    found = Object.values(record.fields).some((field) => field.sealed);
    sealing.set(record, found);
  }
  return found;
}
function sealedValues(record: RecordDeclaration, values: Readonly<Record<string, unknown>>): Row {
  return Object.fromEntries(Object.entries(values).filter(([name]) => record.fields[name]?.sealed));
}
function idOf({ params }: RouteRequest): string {
  return typeof params === "object" && params !== null && "id" in params && typeof params.id === "string"
    ? params.id
    : "";
}
function members(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
function textMembers(value: unknown): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(members(value)).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
function numberMember(value: unknown, name: string, otherwise: number): number {
  const found = members(value)[name];
  return typeof found === "number" ? found : otherwise;
}
