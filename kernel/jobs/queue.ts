import { randomBytes, randomUUID } from "node:crypto";
import { sql } from "kysely";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";

export type Enqueued = {
  readonly task: string;
  readonly subjectId: string;
  readonly permissions: readonly string[];
  readonly total?: number;
};

/**
 * Enqueues a job in the running transaction: it starts only if that commits. The job gets a grant of its own with the
 * named permissions, which its enqueuer must hold. Answers the job's id.
 */
export async function enqueue(tx: Tx, job: Enqueued): Promise<string> {
  const id = randomUUID();
  const secret = randomBytes(32).toString("base64url");
  await tx.record({ action: "kernel.job.enqueue", fields: { job: id, task: job.task, subject: job.subjectId } });
  const call = sql`select kernel.enqueue(${job.task}, ${job.subjectId}, ${[...job.permissions]}, ${id}, ${secret}, ${job.total ?? 0})`;
  await tx.all({ compile: () => call.compile(query) });
  return id;
}
