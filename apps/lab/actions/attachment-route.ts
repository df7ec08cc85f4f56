import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { Type } from "typebox";
import {
  defineRoute,
  doorProblem,
  exportRows,
  fileProblem,
  fileProblemOf,
  makeDownloadLink,
  policyValue,
  refusalProblem,
  type Kernel,
  type Route,
  type RouteRequest,
  type StoredBytes,
  type Tx,
} from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { query } from "../query.ts";
import { attachmentProblem as problem } from "./attachment-error.ts";
import { attachmentsOf, besideOf, places, type Beside, type Place } from "./attachment-read.ts";
import { csvAnswer } from "./gate-route.ts";
import { nameContent } from "./idempotency.ts";
import { listed } from "./list-word.ts";

const read = "lab.sample.read";
const uuid = Type.String({ format: "uuid" });
const line = Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" });

/** Files beside samples, results, investigations and events of instruments: what an instrument wrote, what was photographed. */
export function attachmentRoutes(kernel: Kernel): Route[] {
  return [
    ...(["samples", "results", "investigations", "instrument-events"] as const).flatMap((place) => [
      addRoute(kernel, place),
      strikeRoute(kernel, place),
    ]),
    listRoute(kernel),
    openRoute(kernel),
  ];
}

function addRoute(kernel: Kernel, place: Place): Route {
  const { permission, title } = places[place];
  return defineRoute({
    method: "POST",
    path: `/api/lab/${place}/{id}/attachments`,
    summary: `Put a file beside ${title}: PNG, JPEG, PDF, CSV or text, while it is open`,
    tag: "lab",
    permission,
    budget: "upload",
    params: Type.Object({ id: uuid }),
    query: Type.Object({ note: Type.Optional(line) }),
    multipart: true,
    answers: { 201: Type.Object({ id: Type.String(), name: Type.String(), sha256: Type.String() }) },
    handle: async (request) => {
      const { id } = request.params;
      // 1. May they, and is it open? Asked before a byte of the file is read.
      const { tenantId, keys, maxBytes } = await kernel.door.work(request.credential, permission, async (tx) => {
        requireOpen(await besideOf(tx, place, id));
        const maxBytes = (await policyValue(tx, "file.maxMegabytes")) * 1024 * 1024;
        return { tenantId: tx.who.tenantId, keys: await kernel.files.keysOf(tx), maxBytes };
      });
      // 2. The file, judged by its content; sealed bytes first, the row that names them after.
      const file = await readFile(kernel, request, maxBytes);
      const stored = await kernel.files.store(tenantId, keys, file.bytes, file.kind);
      nameContent(file.sha256);
      const note = request.query.note?.trim() ?? null;
      const body = await kernel.door.work(request.credential, permission, (tx) =>
        attach(kernel, tx, { place, id }, { ...file, note }, stored),
      );
      return { status: 201, body };
    },
  });
}

export type NewFile = {
  readonly name: string;
  readonly kind: "png" | "jpeg" | "pdf" | "csv" | "txt";
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly note: string | null;
  /** Brought in from elsewhere, beside what was closed there: by who loads history alone. */
  readonly broughtIn?: boolean;
};

/** Puts stored bytes beside a record, with the leaf that says so. */
export async function attach(
  kernel: Pick<Kernel, "files">,
  tx: Tx,
  { place, id: ofId }: { readonly place: Place; readonly id: string },
  file: NewFile,
  stored: StoredBytes,
) {
  const beside = await besideOf(tx, place, ofId);
  if (file.broughtIn !== true) requireOpen(beside);
  const { column } = places[place];
  const there = await tx.all(
    query.selectFrom("lab.attachment").select(["name", "sha256", "struck_reason"]).where(column, "=", ofId),
  );
  const same = there.find((each) => each.sha256 === file.sha256 && each.struck_reason === null);
  if (same !== undefined) throw problem.attachment_there({ values: { what: beside.what, name: same.name } });
  const id = uuidv7();
  // A name given elsewhere may say whose a blinded sample is.
  const name = beside.blinded ? `blinded-${there.length + 1}.${file.kind}` : file.name;
  const { kind, sha256, note } = file;
  const bytes = file.bytes.byteLength;
  const blobId = await kernel.files.name(tx, stored);
  await insertAll(tx, "lab.attachment", "lab.attachment.create", [
    {
      row: { id, [column]: ofId, name, kind, bytes, sha256, note, blob_id: blobId },
      fields: { of: ofId, name, kind, bytes, sha256, note },
    },
  ]);
  return { id, name, sha256 };
}

