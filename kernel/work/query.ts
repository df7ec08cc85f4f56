import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type Compilable,
  type InferResult,
} from "kysely";
import type { Row, Statement } from "./batch.ts";
import type { DB } from "../database/schema.generated.ts";

/**
 * Builds queries over the given tables; it has no connection and runs none (its driver is a dummy). What it builds runs
 * through a Tx, which is bound to a tenant. Each schema's types are generated from the live database.
 */
export function queryFor<Tables>(): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
}

/** The kernel's own tables. */
export const query = queryFor<DB>();

/** The database answers with the columns the query asked for: its type and these rows come from the same statement. */
export function rowsOf<Q extends Compilable<unknown>>(rows: Row[]): InferResult<Q>;
export function rowsOf(rows: Row[]): Row[] {
  return rows;
}

/** Rows that are passed on as they are: their times come as RFC 3339 text, since a Date would only be made to be written. */
class PassedOn implements Compilable<Row> {
  readonly compile: Compilable<Row>["compile"];

  constructor(query: Compilable<Row>) {
    this.compile = () => query.compile();
  }
}

export function withTimesAsText(query: Compilable<Row>): Compilable<Row> {
  return new PassedOn(query);
}

/** A built query as a statement of a batch. */
export function statementOf(query: Compilable<unknown>): Statement {
  const { sql, parameters } = query.compile();
  return { sql, parameters, timesAsText: query instanceof PassedOn };
}
