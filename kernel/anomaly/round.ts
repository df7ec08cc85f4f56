import type { Kernel } from "../kernel.ts";
import { openDueReviews } from "../review/round.ts";
import { raiseAnomalies } from "./anomaly.ts";

/**
 * The server's own rounds: alarms every minute, access reviews every hour. Several servers may make them at once: an open
 * alarm and an open review are there once by a unique index, and who comes second finds them.
 */
export function startRounds(kernel: Kernel, onProblem: (error: unknown) => void): { stop(): Promise<void> } {
  let running: Promise<unknown> = Promise.resolve();
  const take = (round: (kernel: Kernel) => Promise<number>) => () => {
    running = running.then(() => round(kernel)).catch(onProblem);
  };
  const timers = [
    setInterval(
      take((of) => raiseAnomalies(of)),
      60_000,
    ),
    setInterval(
      take((of) => openDueReviews(of)),
      3_600_000,
    ),
  ];
  take((of) => openDueReviews(of))();
  return {
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      await running;
    },
  };
}
