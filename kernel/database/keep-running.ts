import { setTimeout as pause } from "node:timers/promises";
import type { Cluster } from "./cluster.ts";

const longestPauseMs = 10_000;

/**
 * Brings PostgreSQL back each time it ends unasked, and tries again when that fails: a folder may be full for an hour. The
 * server goes on meanwhile and answers 503. Stop it before the cluster itself is stopped.
 */
export function keepRunning(
  cluster: Pick<Cluster, "onExit" | "restart">,
  onProblem: (error: unknown, triedTimes: number) => void,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  let bringing: Promise<void> | undefined;
  const bring = async () => {
    for (let tried = 1; !stopping.signal.aborted; tried += 1) {
      try {
        return await cluster.restart();
      } catch (error) {
        onProblem(error, tried);
        const wait = Math.min(250 * 2 ** tried, longestPauseMs);
        await pause(wait, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  };
  const unsubscribe = cluster.onExit(() => {
    // It may end again just after it came back: each end gets its own turn, one after the other.
    bringing = (bringing ?? Promise.resolve()).then(bring);
  });
  return {
    stop: async () => {
      stopping.abort();
      unsubscribe();
      await bringing;
    },
  };
}
