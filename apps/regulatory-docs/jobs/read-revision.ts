import { doorProblem, FileRefusedError, type ReadDocument, type Job, type Kernel } from "@probity/kernel";
import { query } from "../query.ts";
import { storeText } from "../text.ts";

const permission = "regulatory_docs.document.upload";

/** Takes the text of an uploaded revision in an isolated child, seals it, and says how it went. Safe to run twice. */
export async function readRevision(kernel: Kernel, job: Job): Promise<void> {
  await job.report("reading", 0, 1);
  // 1. What is to be read, under the job's own grant.
  const found = await kernel.door.work(job.credential, permission, async (tx) => {
    const revision = await tx.first(
      query
        .selectFrom("regulatory_docs.revision")
        .select(["id", "version", "state", "kind", "file_name", "encoding", "kept_blob_id", "warnings"])
        .where("id", "=", job.subjectId),
    );
    if (!revision?.kept_blob_id) throw doorProblem.not_found();
    const keys = await kernel.files.keysOf(tx);
    return { revision, keys, blob: await kernel.files.find(tx, revision.kept_blob_id), tenantId: tx.who.tenantId };
  });
  const { revision, keys, blob, tenantId } = found;
  if (revision.state !== "reading") return;

  // 2. The reading itself: outside any transaction, in a child of its own.
  const bytes = await kernel.files.readAll(blob, keys);
  let extracted: ReadDocument | undefined;
  let refusal: FileRefusedError | undefined;
  try {
    extracted = await kernel.extraction.extract({
      kind: kindOf(revision.kind),
      fileName: revision.file_name,
      bytes,
      ...(revision.encoding === null ? {} : { encoding: revision.encoding }),
    });
  } catch (error) {
    if (!(error instanceof FileRefusedError)) throw error;
    refusal = error;
  }
  const text = extracted ? await storeText(kernel, tenantId, keys, extracted) : null;

  // 3. The outcome, with its leaf. A refused file is not kept.
  await kernel.door.work(job.credential, permission, async (tx) => {
    const outcome = extracted ? "ready" : "refused";
    await tx.record({
      action: `regulatory_docs.revision.${outcome}`,
      record: "regulatory_docs.revision",
      rowId: revision.id,
      version: revision.version + 1,
      fields: { pageCount: extracted?.pageCount ?? null, refusal: refusal?.code ?? null },
    });
    await tx.all(
      query
        .updateTable("regulatory_docs.revision")
        .set({
          state: outcome,
          page_count: extracted?.pageCount ?? null,
          warnings: JSON.stringify([
            ...(Array.isArray(revision.warnings) ? revision.warnings : []),
            ...(extracted?.warnings ?? []),
          ]),
          text_blob_id: text ? await kernel.files.name(tx, text) : null,
          refusal_code: refusal?.code ?? null,
          refusal_text: refusal?.message ?? null,
          ...(refusal ? { kept_blob_id: null } : {}),
        })
        .where("id", "=", revision.id)
        .where("version", "=", revision.version),
    );
    if (refusal) await kernel.files.unnameUnused(tx, blob.id);
  });
  await job.report("reading", 1, 1);
}

function kindOf(kind: string): "pdf" | "docx" | "doc" | "txt" {
  if (kind === "pdf" || kind === "docx" || kind === "doc" || kind === "txt") return kind;
  throw new Error(`A revision of kind ${kind}`);
}
