import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { Type } from "typebox";
import {
  defineRoute,
  doorProblem,
  enqueue,
  fileProblem,
  fileProblemOf,
  giveReason,
  policyValue,
  refusalProblem,
  type Accepted,
  type ExtractionClaim,
  type Kernel,
  type Route,
  type RouteRequest,
  type StoredBytes,
  type Tx,
} from "@probity/kernel";
import { problem } from "../errors.ts";
import { query } from "../query.ts";
import { storeText } from "../text.ts";

const permission = "regulatory_docs.document.upload";

type Upload = { readonly fileName: string; readonly file: Accepted; readonly sha256: string };
type Stored = {
  readonly kept: StoredBytes | null;
  readonly text: StoredBytes | null;
  readonly pageCount: number | null;
  readonly warnings: readonly unknown[];
};

/**
 * POST a file into a collection. A file of a name already there becomes that document's next revision; once a report was
 * signed over it, for a reason alone (SIG-06).
 */
export function uploadDocument(kernel: Kernel): Route {
  return defineRoute({
    method: "POST",
    path: "/api/regulatory-docs/collections/{id}/documents",
    summary: "Upload a document, or a new revision of one",
    tag: "regulatory-docs",
    permission,
    budget: "upload",
    params: Type.Object({ id: Type.String({ format: "uuid" }) }),
    query: Type.Object({
      reason: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 500,
          pattern: "\\S",
          description: "why a document that a signed report stands on gets a new revision",
        }),
      ),
    }),
    multipart: true,
    answers: {
      202: Type.Object({
        id: Type.String(),
        revision: Type.Integer(),
        jobId: Type.Union([Type.String(), Type.Null()]),
      }),
    },
    handle: async (request) => {
      const credential = request.credential;
      // 1. May they, and is the collection theirs? Asked before a byte of the file is read.
      const { tenantId, keys, maxBytes } = await kernel.door.work(credential, permission, async (tx) => {
        await requireCollection(tx, request.params.id);
        const maxBytes = (await policyValue(tx, "file.maxMegabytes")) * 1024 * 1024;
        return { tenantId: tx.who.tenantId, keys: await kernel.files.keysOf(tx), maxBytes };
      });
      // 2. The file itself: by content, refused with its own reason, nothing stored before it is accepted.
      const upload = await readUpload(kernel, request, maxBytes);
      const { reason } = request.query;
      await kernel.door.work(credential, permission, (tx) => documentNamed(tx, request.params.id, upload, reason));
      // 3. Sealed bytes first, the rows that name them after, in one transaction with their leaves.
      const stored = await store(kernel, tenantId, keys, upload);
      const answer = await kernel.door.work(credential, permission, (tx) =>
        addRevision(kernel, tx, request.params.id, upload, stored, reason),
      );
      return { status: 202, body: answer };
    },
  });
}

/** Adds a revision to the document of that name, making the document when it is new. */
export async function addRevision(
  kernel: Kernel,
  tx: Tx,
  collectionId: string,
  upload: Upload,
  stored: Stored,
  reason?: string,
): Promise<{ id: string; revision: number; jobId: string | null }> {
  await requireCollection(tx, collectionId);
  const known = await documentNamed(tx, collectionId, upload, reason);
  const documentId = known?.id ?? uuidv7();
  const number = (known?.current_revision ?? 0) + 1;
  const fields = { name: upload.fileName, revision: number, sha256: upload.sha256 };
  const place = { record: "regulatory_docs.document", rowId: documentId, version: (known?.version ?? 0) + 1 };
  await tx.record({
    action: known ? "regulatory_docs.document.change" : "regulatory_docs.document.create",
    ...place,
    fields: known && reason !== undefined ? { ...fields, reason } : fields,
  });
  if (known) {
    if (reason !== undefined) await giveReason(tx, place, { code: null, text: reason });
    await tx.all(
      query.updateTable("regulatory_docs.document").set({ current_revision: number }).where("id", "=", documentId),
    );
  } else
    await tx.all(
      query
        .insertInto("regulatory_docs.document")
        .values({ id: documentId, collection_id: collectionId, name: upload.fileName, current_revision: number }),
    );

  const revisionId = uuidv7();
  const keptId = stored.kept ? await kernel.files.name(tx, stored.kept) : null;
  const textId = stored.text ? await kernel.files.name(tx, stored.text) : null;
  await tx.record({
    action: "regulatory_docs.revision.create",
    record: "regulatory_docs.revision",
    rowId: revisionId,
    version: 1,
    fields: { ...fields, bytes: upload.file.bytes.byteLength },
  });
  await tx.all(
    query.insertInto("regulatory_docs.revision").values({
      id: revisionId,
      document_id: documentId,
      number,
      file_name: upload.fileName,
      kind: upload.file.kind,
      bytes: upload.file.bytes.byteLength,
      sha256: upload.sha256,
      state: textId === null ? "reading" : "ready",
      encoding: upload.file.encoding ?? null,
      page_count: stored.pageCount,
      warnings: JSON.stringify(stored.warnings),
      kept_blob_id: keptId,
      text_blob_id: textId,
    }),
  );
  if (textId !== null) return { id: documentId, revision: number, jobId: null };
  const jobId = await enqueue(tx, {
    task: "regulatory_docs.read_revision",
    subjectId: revisionId,
    permissions: [permission],
    total: 1,
  });
  return { id: documentId, revision: number, jobId };
}

