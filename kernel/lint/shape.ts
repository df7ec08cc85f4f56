import type { RecordDeclaration } from "../record/define-record.ts";
import { columnOf, type FieldKind } from "../record/field.ts";
import type { RecordShape } from "./judge.ts";

/** Which column types hold a kind of field; `|` between alternatives. */
const typeOf: Readonly<Record<FieldKind, string>> = {
  text: "text",
  choice: "text",
  integer: "integer|bigint|smallint",
  number: "numeric|double precision|real",
  boolean: "boolean",
  date: "date",
  instant: "timestamptz",
  id: "uuid",
  // A list of ids is a JSON array to whoever reads it.
  json: "jsonb|uuid[]",
};

/** What the judge compares with the columns, from the declarations of `defineRecord`. */
export function shapesOf(records: readonly RecordDeclaration[]): RecordShape[] {
  return records.map(({ name, fields }) => ({
    record: name,
    columns: Object.entries(fields).map(([field, { kind, optional, sealed }]) => ({
      name: columnOf(field),
      type: typeOf[kind],
      nullable: optional,
      sealed,
    })),
  }));
}
