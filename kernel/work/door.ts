import type { Compilable, InferResult } from "kysely";
import { DatabaseError, type Pool, type PoolClient } from "pg";
import { makeLeaf, toldLeaf, type ChangeEvent, type LedgerEvent } from "../ledger/leaf.ts";
import { Batch, runBatch, type Row, type Statement } from "./batch.ts";
import type { Credential, Who } from "./credential.ts";
import {
  enteredOf,
  enterStatement,
  isWrite,
  keepStatement,
  leafStatements,
  onceStatements,
  type Entered,
  type OncePlan,
} from "./entry.ts";
import { doorProblem, problemOfDatabase, unconfirmed } from "./error.ts";
import { HintCache, type Hint } from "./hint.ts";
import { gaveUpWaiting, type Lane, type Lanes } from "./lane.ts";
import { rowsOf, statementOf } from "./query.ts";
import { resetBatch, sessionLeft } from "./reset.ts";
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
  /**
   * Makes one change of one governed row and its leaf, in one round trip. The leaf is written with the change: what changes
   * nothing (its version has passed) leaves none, and where its caller passes over that the work is refused as stale.
   * Whoever needs the leaf before, for a reason or an unlocking, stages it by `record`.
   */
  change<Q extends Compilable<unknown>>(event: ChangeEvent, query: Q): Promise<InferResult<Q>>;
  /** Stages the leaf of an act; of a change of a governed row before the change, with the row's new version. */
  record(event: LedgerEvent): Promise<void>;
  /** Several leaves in one round trip. */
  recordAll(events: readonly LedgerEvent[]): Promise<void>;
}

export type OnceOptions = {
  /** A row or a few by their key, never a list: it may share a connection with others that are just as short. */
  readonly short?: boolean;
};

export class Door {
  readonly #pool: Pool;
  readonly #observer: DoorObserver;
  readonly #lanes: Lanes | undefined;
  readonly #hints = new HintCache();

  constructor(pool: Pool, observer: DoorObserver, lanes?: Lanes) {
    this.#pool = pool;
    this.#observer = observer;
    this.#lanes = lanes;
  }

  /**
   * Enters, runs `run` in one transaction, commits. Everything the callback does happens for that tenant and actor or not
   * at all. Throws the door's refusal as a Problem.
   */
  async work<T>(credential: Credential, permission: string, run: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#guarded(credential, permission, async (client, spoil) => {
      const [, entered] = await runBatch(client, [sql.begin, enterStatement(credential, permission)]);
      const { who, judged } = this.#entered(credential, entered);
      const tx = new BoundTx(client, who, credential);
      const result = await run(tx);
      tx.refuseUnmet();
      const left = await runBatch(client, [sql.commit, ...resetBatch]).catch(asUnconfirmed);
      spoilIfLeft(spoil, left.at(-1));
      if (judged) await keepPass(client, credential);
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
    options: OnceOptions = {},
  ): Promise<{ who: Who; rows: Row[][] }> {
    const hint = this.#hints.get(credential);
    const lane = options.short === true && hint ? this.#lanes?.free() : undefined;
    if (lane && hint) {
      const rows = await this.#onLane(lane, credential, permission, hint.who, plan(hint.who));
      if (rows !== undefined) {
        const { who, judged } = this.#entered(credential, rows.entered);
        if (judged) await lane.run([keepStatement(credential)]).catch(() => undefined);
        return { who, rows: rows.answered };
      }
    }
    return this.#guarded(credential, permission, async (client) => {
      if (hint !== undefined) {
        try {
          return await this.#enterAndRun(client, credential, permission, hint.who, plan(hint.who));
        } catch (error) {
          // Only a leaf in the name of who the credential was: planned anew below. Anything else is the answer.
          if (!isStaleHint(error)) throw error;
        }
      }
      const [entered] = await runBatch(client, [enterStatement(credential, permission)]);
      const { who } = this.#entered(credential, entered);
      return this.#enterAndRun(client, credential, permission, who, plan(who));
    });
  }

  /** Undefined where it needs a connection of its own: it would wait for a lock, or was planned for somebody else. */
  async #onLane(
    lane: Lane,
    credential: Credential,
    permission: string,
    expected: Who,
    planned: OncePlan,
  ): Promise<Entered | undefined> {
    const flush = planned.change === undefined ? undefined : this.#lanes?.flushOf(lane);
    try {
      const rows = await lane.run(onceStatements(credential, permission, expected, planned, flush !== undefined));
      await flush?.().catch((error: unknown) => {
        throw doorProblem.unconfirmed({ cause: error });
      });
      return enteredOf(rows, planned);
    } catch (error) {
      // Nothing of it was kept.
      if (gaveUpWaiting(error) || isStaleHint(error)) return undefined;
      throw this.#refusal(isWrite(planned) ? unconfirmed(error) : error, credential, permission);
    }
  }

  async #enterAndRun(
    client: PoolClient,
    credential: Credential,
    permission: string,
    expected: Who,
    planned: OncePlan,
  ): Promise<{ who: Who; rows: Row[][] }> {
    const rows = await runBatch(client, onceStatements(credential, permission, expected, planned)).catch(
      (error: unknown) => {
        throw isWrite(planned) ? unconfirmed(error) : error;
      },
    );
    const { entered, answered } = enteredOf(rows, planned);
    const { who, judged } = this.#entered(credential, entered);
    if (judged) await keepPass(client, credential);
    return { who, rows: answered };
  }

  /** Who the door let in, read once for each answer it gives; whether it had to judge, because there was no pass. */
  #entered(credential: Credential, rows: Row[] | undefined): Hint {
    const answer = rows?.[0]?.["enter"];
    if (typeof answer !== "string") throw new Error("The door answered without saying who entered");
    const known = this.#hints.get(credential);
    if (known?.answer === answer) return known;
    const [tenantId = "", actorId = "", userId = "", sessionId = "", role = "", subjectId = "", mark] =
      answer.split("|");
    const hint: Hint = {
      answer,
      judged: mark === "judged",
      who: {
        tenantId,
        actorId,
        userId: userId === "" ? null : userId,
        sessionId: sessionId === "" ? null : sessionId,
        role,
        subjectId: subjectId === "" ? null : subjectId,
      },
    };
    this.#hints.set(credential, hint);
    return hint;
  }

  /** One definer function that needs no tenant (a session's own profile, a rate budget): never a table. */
  async callFunction(statement: Statement): Promise<Row[]> {
    return this.#guarded(nobody, "", async (client) => {
      const [rows] = await runBatch(client, [statement]).catch(asUnconfirmed);
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
      tx.refuseUnmet();
      await runBatch(client, [sql.commit]).catch(asUnconfirmed);
      return result;
    });
  }

  async #guarded<T>(
    credential: Credential,
    permission: string,
    use: (client: PoolClient, spoil: (reason: Error) => void) => Promise<T>,
  ): Promise<T> {
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw problemOfDatabase(error, permission) ?? error;
    });
    let broken: Error | undefined;
    const onError = (error: Error) => (broken = error);
    client.on("error", onError);
    try {
      return await use(client, onError);
    } catch (error) {
      // In a failed or half-done transaction: close it before the connection goes back. A connection that cannot is destroyed.
      await runBatch(client, [sql.rollback, ...resetBatch]).then(
        (rows) => spoilIfLeft(onError, rows.at(-1)),
        (failure: unknown) => (broken ??= failure instanceof Error ? failure : new Error("rollback failed")),
      );
      throw this.#refusal(error, credential, permission);
    } finally {
      client.off("error", onError);
      client.release(broken);
    }
  }

  /** The problem an error of the database stands for; a refusal is told to the observer. */
  #refusal(error: unknown, credential: Credential, permission: string): unknown {
    const problem = problemOfDatabase(error, permission);
    if (problem === undefined) return error;
    if (problem.status === 401 || problem.status === 403 || problem.status === 404 || problem.status === 423) {
      this.#observer.refused(credential, permission, problem.code, this.#hints.get(credential)?.who);
      // Who it was stays known where it was let in and only may not do this: each further try is told of them too.
      if (problem.status === 401 || problem.status === 404) this.#hints.delete(credential);
    }
    return problem;
  }
}

