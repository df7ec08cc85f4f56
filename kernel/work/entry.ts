import type { Compilable } from "kysely";
import { makeLeaf, toldLeaf, type ChangeEvent, type Leaf, type LedgerEvent } from "../ledger/leaf.ts";
import type { Row, Statement } from "./batch.ts";
import type { Credential, Who } from "./credential.ts";
import { statementOf } from "./query.ts";
import { sql } from "./sql.ts";

/** Statements for `once`, built from who the caller is. */
export type OncePlan = {
  /** The leaf of the one governed row that the statements add: as `Tx.change`. */
  readonly change?: ChangeEvent;
  readonly events?: readonly LedgerEvent[];
  readonly statements: readonly Compilable<unknown>[];
};
export function keepStatement(credential: Credential): Statement {
  const workspace = "workspace" in credential ? (credential.workspace ?? null) : null;
  return { sql: "select kernel.keep_pass($1, $2, $3)", parameters: [credential.kind, credential.token, workspace] };
}

export type Entered = { readonly entered: Row[] | undefined; readonly answered: Row[][] };

/** The door's answer, and those of the plan's own statements. */
export function enteredOf(rows: Row[][], planned: OncePlan): Entered {
  return { entered: rows[0], answered: rows.slice(1 + (planned.events?.length ?? 0)) };
}

export function isWrite(planned: OncePlan): boolean {
  return planned.change !== undefined || planned.events !== undefined;
}

export function onceStatements(
  credential: Credential,
  permission: string,
  who: Who,
  planned: OncePlan,
  unflushed = false,
): Statement[] {
  const telling = unflushed ? sql.enterTellingUnflushed : sql.enterTelling;
  const leaves = (planned.events ?? []).map((event) => makeLeaf(who, credential.source, event));
  const entry = enterStatement(credential, permission);
  const told = planned.change === undefined ? undefined : toldLeaf(who, credential.source, planned.change);
  return [
    told === undefined ? entry : { sql: telling.sql, parameters: [...entry.parameters, told] },
    ...leafStatements(leaves),
    ...planned.statements.map(statementOf),
  ];
}

export function enterStatement(credential: Credential, permission: string): Statement {
  const workspace = "workspace" in credential ? (credential.workspace ?? null) : null;
  return {
    sql: sql.enter.sql,
    parameters: [credential.kind, credential.token, workspace, permission, credential.source.address],
  };
}

/** Leaves are staged as sets of this many: by itself each costs the database more than twice as much. */
const leavesAtOnce = 500;
/** Below this, planning for a set costs more than it saves. */
const fewLeaves = 3;

export function leafStatements(leaves: readonly Leaf[]): Statement[] {
  if (leaves.length <= fewLeaves) {
    return leaves.map(({ bytes, openings }) => ({
      sql: "select kernel.stage_leaf($1, $2)",
      parameters: [bytes, JSON.stringify(openings)],
    }));
  }
  const statements: Statement[] = [];
  for (let at = 0; at < leaves.length; at += leavesAtOnce) {
    const some = leaves.slice(at, at + leavesAtOnce);
    const bytes = some.map((leaf) => leaf.bytes);
    const openings = some.map((leaf) => JSON.stringify(leaf.openings));
    statements.push({ sql: "select kernel.stage_leaves($1, $2)", parameters: [bytes, openings] });
  }
  return statements;
}