function strikeRoute(kernel: Kernel, place: Place): Route {
  const { permission, title, column } = places[place];
  return defineRoute({
    method: "POST",
    path: `/api/lab/${place}/{id}/attachments/{attachmentId}/strike`,
    summary: `Strike out a file beside ${title}, with the reason: it stays to be read`,
    tag: "lab",
    permission,
    params: Type.Object({ id: uuid, attachmentId: uuid }),
    body: Type.Object({ reason: line }, { additionalProperties: false }),
    answers: { 200: Type.Object({ id: Type.String(), version: Type.Integer() }) },
    handle: async (request) => {
      const { id, attachmentId } = request.params;
      const reason = request.body.reason.trim();
      const body = await kernel.door.work(request.credential, permission, async (tx) => {
        requireOpen(await besideOf(tx, place, id));
        const row = await tx.first(
          query
            .selectFrom("lab.attachment")
            .select(["id", "version", "name", "struck_reason"])
            .where("id", "=", attachmentId)
            // Through what it is beside, and through nothing else: another record may be open.
            .where(column, "=", id)
            .forUpdate(),
        );
        if (row === undefined) throw doorProblem.not_found();
        if (row.struck_reason !== null) throw problem.attachment_struck({ values: { name: row.name } });
        await updateAll(tx, "lab.attachment", "lab.attachment.strike", [
          { row: { id: row.id, version: row.version, struck_reason: reason }, fields: { of: id, reason } },
        ]);
        return { id: row.id, version: row.version + 1 };
      });
      return { body, headers: { etag: `"${body.version}"` } };
    },
  });
}

function listRoute(kernel: Kernel): Route {
  return defineRoute({
    method: "GET",
    path: "/api/lab/attachments",
    summary: "Files beside a sample with its results and investigations, or beside one record; as JSON or CSV",
    tag: "lab",
    permission: read,
    query: Type.Object({
      sample: Type.Optional(uuid),
      result: Type.Optional(uuid),
      investigation: Type.Optional(uuid),
      instrument: Type.Optional(uuid),
      ...listed,
    }),
    answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
    handle: async (request) => {
      const { format, ...filter } = request.query;
      const asCsv = format === "csv";
      const items = await kernel.door.work(request.credential, read, async (tx) => {
        const record = "lab.attachment";
        if (asCsv) await tx.record({ action: "lab.attachment.export", record, fields: { ...filter } });
        else kernel.access.read(tx.who, read, request.source, record);
        return attachmentsOf(tx, filter, asCsv ? exportRows + 1 : 500);
      });
      return asCsv ? csvAnswer("attachments", columns, items) : { body: { items } };
    },
  });
}

const columns = [
  "sample",
  "of",
  "name",
  "kind",
  "bytes",
  "sha256",
  "note",
  "by",
  "at",
  "struckReason",
  "struckBy",
  "struckAt",
  "leaf",
];

function openRoute(kernel: Kernel): Route {
  return defineRoute({
    method: "POST",
    path: "/api/lab/attachments/{id}/open",
    summary: "Open a file beside a record: its leaf, and a link that ends in an hour",
    tag: "lab",
    permission: read,
    params: Type.Object({ id: uuid }),
    answers: { 201: Type.Object({ url: Type.String(), expiresAt: Type.String(), name: Type.String() }) },
    handle: async (request) => {
      const { id } = request.params;
      const body = await kernel.door.work(request.credential, read, async (tx) => {
        const [found] = await attachmentsOf(tx, { id });
        if (found === undefined) throw doorProblem.not_found();
        const { name, kind, sha256, sample } = found;
        if (found.covered) throw problem.attachment_covered({ values: { number: sample ?? "" } });
        const row = await tx.first(query.selectFrom("lab.attachment").select("blob_id").where("id", "=", id));
        // Opening is an act of its own: its leaf says who saw which file.
        await tx.record({
          action: "lab.attachment.view",
          record: "lab.attachment",
          rowId: id,
          fields: { name, sha256 },
        });
        const through = { record: "lab.attachment", rowId: id };
        const link = await makeDownloadLink(tx, row?.blob_id ?? "", name, through);
        return { ...link, name, kind };
      });
      return { status: 201, body };
    },
  });
}

function requireOpen({ what, state, open, next }: Beside): void {
  if (!open) throw problem.attachment_closed({ values: { what, state, next } });
}

async function readFile(kernel: Kernel, request: RouteRequest, maxBytes: number): Promise<Omit<NewFile, "note">> {
  const part = request.raw.isMultipart() ? await request.raw.file() : undefined;
  if (part === undefined) throw fileProblem.missing();
  const bytes = await part.toBuffer();
  // The body was cut at the limit: one byte more than allowed tells the same story as the whole file would.
  const seen = part.file.truncated ? Buffer.concat([bytes, Buffer.of(0)]) : bytes;
  const limits = { ...kernel.limits, maxBytes };
  const { file, sha256 } = await kernel.extraction.inspectAttachment(seen, part.filename, limits).catch((error) => {
    throw fileProblemOf(error);
  });
  if (file.outcome === "refused") throw refusalProblem(file.code, file.text);
  return { name: file.fileName, kind: file.kind, bytes: seen, sha256 };
}