function asUnconfirmed(error: unknown): never {
  throw unconfirmed(error);
}

/** For definer functions that check their own secret. */
const nobody: Credential = { kind: "link", token: "", source: { address: null, requestId: "function" } };

/** stage_leaf and stage_leaves refuse a leaf of another tenant or actor with this SQLSTATE. */
function isStaleHint(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === "PB003";
}

/** A connection on which a transaction left something that outlives it serves nobody else. */
function spoilIfLeft(spoil: (reason: Error) => void, rows: Row[] | undefined): void {
  const left = sessionLeft(rows ?? []);
  if (left.length > 0) spoil(new Error(`A transaction left behind: ${left.join(", ")}`));
}

/** Has the verdict kept for the next request. Without it that one is judged anew, so a failure here is nobody's loss. */
async function keepPass(client: PoolClient, credential: Credential): Promise<void> {
  await runBatch(client, [keepStatement(credential)]).catch(() => undefined);
}

class BoundTx implements Tx {
  readonly who: Who;
  readonly credential: Credential;
  readonly #client: PoolClient;
  #unmet: ChangeEvent | undefined;

  constructor(client: PoolClient, who: Who, credential: Credential) {
    this.#client = client;
    this.who = who;
    this.credential = credential;
  }
  async all<Q extends Compilable<unknown>>(query: Q): Promise<InferResult<Q>> {
    const [rows] = await runBatch(this.#client, [statementOf(query)]);
    return rowsOf<Q>(rows ?? []);
  }
  async first<Q extends Compilable<unknown>>(query: Q): Promise<InferResult<Q>[number] | undefined> {
    return (await this.all(query))[0];
  }
  async change<Q extends Compilable<unknown>>(event: ChangeEvent, query: Q): Promise<InferResult<Q>> {
    const told = { sql: sql.tell.sql, parameters: [toldLeaf(this.who, this.credential.source, event)] };
    const batch = new Batch([told, statementOf(query)]);
    this.#client.query(batch);
    const [, rows] = await batch.promise;
    if (batch.tags[1]?.endsWith(" 0")) this.#unmet ??= event;
    return rowsOf<Q>(rows ?? []);
  }
  /** A change that found no row and was passed over: whoever made it believes that it was made. */
  refuseUnmet(): void {
    if (this.#unmet === undefined) return;
    const { version } = this.#unmet;
    throw doorProblem.stale({ values: { current: version, given: version - 1 } });
  }
  async record(event: LedgerEvent): Promise<void> {
    await this.recordAll([event]);
  }
  async recordAll(events: readonly LedgerEvent[]): Promise<void> {
    const leaves = events.map((event) => makeLeaf(this.who, this.credential.source, event));
    await runBatch(this.#client, leafStatements(leaves));
  }
}
