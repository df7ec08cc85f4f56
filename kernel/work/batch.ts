import { createHash } from "node:crypto";
import { types, type Connection, type FieldDef, type PoolClient } from "pg";
import { serialize } from "pg-protocol";
import pgUtils from "pg/lib/utils.js";
import { timeText } from "../database/time.ts";

/** One statement with its parameters ($1 …), as Kysely's compile() gives it. */
export type Statement = {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** Parsed anew each time and never kept under a name. */
  readonly unnamed?: boolean;
  /** Times come as RFC 3339 text instead of a Date: for rows that are passed on as they are. */
  readonly timesAsText?: boolean;
};
export type Row = Record<string, unknown>;

type Column = { readonly name: string; readonly parse: (text: string) => unknown };
/** A statement a server connection has parsed; its columns once they were described. */
type Prepared = { columns: readonly Column[] | undefined };

/**
 * What is known of a connection. A name counts once ParseComplete came, whatever failed after it: a statement parsed in a
 * batch that fails stays prepared on the server.
 */
class Wire {
  readonly prepared = new Map<string, Prepared>();
  /** Parses on their way, oldest first: "" for one without a name. */
  readonly parsing: { readonly name: string; readonly batch: Batch }[] = [];

  static of(connection: Connection): Wire {
    let wire = wires.get(connection);
    if (wire === undefined) {
      const made = new Wire();
      wire = made;
      connection.on("parseComplete", () => {
        const done = made.parsing.shift();
        if (done && done.name !== "") made.prepared.set(done.name, { columns: undefined });
      });
      wires.set(connection, wire);
    }
    return wire;
  }
}
const wires = new WeakMap<Connection, Wire>();
const nameOf = new Map<string, string>();
const textNameOf = new Map<string, string>();

/** How its columns are read belongs to what is remembered under a name, so it is part of the name. */
function statementName({ sql, timesAsText }: Statement): string {
  const names = timesAsText === true ? textNameOf : nameOf;
  let name = names.get(sql);
  if (name === undefined) {
    name = `${timesAsText === true ? "t" : "p"}${createHash("sha256").update(sql).digest("base64url").slice(0, 20)}`;
    // Texts come from code, not from users; the bound only protects against a mistake.
    if (names.size > 2_000) names.clear();
    names.set(sql, name);
  }
  return name;
}

const executeMessage = serialize.execute();
const describeMessage = serialize.describe({ type: "P" });
const syncMessage = serialize.sync();
const noColumns: readonly Column[] = [];

/** A statement as it is sent. */
type Sent = {
  readonly name: string;
  readonly text: string;
  readonly values: (string | Buffer | null)[];
  readonly timesAsText: boolean;
};

/** Who sends batches before the connection comes to them: told when it does, and when one is answered or failed. */
export interface BatchSender {
  onTurn(): void;
  onSettled(): void;
}

/**
 * Several statements in one round trip: N × (Parse) Bind (Describe) Execute and one Sync, as one write. Without an explicit
 * BEGIN they are one implicit transaction: an error anywhere rolls all of it back and leaves the connection idle. What is
 * known of a statement is neither parsed nor described again.
 */
export class Batch {
  readonly promise: Promise<Row[][]>;
  /** What PostgreSQL says each statement did: "UPDATE 1" (CommandComplete). */
  readonly tags: string[] = [];
  readonly #statements: readonly Sent[];
  readonly #results: Row[][] = [];
  #rows: Row[] = [];
  #columns: (readonly Column[] | undefined)[] = [];
  #resolve: (rows: Row[][]) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #wire: Wire | undefined;

  readonly #sender: BatchSender | undefined;

  constructor(statements: readonly Statement[], sender?: BatchSender) {
    this.#sender = sender;
    // Serialised before anything is sent: a value that throws half-way must not leave a first half to be committed.
    this.#statements = statements.map((each) => ({
      name: each.unnamed === true ? "" : statementName(each),
      text: each.sql,
      values: each.parameters.map((value) => (typeof value === "string" ? value : pgUtils.prepareValue(value))),
      timesAsText: each.timesAsText === true,
    }));
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** pg calls this when the connection is free for it. */
  submit(connection: Connection): void {
    if (this.#wire === undefined) {
      const pieces: Buffer[] = [];
      this.putPieces(connection, pieces);
      connection.stream.write(Buffer.concat(pieces));
    }
    this.#sender?.onTurn();
  }

  /** Adds its messages, for a connection that may still be answering what was sent before; they are taken once, in order. */
  putPieces(connection: Connection, pieces: Buffer[]): void {
    const wire = Wire.of(connection);
    this.#wire = wire;
    for (const { name: known, text, values } of this.#statements) {
      const prepared = wire.prepared.get(known);
      let name = known;
      if (prepared === undefined) {
        // Asked for twice before the first answer: only one of them may take the name.
        if (known !== "" && wire.parsing.some((each) => each.name === known)) name = "";
        wire.parsing.push({ name, batch: this });
        pieces.push(serialize.parse({ name, text, types: [] }));
      }
      pieces.push(serialize.bind({ statement: name, values }));
      if (prepared?.columns === undefined) pieces.push(describeMessage);
      this.#columns.push(prepared?.columns);
      pieces.push(executeMessage);
    }
    pieces.push(syncMessage);
  }

  handleRowDescription(message: { fields: FieldDef[] }): void {
    const asText = this.#statements[this.#results.length]?.timesAsText === true;
    this.#described(
      message.fields.map(({ name, dataTypeID }) => ({
        name,
        parse: asText && dataTypeID === types.builtins.TIMESTAMPTZ ? timeText : types.getTypeParser(dataTypeID, "text"),
      })),
    );
  }
  handleDataRow(message: { fields: (string | null)[] }): void {
    const row: Row = {};
    const columns = this.#columns[this.#results.length] ?? noColumns;
    for (let index = 0; index < columns.length; index += 1) {
      const column = columns[index];
      const text = message.fields[index];
      if (column) row[column.name] = text === null || text === undefined ? null : column.parse(text);
    }
    this.#rows.push(row);
  }
  handleCommandComplete(message?: { text: string }): void {
    this.tags.push(message?.text ?? "");
    // A statement that answers nothing is described by NoData, which pg passes on to nobody.
    if (this.#columns[this.#results.length] === undefined) this.#described(noColumns);
    this.#results.push(this.#rows);
    this.#rows = [];
  }
  handleEmptyQuery(): void {
    this.handleCommandComplete();
  }
  handleParseComplete(): void {}
  handlePortalSuspended(): void {}
  handleCopyInResponse(): void {}
  handleCopyData(): void {}

  /** pg forgets the running query here and ReadyForQuery finds nobody: settle now or never. */
  handleError(error: Error): void {
    const parsing = this.#wire?.parsing ?? [];
    while (parsing[0]?.batch === this) parsing.shift();
    this.#reject(error);
    this.#sender?.onSettled();
  }
  handleReadyForQuery(): void {
    this.#resolve(this.#results);
    this.#sender?.onSettled();
  }

  #described(columns: readonly Column[]): void {
    const index = this.#results.length;
    this.#columns[index] = columns;
    const prepared = this.#wire?.prepared.get(this.#statements[index]?.name ?? "");
    if (prepared) prepared.columns ??= columns;
  }
}

/** Runs the statements on this client in one round trip; resolves to each statement's rows, in order. */
export function runBatch(client: PoolClient, statements: readonly Statement[]): Promise<Row[][]> {
  const batch = new Batch(statements);
  client.query(batch);
  return batch.promise;
}
