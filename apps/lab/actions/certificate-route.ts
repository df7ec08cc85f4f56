import { Type } from "typebox";
import {
  csvOf,
  defineRoute,
  exportRows,
  wholeExport,
  workspaceName,
  type Kernel,
  type LedgerEvent,
  type Route,
} from "@probity/kernel";
import type { Sealer } from "@probity/seal";
import { certificatePdf } from "../certificate/pdf.ts";
import { amendCertificate, discardCertificate, prepareCertificate } from "./certificate-prepare.ts";
import { fileHeaders, openFile, sendFile } from "./certificate-file.ts";
import { sealCertificate } from "./certificate-seal.ts";
import { chainOf, listed, readCertificate } from "./certificate-view.ts";
import { deliveriesOf } from "./delivery.ts";
import { mayOf } from "./sample-view.ts";

const read = "lab.certificate.read";
const prepare = "lab.certificate.prepare";
const uuid = Type.String({ format: "uuid" });
const idParams = Type.Object({ id: uuid });
const closed = { additionalProperties: false };
const reason = Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" });
const made = { 201: Type.Object({ id: Type.String(), number: Type.String() }) };
const mostRows = 5000;

/** Certificates of analysis: prepare, look, discard, amend, seal, hand out. Signing has its own routes under the same address. */
export function certificateRoutes(kernel: Kernel, sealer: Sealer | undefined): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/lab/certificates",
      summary: "Certificates of analysis, newest first, and how each stands",
      tag: "lab",
      permission: read,
      query: Type.Object({
        state: Type.Optional(
          Type.Union(
            (["draft", "discarded", "current", "superseded", "reopened"] as const).map((each) => Type.Literal(each)),
          ),
        ),
        customer: Type.Optional(uuid),
        sample: Type.Optional(uuid),
        q: Type.Optional(Type.String({ maxLength: 200 })),
        format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")])),
      }),
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()), total: Type.Integer() }) },
      handle: async (request) => {
        const { format, ...filter } = request.query;
        const asCsv = format === "csv";
        const events: LedgerEvent[] = asCsv
          ? [{ action: "lab.certificate.export", record: "lab.certificate", fields: { filters: filter } }]
          : [];
        const { who, rows } = await kernel.door.once(request.credential, read, () => ({
          events,
          statements: [listed(filter).limit(asCsv ? exportRows + 1 : mostRows)],
        }));
        const items = rows[0] ?? [];
        if (asCsv) {
          const columns = [
            "number",
            "standing",
            "sample",
            "product",
            "lot",
            "customer",
            "verdict",
            "issuedAt",
            "supersedes",
            "supersededBy",
            "reason",
            "seal",
          ];
          return {
            body: csvOf(columns, wholeExport(items)),
            type: "text/csv; charset=utf-8",
            headers: { "content-disposition": 'attachment; filename="certificates.csv"' },
          };
        }
        kernel.access.read(who, read, request.source, "lab.certificate");
        return { body: { items, total: items.length } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/samples/{id}/certificates",
      summary: "Prepare a certificate of a published sample",
      tag: "lab",
      permission: prepare,
      params: idParams,
      body: Type.Object({ templateId: Type.Optional(uuid) }, closed),
      answers: made,
      handle: async (request) => ({
        status: 201,
        body: await kernel.door.work(request.credential, prepare, (tx) =>
          prepareCertificate(tx, request.params.id, request.body.templateId),
        ),
      }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/certificates/{id}",
      summary: "A certificate: what it says, how it stands, what superseded what, who it was sent to",
      tag: "lab",
      permission: read,
      params: idParams,
      answers: { 200: Type.Object({ id: Type.String(), number: Type.String(), standing: Type.String() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          const found = await readCertificate(tx, request.params.id);
          kernel.access.read(tx.who, read, request.source, "lab.certificate", found.id);
          return {
            ...found,
            files: found.files.map(({ format, sha256, seal, proofs, sealedAt }) => ({
              format,
              sha256,
              seal,
              proofs,
              sealedAt,
            })),
            chain: await tx.all(chainOf(found.sampleId)),
            deliveries: await deliveriesOf(tx, found.id),
            may: await mayOf(tx),
            you: tx.who.actorId,
          };
        });
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/certificates/{id}/pdf",
      summary: "The sealed PDF of a certificate, or a draft marked as one",
      tag: "lab",
      permission: read,
      params: idParams,
      answers: { 200: "application/pdf" },
      handle: async (request) => {
        const { id } = request.params;
        const found = await kernel.door.work(request.credential, read, async (tx) => {
          const row = await readCertificate(tx, id);
          if (row.issuedAt === null) return { row, workspace: await workspaceName(tx) };
          const open = await openFile(kernel, tx, id, "pdf");
          await tx.record({
            action: "lab.certificate.open",
            record: "lab.certificate",
            rowId: id,
            fields: { format: "pdf" },
          });
          return { open };
        });
        if ("open" in found && found.open !== undefined) return sendFile(kernel, found.open);
        const { row, workspace } = found;
        const bytes = await certificatePdf({
          content: row.content,
          workspace,
          signatures: [],
          dataHash: "of a draft: none",
        });
        return {
          body: Buffer.from(bytes),
          type: "application/pdf",
          headers: fileHeaders(row.number, row.standing, "pdf", null),
        };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/certificates/{id}/json",
      summary: "A signed certificate as data, with what was signed and the ledger's proof",
      tag: "lab",
      permission: read,
      params: idParams,
      answers: { 200: "application/json" },
      handle: async (request) => {
        const { id } = request.params;
        const open = await kernel.door.work(request.credential, read, async (tx) => {
          const file = await openFile(kernel, tx, id, "json");
          await tx.record({
            action: "lab.certificate.open",
            record: "lab.certificate",
            rowId: id,
            fields: { format: "json" },
          });
          return file;
        });
        return sendFile(kernel, open);
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/certificates/{id}/seal",
      summary: "Make the files of a signed certificate: once, with the proof of its signature, sealed by the instance",
      tag: "lab",
      permission: prepare,
      params: idParams,
      answers: { 200: Type.Object({ pdf: Type.String(), json: Type.String(), level: Type.String() }) },
      handle: async (request) => ({
        body: await sealCertificate(kernel, sealer, request.credential, request.params.id),
      }),
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/certificates/{id}/amend",
      summary: "Prepare the certificate that will supersede this one, with the reason",
      tag: "lab",
      permission: prepare,
      params: idParams,
      body: Type.Object({ reason }, closed),
      answers: made,
      handle: async (request) => ({
        status: 201,
        body: await kernel.door.work(request.credential, prepare, (tx) =>
          amendCertificate(tx, request.params.id, request.body.reason.trim()),
        ),
      }),
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/certificates/{id}/discard",
      summary: "Discard a draft that nobody signed; its number stays with the reason",
      tag: "lab",
      permission: prepare,
      params: idParams,
      body: Type.Object({ reason }, closed),
      answers: { 204: "" },
      handle: async (request) => {
        const version = request.version;
        await kernel.door.work(request.credential, prepare, (tx) =>
          discardCertificate(tx, request.params.id, version, request.body.reason.trim()),
        );
        return { status: 204 };
      },
    }),
  ];
}
