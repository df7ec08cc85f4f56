import type { Table } from "./read.ts";

export type ImportKind = "samples" | "results";
/** Which column of the file holds which field, and how it writes decimals. */
export type Mapping = { readonly columns: Readonly<Record<string, number>>; readonly decimal: "point" | "comma" };
export type ImportField = {
  readonly key: string;
  readonly title: string;
  readonly required: boolean;
  readonly also: readonly string[];
};

const fields: Readonly<Record<ImportKind, readonly ImportField[]>> = {
  samples: [
    { key: "product", title: "Product code", required: true, also: ["product", "productcode", "material", "item"] },
    {
      key: "point",
      title: "Sampling point code",
      required: false,
      also: ["samplingpoint", "point", "location", "pointcode"],
    },
    { key: "lot", title: "Lot", required: false, also: ["lot", "batch", "lotnumber", "batchnumber"] },
    {
      key: "sampledAt",
      title: "Sampled at",
      required: false,
      also: ["sampledat", "sampled", "samplingtime", "collected"],
    },
    { key: "sampledBy", title: "Sampled by", required: false, also: ["sampledby", "sampler", "collectedby"] },
    { key: "dueOn", title: "Due on", required: false, also: ["due", "dueon", "duedate"] },
    { key: "priority", title: "Priority", required: false, also: ["priority"] },
    { key: "specification", title: "Specification code", required: false, also: ["specification", "spec"] },
    { key: "remark", title: "Remark", required: false, also: ["remark", "comment", "note"] },
  ],
  results: [
    { key: "sample", title: "Sample number", required: true, also: ["sample", "samplenumber", "sampleid", "id"] },
    { key: "analyte", title: "Analyte", required: true, also: ["analyte", "test", "parameter", "analysis"] },
    { key: "value", title: "Value", required: true, also: ["value", "result", "reading"] },
    { key: "unit", title: "Unit", required: false, also: ["unit", "units"] },
    { key: "reason", title: "Reason for a change", required: false, also: ["reason"] },
    { key: "kind", title: "Kind of row", required: false, also: ["kind", "rowkind", "sampletype"] },
    { key: "worksheet", title: "Worksheet number", required: false, also: ["worksheet", "worksheetnumber"] },
    { key: "field", title: "Interim field", required: false, also: ["interim", "interimfield", "field"] },
  ],
};

export function columnsOf(kind: ImportKind): readonly ImportField[] {
  return fields[kind];
}

/** The mapping a file's own headings suggest. A decimal comma is only guessed where points are never used. */
export function guessMapping(kind: ImportKind, table: Table): Mapping {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z]/g, "");
  const columns: Record<string, number> = {};
  for (const { key, title, also } of fields[kind]) {
    const at = table.head.findIndex((head) => also.includes(plain(head)) || plain(title) === plain(head));
    if (at >= 0) columns[key] = at;
  }
  const some = table.rows.slice(0, 500).map((row) => (row[columns["value"] ?? -1] ?? "").trim());
  const commas = some.some((cell) => /^[<>]?\s*-?\d+,\d+$/.test(cell));
  const points = some.some((cell) => /^[<>]?\s*-?\d+\.\d+$/.test(cell));
  return { columns, decimal: commas && !points ? "comma" : "point" };
}
