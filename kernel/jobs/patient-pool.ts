import { setTimeout as pause } from "node:timers/promises";
import type { Pool, PoolClient } from "pg";
import { isDatabaseAway } from "../database/lost.ts";

const retryMs = 250;
/** graphile-worker tries a statement again, soon and often, when it failed with this SQLSTATE (serialization_failure). */
const triedAgain = "40001";

/**
 * The pool graphile-worker gets. It writes how a job ended without anybody waiting for it: a connection refused there is an
 * unhandled rejection and would end the process. So a connection is waited for until the database is back, and a statement
 * that lost its connection fails in the one way after which the worker repeats it. All it repeats may be done twice.
 */
export function patientPool(pool: Pool, stopped: AbortSignal): Pool {
  const connect = async (): Promise<PoolClient> => {
    for (;;) {
      try {
        return patientClient(await pool.connect());
      } catch (error) {
        if (stopped.aborted) throw repeatable(error);
        if (!isDatabaseAway(error)) throw error;
        await pause(retryMs, undefined, { signal: stopped }).catch(() => undefined);
      }
    }
  };
  return new Proxy(pool, {
    get(target, name) {
      // With a callback it is the listener's connection: the worker has its own patience for that one.
      if (name === "connect")
        return (listener?: Parameters<Pool["connect"]>[0]) => (listener ? target.connect(listener) : connect());
      return memberOf(target, name);
    },
  });
}

function patientClient(client: PoolClient): PoolClient {
  return new Proxy(client, {
    get(target, name) {
      if (name !== "query") return memberOf(target, name);
      return (...parameters: Parameters<PoolClient["query"]>) =>
        Promise.resolve(target.query(...parameters)).catch((error: unknown) => {
          throw isDatabaseAway(error) ? repeatable(error) : error;
        });
    },
  });
}

function repeatable(error: unknown): Error {
  const message = error instanceof Error ? error.message : "the database is away";
  return Object.assign(new Error(message, { cause: error }), { code: triedAgain });
}

function memberOf(target: object, name: string | symbol): unknown {
  const member: unknown = Reflect.get(target, name);
  return typeof member === "function" ? member.bind(target) : member;
}
