import { sql, type SqlBool } from "kysely";
import { doorProblem, type Tx } from "@probity/kernel";
import { chunks } from "../bulk.ts";
import { readValue } from "../calc/value.ts";
import { columnsOf, type ImportKind, type Mapping } from "../csv/mapping.ts";
import type { Table } from "../csv/read.ts";
import { query } from "../query.ts";
import { inTurns } from "../turn.ts";
import { analyteOf, currentSpecifications, methodVersions } from "./frozen.ts";
import type { NewSample } from "./register.ts";
import type { Entry } from "./save-result.ts";

/** `row` counts the file's rows from 0, without its heading; `line` is what a person sees beside it. */
export type RowError = { readonly row: number; readonly line: number; readonly column: string; readonly why: string };
type Found = { readonly errors: readonly RowError[]; readonly errorRows: ReadonlySet<number>; readonly good: number };
export type Plan = Found &
  (
    | { readonly kind: "samples"; readonly samples: readonly NewSample[] }
    | { readonly kind: "results"; readonly entries: readonly Entry[] }
  );
const skewMs = 120_000;

/** Gathers what is wrong, row by row; a plan with errors is never carried out. */
class Look {
  readonly errors: RowError[] = [];
  readonly errorRows = new Set<number>();
  readonly #table: Table;
  readonly #mapping: Mapping;

