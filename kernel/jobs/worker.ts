import { setTimeout as pause } from "node:timers/promises";
import { Logger, type TaskList } from "graphile-worker";
import { Type } from "typebox";
import { Value } from "typebox/value";
import type { FastifyBaseLogger } from "fastify";
import type { Kernel } from "../kernel.ts";
import type { Credential } from "../work/credential.ts";
import { Problem } from "../work/problem.ts";
import { keepWorking, type Worker } from "./keep-working.ts";

export type Job = {
  /** Opens the door for what the job was granted. */
  readonly credential: Credential;
  readonly subjectId: string;
  /** Writes the progress that the page shows. */
  report(stage: string, done: number, total: number): Promise<void>;
};
export type JobHandler = (job: Job) => Promise<void>;

const payloadSchema = Type.Object({ job: Type.String(), secret: Type.String(), subject: Type.String() });
const maxAttempts = 5;
const hearingMs = 600_000;

/**
 * Runs jobs. One that a killed server left behind is taken up again as soon as that server is known to be dead: with an
 * embedded database there is one server only, so at start every lock is a dead one's.
 */
export async function startWorker(
  kernel: Kernel,
  tasks: Readonly<Record<string, JobHandler>>,
  options: { onlyServer: boolean; logger: FastifyBaseLogger; concurrency?: number },
): Promise<Worker> {
  if (options.onlyServer) await releaseDeadLocks(kernel);
  const taskList: TaskList = {};
  for (const [name, handler] of Object.entries(tasks)) {
    taskList[name] = async (payload, helpers) => runJob(kernel, handler, payload, helpers.job.attempts, options.logger);
  }
  return keepWorking(
    {
      pgPool: kernel.workerPool,
      taskList,
      concurrency: options.concurrency ?? 2,
      noHandleSignals: true,
      pollInterval: 500,
      logger: quietLogger(options.logger),
      crontab: "",
    },
    (error) => options.logger.warn({ err: error }, "the worker lost the database and starts anew"),
  );
}

async function runJob(
  kernel: Kernel,
  handler: JobHandler,
  payload: unknown,
  attempt: number,
  logger: FastifyBaseLogger,
): Promise<void> {
  if (!Value.Check(payloadSchema, payload)) throw new Error("A job without its grant");
  const { secret, job: id, subject } = payload;
  let last = { stage: "starting", done: 0, total: 0 };
  const write = (state: string, problem: unknown = null) =>
    kernel.door.callFunction({
      sql: "select kernel.report_job($1, $2, $3, $4, $5, $6)",
      parameters: [secret, state, last.stage, last.done, last.total, problem === null ? null : JSON.stringify(problem)],
    });
  const report = async (stage: string, done: number, total: number) => {
    last = { stage, done, total };
    await write("running");
  };
  try {
    await handler({
      credential: { kind: "job", token: secret, source: { address: null, requestId: id } },
      subjectId: subject,
      report,
    });
    last = { ...last, stage: "done", done: last.total };
    await write("done");
  } catch (error) {
    // A Problem is an answer: trying again would give the same one. "Too busy" and anything else may be a passing fault.
    const final = (error instanceof Problem && error.status !== 503) || attempt >= maxAttempts;
    logger.error({ err: error, job: id, attempt }, "job failed");
    if (!final) throw error;
    // No attempt follows that could say it: this is said until the database hears it.
    await untilHeard(() =>
      write(
        "failed",
        error instanceof Problem
          ? { code: error.code, title: error.title, detail: error.detail }
          : {
              code: "http.broken",
              title: "Something broke here",
              detail:
                "The job could not be finished. Nothing was half-stored. Start it again; if it stays, give the job id to your operator.",
            },
      ),
    );
  }
}

async function untilHeard(say: () => Promise<unknown>): Promise<void> {
  for (const deadline = Date.now() + hearingMs; ; await pause(500)) {
    try {
      await say();
      return;
    } catch (error) {
      if (!(error instanceof Problem && error.status === 503) || Date.now() > deadline) throw error;
    }
  }
}

async function releaseDeadLocks(kernel: Kernel): Promise<void> {
  const held = await kernel.workerPool.query<{ locked_by: string }>(
    "select distinct locked_by from graphile_worker.jobs where locked_by is not null",
  );
  const workers = held.rows.map((row) => row.locked_by);
  if (workers.length > 0) await kernel.workerPool.query("select graphile_worker.force_unlock_workers($1)", [workers]);
}

/** Only what needs somebody's attention: the worker reports each job it takes otherwise. */
function quietLogger(logger: FastifyBaseLogger): Logger {
  return new Logger(() => (level, message) => {
    if (level === "error") logger.error({ worker: message }, "worker");
    else if (level === "warning") logger.warn({ worker: message }, "worker");
  });
}
