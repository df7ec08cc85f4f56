import { createHash } from "node:crypto";
import type { Connection, FieldDef, PoolClient } from "pg";
import Result from "pg/lib/result.js";
import pgUtils from "pg/lib/utils.js";

/** One statement with its parameters ($1 …), as Kysely's compile() gives it. */
export type Statement = { readonly sql: string; readonly parameters: readonly unknown[] };
export type Row = Record<string, unknown>;

/** Statement names known to each server connection: a name counts once ParseComplete came, whatever failed after it. */
const preparedOf = new WeakMap<Connection, Set<string>>();
const nameOf = new Map<string, string>();

function statementName(sql: string): string {
  let name = nameOf.get(sql);
  if (name === undefined) {
    name = `p${createHash("sha256").update(sql).digest("base64url").slice(0, 20)}`;
    // Texts come from code, not from users; the bound only protects against a mistake.
    if (nameOf.size > 2_000) nameOf.clear();
    nameOf.set(sql, name);
  }
  return name;
}

/**
 * Sends several statements in one round trip: N × Parse/Bind/Describe/Execute and one Sync. Without an explicit BEGIN they
 * are one implicit transaction: an error anywhere rolls all of it back and leaves the connection idle.
 */
class Batch {
  readonly promise: Promise<Row[][]>;
  readonly #statements: readonly { sql: string; values: (string | Buffer | null)[] }[];
  readonly #results: Result[] = [];
  #current = new Result();
  #resolve: (rows: Row[][]) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #parsing: string[] = [];
  #wire: Connection | undefined;
  readonly #onParsed = () => {
    const name = this.#parsing.shift();
    if (name !== undefined && this.#wire) preparedOf.get(this.#wire)?.add(name);
  };

  constructor(statements: readonly Statement[]) {
    // Serialised before anything is sent: a value that throws half-way must not leave a first half to be committed.
    this.#statements = statements.map(({ sql, parameters }) => ({
      sql,
      values: parameters.map((value) => pgUtils.prepareValue(value)),
    }));
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(wire: Connection): void {
    this.#wire = wire;
    const prepared = preparedOf.get(wire) ?? new Set<string>();
    preparedOf.set(wire, prepared);
    wire.on("parseComplete", this.#onParsed);
    wire.stream.cork();
    for (const { sql, values } of this.#statements) {
      const name = statementName(sql);
      if (!prepared.has(name) && !this.#parsing.includes(name)) {
        this.#parsing.push(name);
        wire.parse({ name, text: sql, types: [] }, true);
      }
      wire.bind({ statement: name, values }, true);
      wire.describe({ type: "P", name: "" }, true);
      wire.execute({ portal: "" }, true);
    }
    wire.sync();
    wire.stream.uncork();
  }

  handleParseComplete(): void {}
  handleRowDescription(message: { fields: FieldDef[] }): void {
    this.#current.addFields(message.fields);
  }
  handleDataRow(message: { fields: (Buffer | string | null)[] }): void {
    this.#current.addRow(this.#current.parseRow(message.fields));
  }
  handleCommandComplete(message: { text: string }): void {
    this.#current.addCommandComplete(message);
    this.#next();
  }
  handleEmptyQuery(): void {
    this.#next();
  }
  handlePortalSuspended(): void {}
  handleCopyInResponse(): void {}
  handleCopyData(): void {}

  /** pg forgets the running query here and ReadyForQuery finds nobody: settle now or never. */
  handleError(error: Error): void {
    if (this.#wire) this.#settle(this.#wire);
    this.#reject(error);
  }
  handleReadyForQuery(): void {
    if (this.#wire) this.#settle(this.#wire);
    this.#resolve(this.#results.map((result) => result.rows));
  }

  #next(): void {
    this.#results.push(this.#current);
    this.#current = new Result();
  }
  #settle(wire: Connection): void {
    wire.off("parseComplete", this.#onParsed);
  }
}

/** Runs the statements on this client in one round trip; resolves to each statement's rows, in order. */
export function runBatch(client: PoolClient, statements: readonly Statement[]): Promise<Row[][]> {
  const batch = new Batch(statements);
  client.query(batch);
  return batch.promise;
}
