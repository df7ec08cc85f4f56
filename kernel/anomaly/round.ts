import type { Kernel } from "../kernel.ts";
import { reconcileAll } from "../ledger/reconcile.ts";
import { retireAll } from "../retention/retire.ts";
import { openDueReviews } from "../review/round.ts";
import { raiseAnomalies } from "./anomaly.ts";

/** Log and tables of every workspace are compared; that some disagree is told to whoever runs the instance. */
async function compareAll(kernel: Kernel): Promise<number> {
  const wrong = await reconcileAll(kernel);
  if (wrong > 0)
    throw new Error(`The log and the tables of ${wrong} workspaces disagree: npx probity doctor says where`);
  return wrong;
}

/**
 * The server's own rounds: alarms every minute; access reviews, the comparison of log and tables, and retention every hour,
 * of which each workspace's retention runs once a day. Several servers may make them at once: an open
 * alarm and an open review are there once by a unique index, and who comes second finds them.
 */
export function startRounds(kernel: Kernel, onProblem: (error: unknown) => void): { stop(): Promise<void> } {
  let running: Promise<unknown> = Promise.resolve();
  const take = (round: (kernel: Kernel) => Promise<number>) => () => {
    running = running.then(() => round(kernel)).catch(onProblem);
  };
  const hourly = [openDueReviews, retireAll, compareAll].map((round) => take((of) => round(of)));
  const timers = [
    setInterval(
      take((of) => raiseAnomalies(of)),
      60_000,
    ),
    ...hourly.map((round) => setInterval(round, 3_600_000)),
  ];
  for (const round of hourly) round();
  return {
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      await running;
    },
  };
}
