import { randomUUID, randomUUIDv7 as uuidv7 } from "node:crypto";
import { DatabaseError, type Client, type ClientConfig } from "pg";
import { openClient } from "../database/pool.ts";
import { rolePassword, type LoginRole } from "../database/roles.ts";
import type { Kernel } from "../kernel.ts";
import { canonicalText } from "../ledger/canonical.ts";
import { makeLeaf } from "../ledger/leaf.ts";
import { judge, judgeInTransaction, type RecordShape } from "../lint/judge.ts";
import { instanceTenantId, systemActorId } from "../work/credential.ts";
import { catalogueName } from "./catalogue-name.ts";

/** One statement at a time on a connection of a runtime role. Rejects with PostgreSQL's error; `refusal` reads its code. */
export type ProbeConnection = {
  query(sql: string, parameters?: readonly unknown[]): Promise<Record<string, unknown>[]>;
};

/** A probe's result on its way into the table. */
export type ProbeNote = {
  readonly control: string;
  readonly probe: string;
  readonly kind: string;
  readonly outcome: string;
  readonly detail: string;
};
/** The newest result of a probe, as the database keeps it. */
export type ProbeRecord = Omit<ProbeNote, "kind"> & { readonly at: Date };

/** What the judge said: rule, object and detail. */
export type JudgeFinding = { readonly rule: string; readonly object: string; readonly detail: string };

/**
 * What a probe may ask of the database: as a role of the running server, so that it meets what an injected statement would
 * meet, or as the set-up role, to read the catalogue and to try, rolled back, what no runtime role may do. Never a handler.
 */
export type ProbeDatabase = {
  /** A transaction as this role that is always rolled back. */
  attempt<T>(role: LoginRole | "setup", run: (connection: ProbeConnection) => Promise<T>): Promise<T>;
  /** The same, bound to a tenant through the door as the system. */
  bound<T>(tenantId: string, run: (connection: ProbeConnection) => Promise<T>): Promise<T>;
  /** Every finding of the judge over the running database. */
  judge(): Promise<JudgeFinding[]>;
  /** What the judge finds after these statements of the set-up role, rolled back afterwards. */
  judgeAfter(statements: string): Promise<JudgeFinding[]>;
};

/** Opens what probes need; connections are made for each attempt and closed after it. */
export function openProbeDatabase(
  kernel: Pick<Kernel, "address" | "rootKey" | "system">,
  admin: ClientConfig,
  shapes: readonly RecordShape[] | undefined,
): ProbeDatabase {
  const configOf = (role: LoginRole | "setup"): ClientConfig =>
    role === "setup" ? admin : { ...kernel.address, user: role, password: rolePassword(kernel.rootKey.key, role) };
  const connected = async <T>(role: LoginRole | "setup", run: (client: Client) => Promise<T>): Promise<T> => {
    const client = await openClient({
      ...configOf(role),
      application_name: "probity probe",
      statement_timeout: 15_000,
    });
    try {
      return await run(client);
    } finally {
      await client.end();
    }
  };
  const attempt: ProbeDatabase["attempt"] = (role, run) =>
    connected(role, async (client) => {
      await client.query("begin");
      try {
        return await run({ query: async (sql, parameters = []) => (await client.query(sql, [...parameters])).rows });
      } finally {
        await client.query("rollback");
      }
    });
  return {
    attempt,
    bound: (tenantId, run) =>
      attempt("probity_app", async (connection) => {
        await connection.query("select kernel.enter('system', $1, $2, 'kernel.probe', null)", [
          kernel.system(tenantId).token,
          tenantId,
        ]);
        return run(connection);
      }),
    judge: () => connected("setup", async (client) => flat(await judge(client, shapes))),
    judgeAfter: (statements) =>
      connected("setup", async (client) => {
        await client.query("begin; set local search_path = pg_catalog, pg_temp");
        try {
          await client.query(statements);
          return flat(await judgeInTransaction(client, shapes));
        } finally {
          await client.query("rollback");
        }
      }),
  };
}

function flat(findings: Awaited<ReturnType<typeof judge>>): JudgeFinding[] {
  return findings.map(({ rule, object, detail }) => ({ rule: rule.id, object, detail }));
}

/**
 * Runs inside a savepoint what the database should refuse.
 * @returns the SQLSTATE of the refusal, or undefined when it went through.
 * @throws what is no error of the database.
 */
export async function refusal(connection: ProbeConnection, run: () => Promise<unknown>): Promise<string | undefined> {
  const savepoint = `"try_${randomUUID()}"`;
  await connection.query(`savepoint ${catalogueName(savepoint)}`);
  try {
    await run();
    return undefined;
  } catch (error) {
    if (error instanceof DatabaseError && error.code !== undefined) return error.code;
    throw error;
  } finally {
    await connection.query(`rollback to savepoint ${catalogueName(savepoint)}`);
  }
}

/** Writes one run's results with the leaf that commits to them. */
export async function noteProbes(
  kernel: Pick<Kernel, "door" | "system">,
  results: readonly ProbeNote[],
): Promise<void> {
  const runId = uuidv7();
  const rows = results.map((result) => ({ id: uuidv7(), ...result }));
  const broken = rows.filter((row) => row.outcome !== "held").length;
  const credential = kernel.system(instanceTenantId);
  const leaf = makeLeaf({ tenantId: instanceTenantId, actorId: systemActorId }, credential.source, {
    action: "kernel.probe.run",
    outcome: broken === 0 ? "done" : "failed",
    fields: { runId, held: String(rows.length - broken), broken: String(broken), results: rows },
  });
  await kernel.door.callFunction({
    sql: "select kernel.note_probes($1, $2, $3, $4, $5)",
    parameters: [credential.token, runId, leaf.bytes, JSON.stringify(leaf.openings), JSON.stringify(rows)],
  });
}

/** The newest result of each of these probes; a probe that never ran is missing. */
export async function latestProbes(
  kernel: Pick<Kernel, "door">,
  names: readonly { readonly control: string; readonly probe: string }[],
): Promise<ProbeRecord[]> {
  const rows = await kernel.door.callFunction({
    sql: "select control, probe, at, outcome, detail from kernel.latest_probes($1)",
    parameters: [canonicalText(names)],
  });
  return rows.map((row) => ({
    control: String(row["control"]),
    probe: String(row["probe"]),
    at: row["at"] instanceof Date ? row["at"] : new Date(0),
    outcome: String(row["outcome"]),
    detail: String(row["detail"]),
  }));
}

/** Runs while no other server of this instance does; undefined when another one is at it. The lock dies with its holder. */
export async function withProbeLock<T>(
  kernel: Pick<Kernel, "workerPool">,
  run: () => Promise<T>,
): Promise<T | undefined> {
  const client = await kernel.workerPool.connect();
  let broken: Error | undefined;
  try {
    const taken = await client.query<{ taken: boolean }>("select pg_try_advisory_lock(7071, 16) as taken");
    if (taken.rows[0]?.taken !== true) return undefined;
    try {
      return await run();
    } finally {
      await client.query("select pg_advisory_unlock(7071, 16)").catch((error: unknown) => {
        broken = error instanceof Error ? error : new Error("the lock's connection broke");
      });
    }
  } finally {
    client.release(broken);
  }
}
