import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { Type } from "typebox";
import { sql } from "kysely";
import {
  defineRoute,
  doorProblem,
  enqueue,
  exportRows,
  sha256InPieces,
  type Kernel,
  type Route,
  type Tx,
} from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { columnsOf, type ImportKind } from "../csv/mapping.ts";
import { looksLikeFormula, type Table } from "../csv/read.ts";
import { problem } from "../errors.ts";
import { query } from "../query.ts";
import { inTurns } from "../turn.ts";
import { csvAnswer } from "./gate-route.ts";
import { nameContent } from "./idempotency.ts";
import { countRows } from "./import-count.ts";
import { planOf } from "./import-plan.ts";
import { mappingFor, rememberSource, sourcesOf } from "./import-source.ts";
import { shownPlan, wrongRows } from "./import-take.ts";
import { importPermission, readUpload } from "./import-upload.ts";
import { listed } from "./list-word.ts";

const read = "lab.sample.read";
const shownRows = 20;
const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });

/** Files of samples and of results: looked at first, then taken by a job, whole or not at all. The file itself is kept. */
export function importRoutes(kernel: Kernel): Route[] {
  return (["samples", "results"] as const).flatMap((kind) => [
    previewRoute(kernel, kind),
    startRoute(kernel, kind),
    ...standRoutes(kernel, kind),
  ]);
}

function previewRoute(kernel: Kernel, kind: ImportKind): Route {
  return defineRoute({
    method: "POST",
    path: `/api/lab/${kind}/import/preview`,
    summary: `Look at a file of ${kind}: encoding, columns, what each row would become, what is wrong`,
    tag: "lab",
    permission: importPermission[kind],
    budget: "upload",
    multipart: true,
    answers: {
      200: Type.Object({
        total: Type.Integer(),
        coming: Type.Integer({
          description: "rows that come in where none is wrong: nothing skipped, nothing that stands so",
        }),
        errors: Type.Array(Type.Unknown()),
      }),
    },
    handle: async (request) => {
      const { table, asReport, ...given } = await readUpload(kernel, request, kind);
      const formulas = await formulasIn(table);
      await countRows(kernel, request.credential, kind, table.rows.length);
      const body = await kernel.door.work(request.credential, importPermission[kind], async (tx) => {
        const sources = await sourcesOf(tx, kind);
        const { mapping, source } = mappingFor(kind, table, given, sources);
        const plan = await planOf(tx, kind, table, mapping);
        const report = asReport ? { csv: await wrongRows(table, plan.errors) } : {};
        return {
          encoding: table.encoding,
          delimiter: table.delimiter,
          head: table.head,
          fields: columnsOf(kind),
          mapping,
          source,
          sources: sources.map((each) => each.name),
          total: table.rows.length,
          formulas,
          rows: table.rows.slice(0, shownRows),
          lines: table.lines.slice(0, shownRows),
          ...shownPlan(plan, table),
          ...report,
        };
      });
      return { body };
    },
  });
}

/** How many cells a spreadsheet would run. */
async function formulasIn(table: Table): Promise<number> {
  const turn = inTurns();
  let count = 0;
  for (const row of table.rows) {
    await turn();
    count += row.filter(looksLikeFormula).length;
  }
  return count;
}

function startRoute(kernel: Kernel, kind: ImportKind): Route {
  return defineRoute({
    method: "POST",
    path: `/api/lab/${kind}/import`,
    summary: `Import a file of ${kind}, all rows or none: a job takes it`,
    tag: "lab",
    permission: importPermission[kind],
    budget: "upload",
    multipart: true,
    answers: { 202: Type.Object({ id: Type.String(), jobId: Type.String() }) },
    handle: async (request) => {
      const { table, bytes, fileName, tenantId, keys, asReport: _, ...given } = await readUpload(kernel, request, kind);
      const sha256 = (await sha256InPieces(bytes)).toString("hex");
      const stored = await kernel.files.store(tenantId, keys, bytes, "txt");
      nameContent(`${sha256} ${JSON.stringify([given.mapping ?? null, given.source ?? null, fileName])}`);
      const body = await kernel.door.work(request.credential, importPermission[kind], async (tx) => {
        const { mapping, source } = mappingFor(kind, table, given, await sourcesOf(tx, kind));
        if (source !== null) await rememberSource(tx, kind, source, table, mapping);
        const id = uuidv7();
        const total = table.rows.length;
        const jobId = await enqueue(tx, {
          task: `lab.import_${kind}`,
          subjectId: id,
          permissions: [importPermission[kind]],
          total,
        });
        const blobId = await kernel.files.name(tx, stored);
        await insertAll(tx, "lab.import_file", "lab.import_file.create", [
          {
            row: {
              id,
              kind,
              file_name: fileName,
              sha256,
              encoding: table.encoding,
              delimiter: table.delimiter,
              row_count: total,
              mapping,
              source,
              blob_id: blobId,
              job_id: jobId,
              state: "waiting",
              imported: 0,
              error_count: 0,
            },
            fields: { kind, fileName, sha256, rows: total, mapping, source },
          },
        ]);
        return { id, jobId };
      });
      return { status: 202, body };
    },
  });
}

