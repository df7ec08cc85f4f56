import type { Compilable, InferResult } from "kysely";
import { DatabaseError, type Pool, type PoolClient } from "pg";
import { makeLeaf, type LedgerEvent } from "../ledger/leaf.ts";
import { runBatch, type Row, type Statement } from "./batch.ts";
import type { Credential, Who } from "./credential.ts";
import { problemOfDatabase } from "./error.ts";
import { HintCache } from "./hint.ts";
import { rowsOf } from "./query.ts";
import { sql } from "./sql.ts";

/** What a refused or finished entry is told to: the access buffer keeps it for the ledger. */
export interface DoorObserver {
  refused(credential: Credential, permission: string, code: string, who: Who | undefined): void;
}

/**
 * The one connection a handler ever holds: bound to a tenant and an actor, gone when the work ends. No network call
 * belongs inside it: while it is open the ledger waits for it.
 */
export interface Tx {
  readonly who: Who;
  readonly credential: Credential;
  all<Q extends Compilable<unknown>>(query: Q): Promise<InferResult<Q>>;
  /** First row, or undefined. */
  first<Q extends Compilable<unknown>>(query: Q): Promise<InferResult<Q>[number] | undefined>;
  /** Stages the leaf of an act. A change of a governed row stages its leaf before the change, with the row's new version. */
  record(event: LedgerEvent): Promise<void>;
  /** Several leaves in one round trip. */
  recordAll(events: readonly LedgerEvent[]): Promise<void>;
}

/** Statements for `once`, built from who the caller is. */
export type OncePlan = {
  readonly events?: readonly LedgerEvent[];
  readonly statements: readonly Compilable<unknown>[];
};

export class Door {
  readonly #pool: Pool;
  readonly #observer: DoorObserver;
  readonly #hints = new HintCache();

  constructor(pool: Pool, observer: DoorObserver) {
    this.#pool = pool;
    this.#observer = observer;
  }

  /**
   * Enters, runs `run` in one transaction, commits. Everything the callback does happens for that tenant and actor or not
   * at all. Throws the door's refusal as a Problem.
   */
  async work<T>(credential: Credential, permission: string, run: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#guarded(credential, permission, async (client) => {
      const [, entered] = await runBatch(client, [sql.begin, enterStatement(credential, permission)]);
      const who = whoOf(entered);
      this.#hints.set(credential, who);
      const result = await run(new BoundTx(client, who, credential));
      await runBatch(client, [sql.commit]);
      return result;
    });
  }

  /**
   * The same in one single round trip: door, leaves and statements are one implicit transaction. `plan` sees who the caller
   * was the last time; the database checks it again, and a leaf that names the wrong actor is refused and planned anew.
   */
  async once(
    credential: Credential,
    permission: string,
    plan: (who: Who) => OncePlan,
  ): Promise<{ who: Who; rows: Row[][] }> {
    return this.#guarded(credential, permission, async (client) => {
      const hint = this.#hints.get(credential);
      if (hint !== undefined) {
        try {
          return await this.#enterAndRun(client, credential, permission, { ...plan(hint), who: hint });
        } catch (error) {
          // Only a leaf in the name of who the credential was: planned anew below. Anything else is the answer.
          if (!(error instanceof DatabaseError) || error.code !== staleHint) throw error;
        }
      }
      const [entered] = await runBatch(client, [enterStatement(credential, permission)]);
      const who = whoOf(entered);
      return this.#enterAndRun(client, credential, permission, { ...plan(who), who });
    });
  }

  async #enterAndRun(
    client: PoolClient,
    credential: Credential,
    permission: string,
    planned: OncePlan & { readonly who: Who },
  ): Promise<{ who: Who; rows: Row[][] }> {
    const leaves = (planned.events ?? []).map((event) => leafStatement(credential, event, planned.who));
    const [entered, ...rest] = await runBatch(client, [
      enterStatement(credential, permission),
      ...leaves,
      ...planned.statements.map(compiled),
    ]);
    const who = whoOf(entered);
    this.#hints.set(credential, who);
    return { who, rows: rest.slice(leaves.length) };
  }

  /** One definer function that needs no tenant (a session's own profile, a rate budget): never a table. */
  async callFunction(statement: Statement): Promise<Row[]> {
    return this.#guarded(nobody, "", async (client) => {
      const [rows] = await runBatch(client, [statement]);
      return rows ?? [];
    });
  }

  /** Opens a workspace with the system credential and works in it, in one transaction. */
  async found<T>(
    credential: Credential & { kind: "system" },
    workspace: { slug: string; name: string; preset: string },
    run: (tx: Tx) => Promise<T>,
  ): Promise<T> {
    return this.#guarded(credential, "kernel.workspace.found", async (client) => {
      const { token, workspace: id } = credential;
      await runBatch(client, [
        sql.begin,
        {
          sql: "select kernel.found_workspace($1, $2, $3, $4, $5)",
          parameters: [token, id, workspace.slug, workspace.name, workspace.preset],
        },
      ]);
      const who: Who = {
        tenantId: id,
        actorId: "00000000-0000-0000-0000-000000000001",
        userId: null,
        sessionId: null,
        role: "system",
        subjectId: null,
      };
      const tx = new BoundTx(client, who, credential);
      await tx.record({
        action: "kernel.workspace.found",
        fields: { name: workspace.name, slug: workspace.slug, preset: workspace.preset },
      });
      const result = await run(tx);
      await runBatch(client, [sql.commit]);
      return result;
    });
  }

  async #guarded<T>(credential: Credential, permission: string, use: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw problemOfDatabase(error, permission) ?? error;
    });
    let broken: Error | undefined;
    const onError = (error: Error) => (broken = error);
    client.on("error", onError);
    try {
      return await use(client);
    } catch (error) {
      // In a failed or half-done transaction: close it before the connection goes back. A connection that cannot is destroyed.
      await runBatch(client, [sql.rollback]).catch((failure: unknown) => {
        broken ??= failure instanceof Error ? failure : new Error("rollback failed");
      });
      const problem = problemOfDatabase(error, permission);
      if (problem === undefined) throw error;
      if (problem.status === 401 || problem.status === 403 || problem.status === 404 || problem.status === 423) {
        this.#observer.refused(credential, permission, problem.code, this.#hints.get(credential));
        this.#hints.delete(credential);
      }
      throw problem;
    } finally {
      client.off("error", onError);
      client.release(broken);
    }
  }
}