  constructor(kind: ImportKind, table: Table, mapping: Mapping) {
    this.#table = table;
    this.#mapping = mapping;
    for (const { key, title, required } of columnsOf(kind))
      if (required && mapping.columns[key] === undefined)
        this.wrong(0, title, `No column was chosen for ${title.toLowerCase()}.`);
    for (const [row, cells] of table.rows.entries()) {
      if (cells.length > table.head.length && cells.slice(table.head.length).some((cell) => cell.trim() !== ""))
        this.wrong(row, "", `The row has ${cells.length} cells under ${table.head.length} headings.`);
    }
  }
  wrong(row: number, column: string, why: string): void {
    this.errors.push({ row, line: row + 2, column, why });
    this.errorRows.add(row);
  }
  cell(row: number, key: string): string {
    return (this.#table.rows[row]?.[this.#mapping.columns[key] ?? -1] ?? "").trim();
  }
  found(): Found {
    return { errors: this.errors, errorRows: this.errorRows, good: this.#table.rows.length - this.errorRows.size };
  }
}

/** What a file would become; its own cells are texts and stay as they are, also those a spreadsheet would run. */
export async function planOf(tx: Tx, kind: ImportKind, table: Table, mapping: Mapping): Promise<Plan> {
  return kind === "samples" ? planSamples(tx, table, mapping) : planResults(tx, table, mapping);
}

/** A kept mapping. */
export function isMapping(kept: unknown): kept is Mapping {
  return typeof kept === "object" && kept !== null && "columns" in kept && "decimal" in kept;
}

/** What a file of samples would register. */
async function planSamples(tx: Tx, table: Table, mapping: Mapping): Promise<Plan> {
  const look = new Look("samples", table, mapping);
  const code = (rows: { id: string; code: string }[]) => new Map(rows.map((row) => [row.code.toLowerCase(), row.id]));
  const products = code(
    await tx.all(query.selectFrom("lab.product").select(["id", "code"]).where("deleted_at", "is", null)),
  );
  const points = code(
    await tx.all(query.selectFrom("lab.sampling_point").select(["id", "code"]).where("deleted_at", "is", null)),
  );
  const specifications = [...(await currentSpecifications(tx)).values()];
  const samples: NewSample[] = [];
  const turn = inTurns();
  for (const row of table.rows.keys()) {
    await turn();
    const cell = (key: string) => look.cell(row, key);
    const productId = products.get(cell("product").toLowerCase());
    if (productId === undefined)
      look.wrong(
        row,
        "Product code",
        cell("product") === "" ? "There is no product code." : `There is no product ${cell("product")}.`,
      );
    const pointId = points.get(cell("point").toLowerCase());
    if (cell("point") !== "" && pointId === undefined)
      look.wrong(row, "Sampling point code", `There is no sampling point ${cell("point")}.`);
    const named = cell("specification").toLowerCase();
    const specification = specifications.find(
      (each) => each.code.toLowerCase() === named && each.productId === productId,
    );
    if (named !== "" && specification === undefined)
      look.wrong(row, "Specification code", `The product has no specification ${cell("specification")}.`);
    else if (productId !== undefined && named === "" && !specifications.some((each) => each.productId === productId))
      look.wrong(row, "Product code", `${cell("product")} has no specification: nothing would be tested.`);
    const sampledAt = timeOf(cell("sampledAt"));
    if (sampledAt === undefined) look.wrong(row, "Sampled at", "Write the time as 2026-11-12 10:02.");
    else if (sampledAt !== null && Date.parse(sampledAt) > Date.now() + skewMs)
      look.wrong(row, "Sampled at", "It lies after now on this server.");
    const dueOn = cell("dueOn");
    if (dueOn !== "" && !isDay(dueOn)) look.wrong(row, "Due on", "Write the day as 2026-11-12.");
    const priority = cell("priority").toLowerCase() || "routine";
    if (priority !== "routine" && priority !== "urgent") look.wrong(row, "Priority", "It is routine or urgent.");
    for (const [key, most] of [
      ["lot", 60],
      ["remark", 1000],
      ["sampledBy", 120],
    ] as const)
      if (cell(key).length > most) look.wrong(row, key, `It has more than ${most} characters.`);
    samples.push({
      productId: productId ?? "",
      samplingPointId: pointId ?? null,
      specificationId: specification?.specificationId ?? null,
      lot: cell("lot") || null,
      remark: cell("remark") || null,
      sampledBy: cell("sampledBy") || null,
      sampledAt: sampledAt ?? null,
      dueOn: dueOn || null,
      priority: priority === "urgent" ? "urgent" : "routine",
    });
  }
  return { kind: "samples", samples, ...look.found() };
}

/** What a file of results would save: each row meets the one open or entered result of its sample and analyte. */
async function planResults(tx: Tx, table: Table, mapping: Mapping): Promise<Plan> {
  const look = new Look("results", table, mapping);
  const known = await resultsByNumber(
    tx,
    table.rows.map((_, row) => look.cell(row, "sample")),
  );
  const methods = await methodVersions(
    tx,
    [...known.values()].flatMap((rows) => rows.map((row) => row.method_version_id)),
  );
  const entries: Entry[] = [];
  const taken = new Map<string, number>();
  const turn = inTurns();
  for (const row of table.rows.keys()) {
    await turn();
    const [number, named, unit] = [look.cell(row, "sample"), look.cell(row, "analyte"), look.cell(row, "unit")];
    const of = known.get(number.toLowerCase()) ?? [];
    if (of.length === 0) {
      look.wrong(row, "Sample number", number === "" ? "There is no sample number." : `There is no sample ${number}.`);
      continue;
    }
    const wanted = named.toLowerCase();
    const [found, second] = of.filter(
      (each) => each.name.toLowerCase() === wanted || each.analyte.toLowerCase() === wanted,
    );
    if (found === undefined || second !== undefined) {
      look.wrong(
        row,
        "Analyte",
        found === undefined
          ? `${number} has no open result for ${named}.`
          : `${number} has several results for ${named}.`,
      );
      continue;
    }
    const before = taken.get(found.id);
    if (before !== undefined) {
      look.wrong(row, "Analyte", `Line ${before + 2} already gives ${named} of ${number}.`);
      continue;
    }
    taken.set(found.id, row);
    const written = look.cell(row, "value");
    const text = mapping.decimal === "comma" ? withPoint(written) : written;
    const read =
      text === undefined ? undefined : readValue(text, analyteOf(methods.get(found.method_version_id), found.analyte));
    if (read === undefined) look.wrong(row, "Value", `${written} has a point where the file was said to have commas.`);
    else if (!read.ok) look.wrong(row, "Value", read.why);
    if (unit !== "" && unit !== found.unit)
      look.wrong(row, "Unit", `The method gives ${found.unit || "no unit"}; ${unit} is not converted.`);
    if (found.sample_state === "registered") look.wrong(row, "Sample number", `${number} has not been received.`);
    const reason = look.cell(row, "reason");
    if (found.verdict === "out" && found.text !== text)
      look.wrong(
        row,
        "Value",
        `${found.text ?? ""} is out of specification and stays; a retest by an approved plan replaces it.`,
      );
    else if (found.text !== null && found.text !== text && reason === "")
      look.wrong(row, "Reason for a change", `It was ${found.text}; say why it changes.`);
    entries.push({ id: found.id, version: found.version, text: text ?? "", ...(reason === "" ? {} : { reason }) });
  }
  if (look.errors.length === 0 && entries.length === 0) throw doorProblem.not_found();
  return { kind: "results", entries, ...look.found() };
}

/** The open and entered results of samples, by the sample's number in lower case. */
async function resultsByNumber(tx: Tx, numbers: readonly string[]) {
  const known = new Map<string, Awaited<ReturnType<typeof resultsOf>>>();
  for (const some of chunks([...new Set(numbers)], 1000))
    for (const row of await resultsOf(tx, some)) {
      const key = row.sample.toLowerCase();
      const list = known.get(key);
      if (list === undefined) known.set(key, [row]);
      else list.push(row);
    }
  return known;
}

/**
 * In two steps, each by its own index: as one join, planned before anybody counted the rows, it reads every result of the
 * workspace for each thousand numbers.
 */
async function resultsOf(tx: Tx, numbers: readonly string[]) {
  const samples = await tx.all(
    query
      .selectFrom("lab.sample")
      .select(["id", "number", "state"])
      .where(sql<SqlBool>`number = any(${numbers}::text[])`)
      .where("deleted_at", "is", null),
  );
  const byId = new Map(samples.map((sample) => [sample.id, sample]));
  const results = await tx.all(
    query
      .selectFrom("lab.result")
      .select(["id", "version", "sample_id", "analyte", "name", "unit", "text", "verdict", "method_version_id"])
      .where(sql<SqlBool>`sample_id = any(${[...byId.keys()]}::uuid[])`)
      .where("state", "in", ["open", "entered"])
      .where("kind", "=", "sample"),
  );
  return results.flatMap((result) => {
    const sample = byId.get(result.sample_id ?? "");
    return sample === undefined ? [] : [{ ...result, sample: sample.number, sample_state: sample.state }];
  });
}

/** "23,7" of a file with decimal commas; undefined where it also has points. */
function withPoint(text: string): string | undefined {
  if (/\d\.\d/.test(text)) return undefined;
  return text.replace(/^([<>]=?)?(\s*-?\d+),(\d+)$/, "$1$2.$3");
}
/** ISO 8601 with or without its T, zone and seconds; UTC where no zone is said. Null is empty, undefined is no time. */
function timeOf(text: string): string | null | undefined {
  if (text === "") return null;
  const found = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2})(?::(\d{2}))?\s*(Z|[+-]\d{2}:?\d{2})?)?$/.exec(text);
  if (found === null || !isDay(found[1] ?? "")) return undefined;
  const time = Date.parse(`${found[1]}T${found[2] ?? "00:00"}:${found[3] ?? "00"}${found[4] ?? "Z"}`);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}
function isDay(text: string): boolean {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (found === null || !/^(19|20)/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}
