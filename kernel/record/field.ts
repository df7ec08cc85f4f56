import { Type, type TSchema } from "typebox";

/** How a field is kept. A sealed field has no column: it lives encrypted in the side table. */
export type FieldKind = "text" | "integer" | "number" | "boolean" | "date" | "instant" | "choice" | "id" | "json";
export type Field = {
  readonly kind: FieldKind;
  readonly schema: TSchema;
  readonly optional: boolean;
  readonly sealed: boolean;
  /** Set by the server alone: refused in a request, shown in an answer. */
  readonly readOnly: boolean;
  readonly title: string;
};

type Options = { readonly optional?: boolean; readonly sealed?: boolean; readonly readOnly?: boolean };

function make(kind: FieldKind, title: string, schema: TSchema, options: Options): Field {
  const optional = options.optional ?? false;
  return {
    kind,
    title,
    schema: optional ? Type.Union([schema, Type.Null()]) : schema,
    optional,
    sealed: options.sealed ?? false,
    readOnly: options.readOnly ?? false,
  };
}

/** The kinds of field a record is declared from; `title` is the word people read. */
export const field = {
  text: (title: string, options: Options & { min?: number; max: number }): Field =>
    make(
      "text",
      title,
      Type.String({ minLength: options.min ?? (options.optional ? 0 : 1), maxLength: options.max }),
      options,
    ),
  integer: (title: string, options: Options & { min?: number; max?: number } = {}): Field =>
    make(
      "integer",
      title,
      Type.Integer({
        ...(options.min === undefined ? {} : { minimum: options.min }),
        ...(options.max === undefined ? {} : { maximum: options.max }),
      }),
      options,
    ),
  number: (title: string, options: Options = {}): Field => make("number", title, Type.Number(), options),
  boolean: (title: string, options: Options = {}): Field => make("boolean", title, Type.Boolean(), options),
  date: (title: string, options: Options = {}): Field => make("date", title, Type.String({ format: "date" }), options),
  instant: (title: string, options: Options = {}): Field =>
    make("instant", title, Type.String({ format: "date-time" }), options),
  /** A structure the server itself writes; never taken from a request. */
  json: (title: string, options: Pick<Options, "optional"> = {}): Field =>
    make("json", title, Type.Unknown(), { ...options, readOnly: true }),
  choice: (title: string, choices: readonly string[], options: Options = {}): Field =>
    make("choice", title, Type.Union(choices.map((choice) => Type.Literal(choice))), options),
  /** The id of another row; the composite foreign key in SQL keeps it inside the tenant. */
  id: (title: string, options: Options = {}): Field => make("id", title, Type.String({ format: "uuid" }), options),
} as const;

/** `dueOn` is the column `due_on`. */
export function columnOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