function standRoutes(kernel: Kernel, kind: ImportKind): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: `/api/lab/${kind}/import`,
      summary: `Imported files of ${kind}, newest first; as JSON or CSV`,
      tag: "lab",
      permission: read,
      query: Type.Object({
        state: Type.Optional(
          Type.Union((["waiting", "done", "refused", "cancelled"] as const).map((each) => Type.Literal(each))),
        ),
        ...listed,
      }),
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const { state, q, format } = request.query;
        const asCsv = format === "csv";
        const { who, rows } = await kernel.door.once(request.credential, read, () => {
          let wanted = files(kind);
          if (state !== undefined) wanted = wanted.where("f.state", "=", state);
          for (const word of (q ?? "").toLowerCase().split(/\s+/).filter(Boolean).slice(0, 6)) {
            const part = `%${word.replaceAll(/[\\%_]/g, "\\$&")}%`;
            wanted = wanted.where(sql<boolean>`lower(concat_ws(' ', f.file_name, f.source, m.name)) like ${part}`);
          }
          const fields = { kind, state: state ?? null, q: q ?? null };
          return {
            events: asCsv ? [{ action: "lab.import_file.list", record: "lab.import_file", fields }] : [],
            statements: [wanted.orderBy("f.id", "desc").limit(asCsv ? exportRows + 1 : 200)],
          };
        });
        if (asCsv) return csvAnswer(`files-of-${kind}`, fileColumns, rows[0] ?? []);
        kernel.access.read(who, read, request.source, "lab.import_file");
        return { body: { items: rows[0] ?? [] } };
      },
    }),
    defineRoute({
      method: "GET",
      path: `/api/lab/${kind}/import/{id}`,
      summary: `What became of a file of ${kind}`,
      tag: "lab",
      permission: read,
      params: idParams,
      answers: { 200: Type.Object({ id: Type.String(), state: Type.String(), version: Type.Integer() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "lab.import_file", request.params.id);
          return requireFile(tx, kind, request.params.id);
        });
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
    defineRoute({
      method: "GET",
      path: `/api/lab/${kind}/import/{id}/errors`,
      summary: "The rows with errors of a refused file, with their lines and what is wrong, as CSV",
      tag: "lab",
      permission: read,
      params: idParams,
      answers: { 200: "text/csv" },
      handle: async (request) => {
        const { blob, keys } = await kernel.door.work(request.credential, read, async (tx) => {
          const file = await requireFile(tx, kind, request.params.id);
          if (file.reportBlobId === null) throw doorProblem.not_found();
          await tx.record({ action: "lab.import_file.export", fields: { file: file.id } });
          return { blob: await kernel.files.find(tx, file.reportBlobId), keys: await kernel.files.keysOf(tx) };
        });
        return {
          body: (await kernel.files.readAll(blob, keys)).toString("utf8"),
          type: "text/csv; charset=utf-8",
          headers: { "content-disposition": 'attachment; filename="errors.csv"' },
        };
      },
    }),
    defineRoute({
      method: "POST",
      path: `/api/lab/${kind}/import/{id}/cancel`,
      summary: "Cancel a file that is being taken: nothing of it is kept",
      tag: "lab",
      permission: importPermission[kind],
      params: idParams,
      answers: { 200: Type.Object({ id: Type.String(), state: Type.String() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, importPermission[kind], async (tx) => {
          const file = await requireFile(tx, kind, request.params.id);
          const changed =
            file.state !== "waiting"
              ? 0
              : await updateAll(tx, "lab.import_file", "lab.import_file.cancel", [
                  { row: { id: file.id, version: file.version, state: "cancelled" }, fields: {} },
                ]);
          if (changed !== 1) throw problem.import_over({ values: { name: file.fileName } });
          return { id: file.id, state: "cancelled" };
        });
        return { body };
      },
    }),
  ];
}

async function requireFile(tx: Tx, kind: ImportKind, id: string) {
  const file = await tx.first(files(kind).select("f.errors").where("f.id", "=", id));
  if (!file) throw doorProblem.not_found();
  return file;
}

/** A file whose job gave up stays "waiting" in its row: the job says so. */
const fileColumns = [
  "fileName",
  "source",
  "state",
  "total",
  "imported",
  "errorCount",
  "refusal",
  "sha256",
  "encoding",
  "by",
  "at",
];

function files(kind: ImportKind) {
  return query
    .selectFrom("lab.import_file as f")
    .leftJoin("kernel.membership as m", "m.id", "f.created_by")
    .leftJoin("kernel.job as j", "j.id", "f.job_id")
    .select([
      "f.id",
      "f.version",
      "f.file_name as fileName",
      "f.sha256",
      "f.encoding",
      "f.source",
      "f.state",
      "f.row_count as total",
      "f.imported",
      "f.error_count as errorCount",
      "f.refusal",
      "f.told",
      "f.report_blob_id as reportBlobId",
      "f.job_id as jobId",
      "j.state as jobState",
      "f.created_at as at",
      "m.name as by",
    ])
    .where("f.kind", "=", kind)
    .where("f.deleted_at", "is", null);
}
