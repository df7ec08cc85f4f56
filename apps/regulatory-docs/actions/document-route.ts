import { sql } from "kysely";
import { Type } from "typebox";
import {
  defineRoute,
  doorProblem,
  giveReason,
  makeDownloadLink,
  revokeLinks,
  sharedWithMe,
  type Kernel,
  type Route,
  type Tx,
} from "@probity/kernel";
import { problem } from "../errors.ts";
import { query } from "../query.ts";
import { loadTextBytes } from "../text.ts";

const read = "regulatory_docs.collection.read";
const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });

/** A collection's documents: list, text, download, delete. */
export function documentRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/regulatory-docs/documents",
      summary: "A collection's documents, each with its current revision",
      tag: "regulatory-docs",
      permission: read,
      query: Type.Object({ collection: Type.String({ format: "uuid" }) }),
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const { who, rows } = await kernel.door.once(request.credential, read, () => ({
          statements: [currentRevisions().where("d.collection_id", "=", request.query.collection)],
        }));
        kernel.access.read(who, read, request.source, "regulatory_docs.document");
        return { body: { items: (rows[0] ?? []).map(asAnswered) } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/regulatory-docs/shared-documents",
      summary: "Documents that colleagues shared with the caller, each with its current revision",
      tag: "regulatory-docs",
      permission: read,
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const items = await kernel.door.work(request.credential, read, async (tx) => {
          const shares = await sharedWithMe(tx, "regulatory_docs.document");
          kernel.access.read(tx.who, read, request.source, "regulatory_docs.document");
          if (shares.length === 0) return [];
          const ids = shares.map(({ rowId }) => rowId);
          const rows = await tx.all(currentRevisions().where("d.id", "in", ids));
          return shares.flatMap(({ rowId, by, at }) => {
            const row = rows.find((each) => each.id === rowId);
            return row === undefined ? [] : [{ ...asAnswered(row), sharedBy: by, sharedAt: at }];
          });
        });
        return { body: { items } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/regulatory-docs/documents/{id}",
      summary: "A document with its current revision, and its collection where the caller sees that",
      tag: "regulatory-docs",
      permission: read,
      params: idParams,
      answers: { 200: Type.Unknown() },
      handle: async (request) => {
        const { id } = request.params;
        const { who, rows } = await kernel.door.once(request.credential, read, () => ({
          statements: [
            currentRevisions().where("d.id", "=", id),
            query
              .selectFrom("regulatory_docs.collection as c")
              .innerJoin("regulatory_docs.document as d", "d.collection_id", "c.id")
              .select(["c.id", "c.name"])
              .where("d.id", "=", id)
              .where("c.deleted_at", "is", null),
          ],
        }));
        const [document] = rows[0] ?? [];
        if (document === undefined) throw doorProblem.not_found();
        kernel.access.read(who, read, request.source, "regulatory_docs.document", id);
        return { body: { ...asAnswered(document), collection: rows[1]?.[0] ?? null } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/regulatory-docs/documents/{id}/text",
      summary: "A document's text with the places of pages and paragraphs",
      tag: "regulatory-docs",
      permission: read,
      params: idParams,
      query: Type.Object({ revision: Type.Optional(Type.Integer({ minimum: 1 })) }),
      answers: {
        200: Type.Object({
          text: Type.String(),
          pages: Type.Array(Type.Unknown()),
          paragraphs: Type.Array(Type.Unknown()),
        }),
      },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          const revision = await revisionOf(tx, request.params.id, request.query.revision);
          if (revision.text_blob_id === null) throw doorProblem.not_found();
          // Opening a document is an act of its own: its leaf says who saw which revision.
          await tx.record({
            action: "regulatory_docs.document.open",
            record: "regulatory_docs.document",
            rowId: request.params.id,
            fields: { revision: revision.number },
          });
          return loadTextBytes(kernel, tx, revision.text_blob_id);
        });
        return { body, type: "application/json; charset=utf-8" };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/regulatory-docs/documents/{id}/download",
      summary: "Make a download link that ends in an hour",
      tag: "regulatory-docs",
      permission: read,
      params: idParams,
      answers: { 201: Type.Object({ id: Type.String(), url: Type.String(), expiresAt: Type.String() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          const revision = await revisionOf(tx, request.params.id);
          if (revision.kept_blob_id === null) throw doorProblem.not_found();
          const through = { record: "regulatory_docs.document", rowId: request.params.id };
          return makeDownloadLink(tx, revision.kept_blob_id, revision.file_name, through);
        });
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/regulatory-docs/documents/{id}",
      summary: "Delete a document, with the reason",
      tag: "regulatory-docs",
      permission: "regulatory_docs.document.delete",
      params: idParams,
      query: Type.Object({ reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" })) }),
      answers: { 204: "" },
      handle: async (request) => {
        const version = request.version;
        await kernel.door.work(request.credential, "regulatory_docs.document.delete", async (tx) => {
          const document = await tx.first(
            query
              .selectFrom("regulatory_docs.document")
              .select("version")
              .where("id", "=", request.params.id)
              .where("deleted_at", "is", null),
          );
          if (!document) throw doorProblem.not_found();
          if (document.version !== version)
            throw doorProblem.stale({ values: { current: document.version, given: version } });
          const { reason } = request.query;
          if (reason === undefined) throw problem.reason_missing({ values: { what: "Deleting a document" } });
          const place = { record: "regulatory_docs.document", rowId: request.params.id, version: version + 1 };
          await tx.record({ action: "regulatory_docs.document.delete", ...place, fields: { reason } });
          await giveReason(tx, place, { code: null, text: reason });
          await tx.all(
            query
              .updateTable("regulatory_docs.document")
              .set({ deleted_at: new Date() })
              .where("id", "=", request.params.id)
              .where("version", "=", version),
          );
          await revokeLinks(tx, [request.params.id]);
        });
        return { status: 204 };
      },
    }),
  ];
}

function asAnswered({ refusalCode, refusalText, bytes, ...row }: Record<string, unknown>) {
  return {
    ...row,
    bytes: Number(bytes),
    refusal: refusalCode === null ? null : { code: refusalCode, title: refusalCode, detail: refusalText },
  };
}

function currentRevisions() {
  return (
    query
      .selectFrom("regulatory_docs.document as d")
      .innerJoin("regulatory_docs.revision as r", (join) =>
        join.onRef("r.document_id", "=", "d.id").onRef("r.number", "=", "d.current_revision"),
      )
      .select([
        "d.id",
        "d.version",
        "d.name",
        "r.number as revision",
        "r.file_name as fileName",
        "r.kind",
        "r.bytes",
        "r.page_count as pageCount",
        "r.state",
        "r.refusal_code as refusalCode",
        "r.refusal_text as refusalText",
        "r.warnings",
        "r.updated_at as updatedAt",
      ])
      // Why the newest revision came, where it was to be said.
      .select(
        sql<
          string | null
        >`(select c.reason from kernel.change_reason c where c.row_id = d.id and c.version = d.version)`.as("reason"),
      )
      .where("d.deleted_at", "is", null)
      .orderBy("d.name")
  );
}

async function revisionOf(tx: Tx, documentId: string, number?: number) {
  let wanted = query
    .selectFrom("regulatory_docs.document as d")
    .innerJoin("regulatory_docs.revision as r", "r.document_id", "d.id")
    .select(["r.number", "r.text_blob_id", "r.kept_blob_id", "r.file_name"])
    .where("d.id", "=", documentId)
    .where("d.deleted_at", "is", null);
  wanted =
    number === undefined
      ? wanted.whereRef("r.number", "=", "d.current_revision")
      : wanted.where("r.number", "=", number);
  const revision = await tx.first(wanted);
  if (!revision) throw doorProblem.not_found();
  return revision;
}
