import { Type, type TObject, type TSchema } from "typebox";
import type { RecordDeclaration } from "./define-record.ts";

const stamp = Type.String({ format: "date-time" });

/** What the API shows of a record. */
export function recordSchema(record: RecordDeclaration): TObject {
  const fields: Record<string, TSchema> = {};
  for (const [name, field] of Object.entries(record.fields)) fields[name] = field.schema;
  return Type.Object({
    id: Type.String({ format: "uuid" }),
    version: Type.Integer(),
    ...fields,
    createdAt: stamp,
    createdBy: Type.String(),
    updatedAt: stamp,
    updatedBy: Type.String(),
    locked: Type.Boolean(),
  });
}

/** What a list shows of each: the record, and what its view adds. */
export function listedSchema(record: RecordDeclaration): TObject {
  const shows = Object.entries(record.list?.view?.shows ?? {}).map(([name, field]) => [name, field.schema]);
  return Type.Object({ ...recordSchema(record).properties, ...Object.fromEntries(shows) });
}

/** What a create takes: no read-only field, nothing unknown. */
export function createSchema(record: RecordDeclaration): TObject {
  return Type.Object(writable(record, false), { additionalProperties: false });
}

/** What an update takes: any of the writable fields, at least one; the reason where the record asks for one. */
export function updateSchema(record: RecordDeclaration): TObject {
  const reason = { reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" })) };
  return Type.Object({ ...writable(record, true), ...reason }, { additionalProperties: false, minProperties: 1 });
}

/** What a list takes. */
export function listSchema(record: RecordDeclaration): TObject {
  const filters: Record<string, TSchema> = {};
  for (const name of record.list?.filter ?? []) filters[name] = Type.Optional(Type.String({ maxLength: 200 }));
  return Type.Object({
    ...filters,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
    cursor: Type.Optional(Type.String({ maxLength: 1000 })),
    sort: Type.Optional(Type.String({ maxLength: 100 })),
    ...(record.list?.search ? { q: Type.Optional(Type.String({ maxLength: 200 })) } : {}),
    format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")])),
  });
}

function writable(record: RecordDeclaration, allOptional: boolean): Record<string, TSchema> {
  const schemas: Record<string, TSchema> = {};
  for (const [name, field] of Object.entries(record.fields)) {
    if (field.readOnly) continue;
    schemas[name] = allOptional || field.optional ? Type.Optional(field.schema) : field.schema;
  }
  return schemas;
}
