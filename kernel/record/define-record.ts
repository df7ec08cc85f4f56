import type { Field } from "./field.ts";

/** What each act on a record asks for. An act that is not named is nobody's: its route does not exist. */
export type RecordPermissions = {
  readonly read: string;
  readonly create?: string;
  readonly update?: string;
  readonly delete?: string;
};

export type RecordDeclaration = {
  /** schema.table, the one name: permission, error and event prefix. */
  readonly name: string;
  /** /api/{app}/{path} */
  readonly app: string;
  readonly path: string;
  readonly title: string;
  readonly fields: Readonly<Record<string, Field>>;
  readonly may: RecordPermissions;
  readonly list?: {
    /** Fields the list can be filtered by, equal to a value. */
    readonly filter?: readonly string[];
    /** Fields the free text `q` looks into. */
    readonly search?: readonly string[];
    readonly sort?: readonly string[];
    /** A security_invoker view over the table that the list reads instead, with what it shows besides the fields. */
    readonly view?: { readonly name: string; readonly shows: Readonly<Record<string, Field>> };
  };
  /** Which retention class of the policy applies (RET-01). */
  readonly retain: string;
  /** False where the app serves the record by routes of its own; the judge and the generated tests still know it. */
  readonly routes?: boolean;
  /** Changes ask for a reason (SIG-06). */
  readonly reasonRequired?: boolean;
};

const every = new Map<string, RecordDeclaration>();

/**
 * Declares a record: API routes and schemas, OpenAPI, permissions, export, retention and the generated tests come from
 * it. It makes no table: the SQL migration does, and the judge compares the two.
 */
export function defineRecord(declaration: RecordDeclaration): RecordDeclaration {
  const [schema, table] = declaration.name.split(".");
  if (!schema || !table || schema !== declaration.app.replaceAll("-", "_")) {
    throw new Error(
      `Record ${declaration.name} must be named after its app: ${declaration.app.replaceAll("-", "_")}.<table>`,
    );
  }
  if (every.has(declaration.name)) throw new Error(`Record ${declaration.name} is declared twice`);
  for (const name of [
    ...(declaration.list?.filter ?? []),
    ...(declaration.list?.search ?? []),
    ...(declaration.list?.sort ?? []),
  ]) {
    const found = declaration.fields[name];
    if (!found) throw new Error(`Record ${declaration.name} lists by ${name}, which is no field of it`);
    if (found.sealed) throw new Error(`Record ${declaration.name} can't list by ${name}: it is sealed`);
  }
  every.set(declaration.name, declaration);
  return declaration;
}

/** Every declared record, for the judge, the tests and the export. */
export function declaredRecords(): readonly RecordDeclaration[] {
  return [...every.values()];
}

const none: ReadonlySet<string> = new Set();
/** The declaration of this name, where there is one. */
export function recordNamed(name: string): RecordDeclaration | undefined {
  return every.get(name);
}

const sealedOf = new Map<string, ReadonlySet<string>>();

/** The names of the fields that a record keeps under seal; none where nothing of that name is declared. */
export function sealedFields(record: string | undefined): ReadonlySet<string> {
  const declared = record === undefined ? undefined : every.get(record);
  if (record === undefined || declared === undefined) return none;
  let known = sealedOf.get(record);
  if (known === undefined) {
    known = new Set(
      Object.entries(declared.fields)
        .filter(([, field]) => field.sealed)
        .map(([name]) => name),
    );
    sealedOf.set(record, known);
  }
  return known;
}
