import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { doorProblem, type Job, type Kernel, type LedgerEvent } from "@probity/kernel";
import { analyseIsolated, type PackedDocument } from "../analysis.ts";
import type { Addressed, GapRun, RequirementResult } from "../engine/result.ts";
import { problem } from "../errors.ts";
import { query } from "../query.ts";
import { loadTextBytes } from "../text.ts";

const permission = "regulatory_docs.run.start";

/** A requirement as it is kept: runs of the engine's first version do not say which document is meant for it. */
export type KeptRequirement = Omit<RequirementResult, "addressed"> & { addressed?: Addressed };

/** What a run keeps, sealed: the engine's whole answer and what it was made from. */
export type KeptRun = {
  readonly run: Omit<GapRun, "requirements"> & { requirements: KeptRequirement[] };
  readonly documents: readonly {
    id: string;
    name: string;
    revision: number;
    revisionId: string;
    sha256: string;
    skipped: string | null;
  }[];
};

/** Analyses a collection's current revisions against the run's pack and writes the findings. Safe to run twice. */
export async function analyseCollection(kernel: Kernel, job: Job): Promise<void> {
  await job.report("collecting", 0, 3);
  // 1. What is to be analysed, as it stands now.
  const input = await kernel.door.work(job.credential, permission, async (tx) => {
    const run = await tx.first(
      query
        .selectFrom("regulatory_docs.run")
        .select(["id", "version", "collection_id", "number", "pack_id", "state"])
        .where("id", "=", job.subjectId),
    );
    if (!run) throw doorProblem.not_found();
    const revisions = await tx.all(
      query
        .selectFrom("regulatory_docs.document as d")
        .innerJoin("regulatory_docs.revision as r", (join) =>
          join.onRef("r.document_id", "=", "d.id").onRef("r.number", "=", "d.current_revision"),
        )
        .select([
          "d.id",
          "d.name",
          "r.id as revisionId",
          "r.number",
          "r.sha256",
          "r.state",
          "r.refusal_text",
          "r.text_blob_id",
          "r.kind",
        ])
        .where("d.collection_id", "=", run.collection_id)
        .where("d.deleted_at", "is", null)
        .orderBy("d.name"),
    );
    const documents: PackedDocument[] = [];
    for (const revision of revisions) {
      if (revision.text_blob_id === null) continue;
      const json = await loadTextBytes(kernel, tx, revision.text_blob_id);
      documents.push({ id: revision.id, name: revision.name, plain: revision.kind === "txt", json });
    }
    return { run, revisions, documents, keys: await kernel.files.keysOf(tx), tenantId: tx.who.tenantId };
  });
  if (input.run.state === "done") return;
  if (input.documents.length === 0) throw problem.nothing_to_analyse();

  // 2. The analysis: deterministic, in a child without network.
  await job.report("analysing", 1, 3);
  const result = await analyseIsolated({ pack: input.run.pack_id, documents: input.documents });
  const kept: KeptRun = {
    run: result,
    documents: input.revisions.map((each) => ({
      id: each.id,
      name: each.name,
      revision: each.number,
      revisionId: each.revisionId,
      sha256: each.sha256,
      skipped: each.text_blob_id === null ? (each.refusal_text ?? "Its text was not read yet.") : null,
    })),
  };
  const stored = await kernel.files.store(input.tenantId, input.keys, Buffer.from(JSON.stringify(kept)), "json");

  // 3. Findings and run in one transaction: a leaf each.
  await job.report("writing", 2, 3);
  await kernel.door.work(job.credential, permission, async (tx) => {
    const before = await statusesOfRunBefore(tx, input.run.collection_id, input.run.pack_id, input.run.number);
    const findings = result.requirements.map((each) => ({
      id: uuidv7(),
      run_id: input.run.id,
      requirement_id: each.id,
      status: each.status,
      coverage: each.coverage,
      changed: before.size > 0 && before.get(each.id) !== each.status,
    }));
    const blobId = await kernel.files.name(tx, stored);
    const events: LedgerEvent[] = findings.map((each) => ({
      action: "regulatory_docs.finding.create",
      record: "regulatory_docs.finding",
      rowId: each.id,
      version: 1,
      fields: { requirement: each.requirement_id, status: each.status },
    }));
    await tx.recordAll([
      ...events,
      {
        action: "regulatory_docs.run.finish",
        record: "regulatory_docs.run",
        rowId: input.run.id,
        version: input.run.version + 1,
        fields: { engine: result.engine, pack: result.pack.version, result: stored.contentId },
      },
    ]);
    await tx.all(query.insertInto("regulatory_docs.finding").values(findings));
    await tx.all(
      query
        .updateTable("regulatory_docs.run")
        .set({ state: "done", engine: result.engine, result_blob_id: blobId })
        .where("id", "=", input.run.id)
        .where("version", "=", input.run.version),
    );
  });
  await job.report("writing", 3, 3);
}

async function statusesOfRunBefore(
  tx: Parameters<typeof loadTextBytes>[1],
  collectionId: string,
  packId: string,
  number: number,
): Promise<Map<string, string>> {
  const last = await tx.first(
    query
      .selectFrom("regulatory_docs.run")
      .select("id")
      .where("collection_id", "=", collectionId)
      .where("pack_id", "=", packId)
      .where("number", "<", number)
      .where("state", "=", "done")
      .orderBy("number", "desc")
      .limit(1),
  );
  if (!last) return new Map();
  const rows = await tx.all(
    query.selectFrom("regulatory_docs.finding").select(["requirement_id", "status"]).where("run_id", "=", last.id),
  );
  return new Map(rows.map((row) => [row.requirement_id, row.status]));
}
