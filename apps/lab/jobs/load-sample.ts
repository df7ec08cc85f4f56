import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { enqueue, type Job, type Kernel, type Tx } from "@probity/kernel";
import type { Sealer } from "@probity/seal";
import { loadLaboratory, samplePermissions, sampleSteps } from "../sample-data/load.ts";

/** Enqueues the sample laboratory in the transaction that founds a workspace: it comes with the workspace or not at all. */
export async function enqueueSample(tx: Tx): Promise<void> {
  await enqueue(tx, {
    task: "lab.load_sample",
    subjectId: uuidv7(),
    permissions: samplePermissions,
    total: sampleSteps,
  });
}

/** Lays an invented laboratory in: its history as brought in, its present day through the same acts as anybody's. */
export async function loadSample(kernel: Kernel, job: Job, sealer: Sealer | undefined): Promise<void> {
  await loadLaboratory(kernel, job, sealer);
}