/**
 * The document that a file of this name is a new revision of, where there is one.
 * @throws reason_missing where a signed report stands on it and no reason is given.
 */
async function documentNamed(tx: Tx, collectionId: string, { fileName }: Upload, reason: string | undefined) {
  const known = await tx.first(
    query
      .selectFrom("regulatory_docs.document")
      .select(["id", "version", "current_revision"])
      .select(sql<boolean>`regulatory_docs.signed_since(array[collection_id], created_at)`.as("signed"))
      .where("collection_id", "=", collectionId)
      .where("name", "=", fileName)
      .where("deleted_at", "is", null),
  );
  if (known?.signed === true && reason === undefined)
    throw problem.reason_missing({
      values: { what: `A new revision of ${fileName}, which a signed report stands on,` },
    });
  return known;
}

async function readUpload(kernel: Kernel, request: RouteRequest, maxBytes: number): Promise<Upload> {
  const part = request.raw.isMultipart() ? await request.raw.file() : undefined;
  if (part === undefined) throw fileProblem.missing();
  const bytes = await part.toBuffer();
  // The body was cut at the limit: one byte more than allowed tells the same story as the whole file would.
  const seen = part.file.truncated ? Buffer.concat([bytes, Buffer.of(0)]) : bytes;
  return acceptFile(kernel, seen, part.filename, maxBytes);
}

/** Inspects bytes by content; throws the refusal as a problem. */
export async function acceptFile(
  kernel: Kernel,
  bytes: Uint8Array,
  fileName: string,
  maxBytes: number = kernel.limits.maxBytes,
  claim: ExtractionClaim = {},
): Promise<Upload> {
  const { file, sha256 } = await kernel.extraction.inspect(bytes, fileName, { ...kernel.limits, maxBytes }, claim);
  if (file.outcome === "refused") throw refusalProblem(file.code, file.text);
  return { fileName: file.fileName, file, sha256 };
}

/**
 * Seals what may be kept. Where no copy without its macros can be made, the text is taken at once and the file itself is
 * never stored.
 */
export async function store(
  kernel: Kernel,
  tenantId: string,
  keys: Awaited<ReturnType<Kernel["files"]["keysOf"]>>,
  upload: Upload,
): Promise<Stored> {
  const { file } = upload;
  if (file.keep !== null) {
    return {
      kept: await kernel.files.store(tenantId, keys, file.keep, file.kind),
      text: null,
      pageCount: null,
      warnings: file.warnings,
    };
  }
  try {
    const extracted = await kernel.extraction.extract(file);
    return {
      kept: null,
      text: await storeText(kernel, tenantId, keys, extracted),
      pageCount: extracted.pageCount,
      warnings: [...file.warnings, ...extracted.warnings],
    };
  } catch (error) {
    throw fileProblemOf(error);
  }
}

async function requireCollection(tx: Tx, id: string): Promise<void> {
  const found = await tx.first(
    query.selectFrom("regulatory_docs.collection").select("id").where("id", "=", id).where("deleted_at", "is", null),
  );
  if (!found) throw doorProblem.not_found();
}