/** For definer functions that check their own secret. */
const nobody: Credential = { kind: "link", token: "", source: { address: null, requestId: "function" } };

/** stage_leaf refuses a leaf of another tenant or actor with this SQLSTATE. */
const staleHint = "PB003";

class BoundTx implements Tx {
  readonly who: Who;
  readonly credential: Credential;
  readonly #client: PoolClient;

  constructor(client: PoolClient, who: Who, credential: Credential) {
    this.#client = client;
    this.who = who;
    this.credential = credential;
  }
  async all<Q extends Compilable<unknown>>(query: Q): Promise<InferResult<Q>> {
    const [rows] = await runBatch(this.#client, [compiled(query)]);
    return rowsOf<Q>(rows ?? []);
  }
  async first<Q extends Compilable<unknown>>(query: Q): Promise<InferResult<Q>[number] | undefined> {
    return (await this.all(query))[0];
  }
  async record(event: LedgerEvent): Promise<void> {
    await this.recordAll([event]);
  }
  async recordAll(events: readonly LedgerEvent[]): Promise<void> {
    await runBatch(
      this.#client,
      events.map((event) => leafStatement(this.credential, event, this.who)),
    );
  }
}

function enterStatement(credential: Credential, permission: string): Statement {
  const workspace = "workspace" in credential ? (credential.workspace ?? null) : null;
  return {
    sql: sql.enter.sql,
    parameters: [credential.kind, credential.token, workspace, permission, credential.source.address],
  };
}

function leafStatement(credential: Credential, event: LedgerEvent, who: Who): Statement {
  const leaf = makeLeaf(who, credential.source, event);
  return {
    sql: "select kernel.stage_leaf($1, $2)",
    parameters: [leaf.bytes, JSON.stringify(leaf.openings)],
  };
}

function compiled(query: Compilable<unknown>): Statement {
  const { sql: text, parameters } = query.compile();
  return { sql: text, parameters };
}

function whoOf(rows: Row[] | undefined): Who {
  const row = rows?.[0];
  if (row === undefined) throw new Error("The door answered without saying who entered");
  return {
    tenantId: String(row["tenant_id"]),
    actorId: String(row["actor_id"]),
    userId: row["user_id"] === null ? null : String(row["user_id"]),
    sessionId: row["session_id"] === null ? null : String(row["session_id"]),
    role: String(row["role"]),
    subjectId: row["subject_id"] === null ? null : String(row["subject_id"]),
  };
}
