import { setTimeout as pause } from "node:timers/promises";
import { run, type Runner, type RunnerOptions } from "graphile-worker";
import type { Pool } from "pg";
import { patientPool } from "./patient-pool.ts";

export type Worker = { stop(): Promise<void> };

const retryMs = 500;
const stopBoundMs = 30_000;

/**
 * Runs graphile-worker, and starts it anew when it lost the answer to "which job is mine": the job may be locked in its
 * name with nobody at it. Running jobs finish first; then all that the old worker still holds is released.
 */
export async function keepWorking(
  options: RunnerOptions & { readonly pgPool: Pool },
  onProblem: (error: unknown) => void,
): Promise<Worker> {
  const stopping = new AbortController();
  const pgPool = patientPool(options.pgPool, stopping.signal);
  const gone = new Set<string>();
  const begin = async (): Promise<Runner> => {
    if (gone.size > 0) {
      await options.pgPool.query("select graphile_worker.force_unlock_workers($1)", [[...gone]]);
      gone.clear();
    }
    const runner = await run({ ...options, pgPool });
    runner.events.on("pool:gracefulShutdown", ({ workerPool }) => gone.add(workerPool.id));
    runner.events.once("worker:getJob:error", ({ error }) => {
      if (stopping.signal.aborted) return;
      onProblem(error);
      runner.stop("it lost the database").catch(() => undefined);
    });
    return runner;
  };

  let runner: Runner | undefined = await begin();
  const keeping = (async () => {
    while (runner !== undefined) {
      await runner.promise.catch(onProblem);
      runner = undefined;
      while (runner === undefined && !stopping.signal.aborted) {
        await pause(retryMs, undefined, { signal: stopping.signal }).catch(() => undefined);
        if (!stopping.signal.aborted) runner = await begin().catch(noted(onProblem));
      }
      // Stopped while it began.
      if (stopping.signal.aborted) await runner?.stop().catch(() => undefined);
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      // One that is ending by itself answers with a rejection; its end is awaited beside it. A job may take minutes: the
      // next start takes up what is left of it.
      const ended = Promise.all([runner?.stop().catch(() => undefined), keeping]);
      await Promise.race([ended, pause(stopBoundMs, undefined, { ref: false })]);
    },
  };
}

function noted(onProblem: (error: unknown) => void): (error: unknown) => undefined {
  return (error) => void onProblem(error);
}
