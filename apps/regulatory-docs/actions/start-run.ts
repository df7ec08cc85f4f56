import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { doorProblem, enqueue, type Tx } from "@probity/kernel";
import { listPacks } from "../engine/pack.ts";
import { problem } from "../errors.ts";
import { query } from "../query.ts";

const permission = "regulatory_docs.run.start";

/** Makes a run of a collection against a pack and enqueues its analysis, in the caller's transaction. */
export async function startRun(
  tx: Tx,
  collectionId: string,
  packId: string,
): Promise<{ runId: string; jobId: string }> {
  const pack = listPacks().find((each) => each.id === packId);
  if (!pack) throw problem.pack_unknown();
  // The row lock gives two runs started at once two numbers.
  const collection = await tx.first(
    query
      .selectFrom("regulatory_docs.collection")
      .select("id")
      .where("id", "=", collectionId)
      .where("deleted_at", "is", null)
      .forUpdate(),
  );
  if (!collection) throw doorProblem.not_found();
  const last = await tx.first(
    query
      .selectFrom("regulatory_docs.run")
      .select("number")
      .where("collection_id", "=", collectionId)
      .orderBy("number", "desc")
      .limit(1),
  );
  const id = uuidv7();
  const number = (last?.number ?? 0) + 1;
  await tx.change(
    {
      action: "regulatory_docs.run.create",
      record: "regulatory_docs.run",
      rowId: id,
      version: 1,
      fields: { pack: packId, number },
    },
    query.insertInto("regulatory_docs.run").values({
      id,
      collection_id: collectionId,
      number,
      pack_id: packId,
      pack_version: pack.version,
      state: "waiting",
    }),
  );
  return {
    runId: id,
    jobId: await enqueue(tx, {
      task: "regulatory_docs.analyse_collection",
      subjectId: id,
      permissions: [permission],
      total: 3,
    }),
  };
}
