import { Type } from "typebox";
import { Value } from "typebox/value";
import { plainName, policyValue, type Kernel, type RouteRequest } from "@probity/kernel";
import { readTable } from "../csv/read.ts";
import type { ImportKind } from "../csv/mapping.ts";
import { problem } from "../errors.ts";

/** What the rows of a kind are made by. */
export const importPermission = { samples: "lab.sample.register", results: "lab.result.enter" } as const;

const mappingSchema = Type.Object(
  {
    columns: Type.Record(Type.String({ maxLength: 40 }), Type.Integer({ minimum: 0, maximum: 99 }), {
      maxProperties: 40,
    }),
    decimal: Type.Union([Type.Literal("point"), Type.Literal("comma")]),
  },
  { additionalProperties: false },
);

/** A file as it was sent, read as a table, with the mapping and the source it was sent with, if any. */
export async function readUpload(kernel: Kernel, request: RouteRequest, kind: ImportKind) {
  const { tenantId, keys, maxBytes } = await kernel.door.work(
    request.credential,
    importPermission[kind],
    async (tx) => ({
      tenantId: tx.who.tenantId,
      keys: await kernel.files.keysOf(tx),
      maxBytes: (await policyValue(tx, "file.maxMegabytes")) * 1024 * 1024,
    }),
  );
  const refuse = (why: string) => problem.file_refused({ values: { why } });
  const texts = new Map<string, string>();
  let file: { bytes: Buffer; name: string } | undefined;
  if (request.raw.isMultipart())
    for await (const part of request.raw.parts()) {
      if (part.type === "file") {
        const bytes = await part.toBuffer();
        if (part.file.truncated || bytes.byteLength > maxBytes)
          throw refuse(`It is larger than ${maxBytes / 1024 / 1024} MB, the limit here.`);
        file ??= { bytes, name: plainName(part.filename).slice(0, 255) || "file" };
      } else if (typeof part.value === "string") texts.set(part.fieldname, part.value);
    }
  if (file === undefined) throw refuse("There is no file in the request.");
  const read = await readTable(file.bytes);
  if (!read.ok) throw refuse(read.why);
  const source = texts.get("source")?.trim() || undefined;
  if (source !== undefined && source.length > 80) throw refuse("The name of its source has more than 80 characters.");
  const mapping = parseMapping(texts.get("mapping"));
  if (mapping === null) throw refuse("The mapping of its columns is not understood.");
  const asReport = texts.get("report") === "csv";
  return { asReport, table: read.table, mapping, source, bytes: file.bytes, fileName: file.name, tenantId, keys };
}

/** Undefined where none was sent, null where it is none. */
function parseMapping(text: string | undefined) {
  if (text === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return Value.Check(mappingSchema, parsed) ? parsed : null;
  } catch {
    return null;
  }
}
