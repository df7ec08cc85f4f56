import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { enqueue, type Job, type Kernel, type Tx } from "@probity/kernel";
import { acceptFile, addRevision, store } from "../actions/upload-document.ts";
import { startRun } from "../actions/start-run.ts";
import { query } from "../query.ts";
import { sampleFiles, sampleUpdates, type SampleFile } from "../sample-data/make.ts";

const change = "regulatory_docs.collection.change";
const upload = "regulatory_docs.document.upload";
const start = "regulatory_docs.run.start";
const waitSecondsMax = 120;

/** Enqueues the sample data in the transaction that founds a workspace: it comes with the workspace or not at all. */
export async function enqueueSample(tx: Tx): Promise<void> {
  await enqueue(tx, {
    task: "regulatory_docs.load_sample",
    subjectId: uuidv7(),
    permissions: [change, upload, start],
    total: 4,
  });
}

/**
 * Brings the sample quality system in through the same door as any upload: a collection, its files, a run; then one
 * revised procedure and a second run, so that what changed can be seen. The job's subject is the collection's id.
 */
export async function loadSample(kernel: Kernel, job: Job): Promise<void> {
  const collectionId = job.subjectId;
  await job.report("collection", 0, 4);
  await kernel.door.work(job.credential, change, async (tx) => {
    const known = await tx.first(
      query.selectFrom("regulatory_docs.collection").select("id").where("id", "=", collectionId),
    );
    if (known) return;
    const name = "Sample quality system";
    const description =
      "A small quality system of an invented maker of infusion monitors, with deliberate gaps. Delete it when you have seen enough.";
    await tx.record({
      action: "regulatory_docs.collection.create",
      record: "regulatory_docs.collection",
      rowId: collectionId,
      version: 1,
      fields: { name, description },
    });
    await tx.all(query.insertInto("regulatory_docs.collection").values({ id: collectionId, name, description }));
  });
  await job.report("documents", 1, 4);
  await bringIn(kernel, job, collectionId, await sampleFiles());
  await job.report("first run", 2, 4);
  await runOnce(kernel, job, collectionId, 1);
  await bringIn(kernel, job, collectionId, await sampleUpdates());
  await job.report("second run", 3, 4);
  await runOnce(kernel, job, collectionId, 2);
  await job.report("second run", 4, 4);
}

/** Uploads each file that is not there yet in this very form, then waits until all of them are read. */
async function bringIn(kernel: Kernel, job: Job, collectionId: string, files: readonly SampleFile[]): Promise<void> {
  const { tenantId, keys } = await kernel.door.work(job.credential, upload, async (tx) => ({
    tenantId: tx.who.tenantId,
    keys: await kernel.files.keysOf(tx),
  }));
  for (const { fileName, bytes } of files) {
    const accepted = await acceptFile(kernel, bytes, fileName);
    const known = await kernel.door.work(job.credential, upload, (tx) =>
      tx.first(
        query
          .selectFrom("regulatory_docs.revision as r")
          .innerJoin("regulatory_docs.document as d", "d.id", "r.document_id")
          .select("r.id")
          .where("d.collection_id", "=", collectionId)
          .where("r.sha256", "=", accepted.sha256),
      ),
    );
    if (known) continue;
    const stored = await store(kernel, tenantId, keys, accepted);
    await kernel.door.work(job.credential, upload, (tx) => addRevision(kernel, tx, collectionId, accepted, stored));
  }
  await until(async () => {
    const reading = await kernel.door.work(job.credential, upload, (tx) =>
      tx.first(
        query
          .selectFrom("regulatory_docs.revision as r")
          .innerJoin("regulatory_docs.document as d", "d.id", "r.document_id")
          .select("r.id")
          .where("d.collection_id", "=", collectionId)
          .where("r.state", "=", "reading")
          .limit(1),
      ),
    );
    return reading === undefined;
  });
}

async function runOnce(kernel: Kernel, job: Job, collectionId: string, number: number): Promise<void> {
  await kernel.door.work(job.credential, start, async (tx) => {
    const known = await tx.first(
      query
        .selectFrom("regulatory_docs.run")
        .select("id")
        .where("collection_id", "=", collectionId)
        .where("number", "=", number),
    );
    if (!known) await startRun(tx, collectionId, "iso-13485");
  });
  await until(async () => {
    const run = await kernel.door.work(job.credential, start, (tx) =>
      tx.first(
        query
          .selectFrom("regulatory_docs.run")
          .select("state")
          .where("collection_id", "=", collectionId)
          .where("number", "=", number),
      ),
    );
    return run?.state !== "waiting";
  });
}

async function until(done: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + waitSecondsMax * 1000;
  while (!(await done())) {
    if (Date.now() > end) throw new Error("The sample data was not read in time");
    await pause(200);
  }
}
