import { setTimeout as pause } from "node:timers/promises";
import { pino } from "pino";
import { startWorker, type App, type Kernel } from "@probity/kernel";

/** Has an app lay its sample data in, as founding a workspace does, and waits until its job is done. */
export async function layIn(kernel: Kernel, app: App, workspace: string, most = 120_000): Promise<void> {
  const worker = await startWorker(kernel, app.jobs?.(kernel) ?? {}, {
    onlyServer: true,
    logger: pino({ level: process.env["PROBITY_TEST_LOG"] ?? "silent" }),
  });
  try {
    await kernel.door.work(kernel.system(workspace), "kernel.membership.accept", async (tx) => app.furnish?.(tx));
    const end = Date.now() + most;
    for (;;) {
      const { rows } = await kernel.workerPool.query<{ last_error: string | null; attempts: number }>(
        "select j.last_error, j.attempts from graphile_worker._private_jobs j",
      );
      if (rows.length === 0) return;
      const failed = rows.find((row) => row.last_error !== null);
      if (failed !== undefined) throw new Error(failed.last_error ?? "");
      if (Date.now() > end) throw new Error("the sample data is not there yet");
      await pause(50);
    }
  } finally {
    await worker.stop();
  }
}
