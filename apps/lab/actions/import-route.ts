import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { csvOf, defineRoute, policyValue, type Kernel, type Route, type RouteRequest, type Tx } from "@probity/kernel";
import { insertAll } from "../bulk.ts";
import { readTable, type Table } from "../csv/read.ts";
import { columnsOf, guessMapping, type ImportKind, type Mapping } from "../csv/mapping.ts";
import { problem } from "../errors.ts";
import { planResults, planSamples, type Plan } from "./import-plan.ts";
import { registerSamples } from "./register.ts";
import { saveResults } from "./save-result.ts";

const permissions = { samples: "lab.sample.register", results: "lab.result.enter" } as const;
const mappingSchema = Type.Object(
  {
    columns: Type.Record(Type.String({ maxLength: 40 }), Type.Integer({ minimum: 0, maximum: 99 }), {
      maxProperties: 40,
    }),
    decimal: Type.Union([Type.Literal("point"), Type.Literal("comma")]),
  },
  { additionalProperties: false },
);
const shownRows = 20;
const shownErrors = 200;

/** Files of samples and of results: looked at first, then taken whole or not at all. The file itself is kept as it was. */
export function importRoutes(kernel: Kernel): Route[] {
  return (["samples", "results"] as const).flatMap((kind) => [
    defineRoute({
      method: "POST",
      path: `/api/lab/${kind}/import/preview`,
      summary: `Look at a file of ${kind}: encoding, columns, what each row would become, what is wrong`,
      tag: "lab",
      permission: permissions[kind],
      budget: "upload",
      multipart: true,
      answers: { 200: Type.Object({ total: Type.Integer(), errors: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const { table, mapping } = await readUpload(kernel, request, kind);
        const plan = await kernel.door.work(request.credential, permissions[kind], (tx) =>
          planOf(tx, kind, table, mapping),
        );
        return {
          body: {
            encoding: table.encoding,
            delimiter: table.delimiter,
            head: table.head,
            fields: columnsOf(kind),
            mapping,
            total: table.rows.length,
            good: plan.good,
            rows: table.rows.slice(0, shownRows),
            errors: plan.errors.slice(0, shownErrors),
            errorCount: plan.errorRows.size,
          },
        };
      },
    }),
    defineRoute({
      method: "POST",
      path: `/api/lab/${kind}/import`,
      summary: `Import a file of ${kind}, all rows or none`,
      tag: "lab",
      permission: permissions[kind],
      budget: "upload",
      multipart: true,
      answers: { 201: Type.Object({ id: Type.String(), imported: Type.Integer() }) },
      handle: async (request) => {
        const { table, mapping, bytes, fileName, tenantId, keys } = await readUpload(kernel, request, kind);
        const stored = await kernel.files.store(tenantId, keys, bytes, "txt");
        const body = await kernel.door.work(request.credential, permissions[kind], async (tx) => {
          const plan = await planOf(tx, kind, table, mapping);
          if (plan.errorRows.size > 0)
            throw problem.import_errors({
              values: { count: plan.errorRows.size, total: table.rows.length },
              members: { rows: plan.errors.slice(0, shownErrors), csv: wrongRows(table, plan) },
            });
          const id = uuidv7();
          const sha256 = createHash("sha256").update(bytes).digest("hex");
          const blobId = await kernel.files.name(tx, stored);
          const fields = { kind, fileName, sha256, rows: table.rows.length, mapping };
          await insertAll(tx, "lab.import_file", "lab.import_file.create", [
            {
              row: {
                id,
                kind,
                file_name: fileName,
                sha256,
                encoding: table.encoding,
                row_count: table.rows.length,
                mapping,
                blob_id: blobId,
              },
              fields,
            },
          ]);
          if (plan.kind === "samples") await registerSamples(tx, plan.samples, id);
          else await saveResults(tx, plan.entries, "import", id);
          return { id, imported: table.rows.length };
        });
        return { status: 201, body };
      },
    }),
  ]);
}

async function planOf(tx: Tx, kind: ImportKind, table: Table, mapping: Mapping): Promise<Plan> {
  return kind === "samples" ? planSamples(tx, table, mapping) : planResults(tx, table, mapping);
}

/** The rows with errors as a file of their own, with what is wrong in its last column. */
function wrongRows(table: Table, plan: Plan): string {
  const columns = [...table.head.map((name, index) => name || `column ${index + 1}`), "what is wrong"];
  const rows = [...plan.errorRows].slice(0, 5000).map((line) => {
    const cells = table.rows[line] ?? [];
    const why = plan.errors
      .filter((each) => each.row === line)
      .map((each) => each.why)
      .join(" ");
    return Object.fromEntries(
      columns.map((name, index) => [name, index === columns.length - 1 ? why : (cells[index] ?? "")]),
    );
  });
  return csvOf(columns, rows);
}

async function readUpload(kernel: Kernel, request: RouteRequest, kind: ImportKind) {
  const { tenantId, keys, maxBytes } = await kernel.door.work(request.credential, permissions[kind], async (tx) => ({
    tenantId: tx.who.tenantId,
    keys: await kernel.files.keysOf(tx),
    maxBytes: (await policyValue(tx, "file.maxMegabytes")) * 1024 * 1024,
  }));
  const refuse = (why: string) => problem.file_refused({ values: { why } });
  let mappingText: string | undefined;
  let file: { bytes: Buffer; name: string } | undefined;
  if (request.raw.isMultipart())
    for await (const part of request.raw.parts()) {
      if (part.type === "file") {
        const bytes = await part.toBuffer();
        if (part.file.truncated || bytes.byteLength > maxBytes)
          throw refuse(`It is larger than ${maxBytes / 1024 / 1024} MB, the limit here.`);
        file ??= { bytes, name: part.filename.slice(0, 255) };
      } else if (part.fieldname === "mapping" && typeof part.value === "string") mappingText = part.value;
    }
  if (file === undefined) throw refuse("There is no file in the request.");
  const read = readTable(file.bytes);
  if (!read.ok) throw refuse(read.why);
  const mapping = mappingText === undefined ? guessMapping(kind, read.table) : parseMapping(mappingText);
  if (mapping === undefined) throw refuse("The mapping of its columns is not understood.");
  return { table: read.table, mapping, bytes: file.bytes, fileName: file.name, tenantId, keys };
}

function parseMapping(text: string): Mapping | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return Value.Check(mappingSchema, parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
