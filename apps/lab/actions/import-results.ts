import { sql, type SqlBool } from "kysely";
import type { Tx } from "@probity/kernel";
import { chunks } from "../bulk.ts";
import { readValue } from "../calc/value.ts";
import type { Mapping } from "../csv/mapping.ts";
import type { Table } from "../csv/read.ts";
import { query } from "../query.ts";
import { inTurns } from "../turn.ts";
import { analyteOf, methodVersions, type MethodVersion } from "./frozen.ts";
import { Look, withPoint, type Found } from "./import-look.ts";
import { kinds, saidOf, type Kind, type Said } from "./import-said.ts";
import { interimOf } from "./present.ts";
import type { Entry } from "./save-result.ts";
import { calculate } from "./try-method.ts";

/** How many rows of each kind a file holds; what is skipped is said with its reason. */
export type Told = {
  readonly sample: number;
  readonly blank: number;
  readonly control: number;
  readonly duplicate: number;
  /** Rows that give an interim value of a calculated result, of whatever kind. */
  readonly interim: number;
  /** Rows of standards and rinses, which no worksheet has. */
  readonly standards: number;
  /** Rows whose result stands as the file gives it: it is not touched. */
  readonly same: number;
};
type Target = Awaited<ReturnType<typeof resultsOf>>[number];
type Interim = { entry: { -readonly [Key in keyof Entry]: Entry[Key] }; target: Target; row: number; rows: number };

/**
 * What a file of results would save. A row is of a sample by its number; of a duplicate by "DUP" beside the number; of a blank
 * or control by its name on the worksheet. The worksheet is the one the row names, else the one that all samples of the file
 * are on. Rows that are of the same blank, control or duplicate are taken in the order of the run.
 */
export async function planResults(
  tx: Tx,
  table: Table,
  mapping: Mapping,
): Promise<Found & { kind: "results"; entries: Entry[]; told: Told }> {
  const look = new Look("results", table, mapping);
  const count = { sample: 0, blank: 0, control: 0, duplicate: 0, interim: 0, standards: 0, same: 0 };
  // 1. What each row is said to be, and everything that is looked up, by keys.
  const said = table.rows.map((_, row) => saidOf(look, row));
  const known = await resultsByNumber(
    tx,
    said.flatMap((each) => (each === "standard" || each === null || each.kind === "blank" ? [] : [each.name])),
  );
  const sheets = await worksheetsOf(tx, said, known);
  const methods = await methodVersions(
    tx,
    [...known.values(), ...sheets.own.values()].flatMap((rows) => rows.map((row) => row.method_version_id)),
  );
  // 2. Each row meets one result.
  const entries: Entry[] = [];
  const calculated = new Map<string, Interim>();
  const taken = new Map<string, number>();
  const turn = inTurns();
  for (const [row, each] of said.entries()) {
    await turn();
    if (each === null) continue;
    if (each === "standard") {
      count.standards += 1;
      continue;
    }
    const field = look.cell(row, "field");
    const found = findTarget(look, row, each, known, sheets, methods, (id) =>
      taken.has(`${id} ${field.toLowerCase()}`),
    );
    if (found === null) continue;
    const before = taken.get(`${found.id} ${field.toLowerCase()}`);
    if (before !== undefined) {
      look.wrong(
        row,
        "Analyte",
        `Line ${look.lineOf(before)} already gives ${field || look.cell(row, "analyte")} of ${each.name}.`,
      );
      continue;
    }
    taken.set(`${found.id} ${field.toLowerCase()}`, row);
    const version = methods.get(found.method_version_id);
    const value = valueIn(look, row, mapping, found, version, field);
    const unit = look.cell(row, "unit");
    const wanted = value?.unit ?? found.unit;
    if (unit !== "" && unit !== wanted)
      look.wrong(row, "Unit", `The method gives ${wanted || "no unit"}; ${unit} is not converted.`);
    if (found.sample_state === "registered") look.wrong(row, "Sample number", `${found.sample} has not been received.`);
    count[kindOf(found)] += 1;
    if (value === null) continue;
    const reason = look.cell(row, "reason");
    if (value.key !== null) {
      count.interim += 1;
      const own = calculated.get(found.id) ?? {
        entry: { id: found.id, version: found.version },
        target: found,
        row,
        rows: 0,
      };
      own.rows += 1;
      own.entry.interim = { ...own.entry.interim, [value.key]: value.text };
      if (reason !== "") own.entry.reason = reason;
      calculated.set(found.id, own);
      continue;
    }
    if (found.text === value.text) count.same += 1;
    else refuseChange(look, row, found, reason);
    entries.push({ id: found.id, version: found.version, text: value.text, ...(reason === "" ? {} : { reason }) });
  }
  // 3. What is calculated is calculated once all its interim values are there.
  for (const { entry, target, row, rows } of calculated.values()) {
    const version = methods.get(target.method_version_id);
    const kept = interimOf(target.interim);
    const interim = { ...kept, ...entry.interim };
    const same = Object.entries(interim).every(([key, text]) => kept[key] === text);
    const value =
      version === undefined
        ? "This result is not here."
        : calculate(version.definition, analyteOf(version, target.analyte).formula ?? "", interim);
    if (typeof value === "string") look.wrong(row, "Value", value);
    else if (same) count.same += rows;
    else refuseChange(look, row, target, entry.reason ?? "");
    entries.push(entry);
  }
  if (look.errors.length === 0 && entries.length === 0) look.wrong(0, "", "No row of this file is of a result.");
  return { kind: "results", entries, told: count, ...look.found() };
}

/** The one open or entered result that a row is of; what stands against it is told, and then there is none. */
function findTarget(
  look: Look,
  row: number,
  said: Said,
  known: ReadonlyMap<string, Target[]>,
  sheets: Sheets,
  methods: ReadonlyMap<string, MethodVersion>,
  isTaken: (id: string) => boolean,
): Target | null {
  const named = look.cell(row, "analyte");
  if (named === "") {
    look.wrong(row, "Analyte", "There is no analyte.");
    return null;
  }
  const wanted = named.toLowerCase();
  const fits = (each: Target) =>
    each.analyte.toLowerCase() === wanted || analyteName(each, methods).toLowerCase() === wanted;
  const ofSample = known.get(said.name.toLowerCase());
  if (said.kind === "sample" || said.kind === "duplicate" || (said.kind === "unsaid" && ofSample !== undefined)) {
    if (ofSample === undefined) {
      look.wrong(
        row,
        "Sample number",
        said.name === "" ? "There is no sample number." : `There is no sample ${said.name}.`,
      );
      return null;
    }
    const kind = said.kind === "duplicate" ? "duplicate" : "sample";
    const what = kind === "duplicate" ? "duplicate" : "result";
    const on = (each: Target) => said.worksheet === "" || each.worksheet_id === sheets.byNumber.get(said.worksheet);
    const of = ofSample.filter((each) => each.kind === kind && fits(each) && on(each));
    // Two duplicates of one determination are taken in the order of the run; two determinations of one name are told apart by nobody.
    const first = kind === "duplicate" ? (of.find((each) => !isTaken(each.id)) ?? of.at(-1)) : of[0];
    if (first !== undefined && (kind === "duplicate" || of.length === 1)) return first;
    look.wrong(
      row,
      "Analyte",
      first === undefined
        ? `${said.name} has no open ${what} for ${named}${said.worksheet === "" ? "" : ` on ${said.worksheet}`}.`
        : `${said.name} has several ${what}s for ${named}.`,
    );
    return null;
  }
  // A blank or control of the worksheet the row names, or of the one that all samples of the file are on.
  const sheet = said.worksheet === "" ? sheets.only : sheets.byNumber.get(said.worksheet);
  if (sheet === undefined) {
    const why =
      said.worksheet !== ""
        ? `${said.name || "This row"} is no sample here, and there is no worksheet ${said.worksheet}.`
        : said.kind === "unsaid" && said.name !== ""
          ? `There is no sample ${said.name}; a blank or control says of which worksheet it is.`
          : said.name === "" && said.kind === "unsaid"
            ? "There is no sample number."
            : `${said.name || "This row"} is no sample, and nobody can say of which worksheet it is.`;
    look.wrong(row, "Sample number", why);
    return null;
  }
  const plain = said.name.toLowerCase();
  const mark = plain === "" ? undefined : kinds[plain];
  const of = (sheets.own.get(sheet) ?? []).filter(
    (each) =>
      fits(each) &&
      (said.kind === "unsaid" ? true : each.kind === said.kind) &&
      (mark === each.kind || plain === "" || each.name.toLowerCase() === plain),
  );
  const first = of.find((each) => !isTaken(each.id)) ?? of.at(-1);
  if (first !== undefined) return first;
  const what = said.kind === "unsaid" ? "sample, blank or control" : said.kind;
  look.wrong(row, "Sample number", `The worksheet has no open ${what} ${said.name} for ${named}.`);
  return null;
}

/** What is written of a result, or of one of its interim fields; null where it can't be taken. */
function valueIn(
  look: Look,
  row: number,
  mapping: Mapping,
  found: Target,
  version: MethodVersion | undefined,
  field: string,
): { text: string; key: string | null; unit: string } | null {
  const analyte = analyteOf(version, found.analyte);
  const written = look.cell(row, "value");
  const text = mapping.decimal === "comma" ? withPoint(written) : written;
  if (text === undefined) {
    look.wrong(row, "Value", `${written} has a point where the file was said to have commas.`);
    return null;
  }
  const fields = version?.definition.fields ?? [];
  const own = fields.find(({ key, name }) => [key, name].some((each) => each.toLowerCase() === field.toLowerCase()));
  if (analyte.kind === "calculated" && own === undefined) {
    const names = fields.map(({ name }) => name).join(", ");
    look.wrong(row, "Interim field", `${found.name} is calculated from ${names}: say which of these ${written} is.`);
    return null;
  }
  if (analyte.kind !== "calculated" && field !== "") {
    look.wrong(row, "Interim field", `${found.name} is entered as it is, not calculated.`);
    return null;
  }
  const unit = own === undefined ? found.unit : own.unit;
  const read = readValue(text, own === undefined ? analyte : { kind: "number", unit });
  if (!read.ok) {
    look.wrong(row, "Value", read.why);
    return null;
  }
  return { text, key: own?.key ?? null, unit };
}

function refuseChange(look: Look, row: number, found: Target, reason: string): void {
  if (found.verdict === "out" && found.kind === "sample")
    look.wrong(
      row,
      "Value",
      `${found.text ?? ""} is out of specification and stays; a retest by an approved plan replaces it.`,
    );
  else if (found.text !== null && reason === "")
    look.wrong(row, "Reason for a change", `It was ${found.text}; say why it changes.`);
}

/** A blank or control is named by what it is; its determination has the name that the method gives it. */
function analyteName(row: Target, methods: ReadonlyMap<string, MethodVersion>): string {
  if (row.kind === "sample" || row.kind === "duplicate") return row.name;
  return analyteOf(methods.get(row.method_version_id), row.analyte).name;
}

function kindOf({ kind }: Target): Kind {
  return kind === "blank" || kind === "control" || kind === "duplicate" ? kind : "sample";
}

type Sheets = {
  readonly byNumber: ReadonlyMap<string, string>;
  /** The one worksheet that all samples of the file are on, where there is one. */
  readonly only: string | undefined;
  /** Blanks and controls by their worksheet, in the order of the run. */
  readonly own: ReadonlyMap<string, Target[]>;
};

async function worksheetsOf(
  tx: Tx,
  said: readonly (Said | "standard" | null)[],
  known: ReadonlyMap<string, Target[]>,
): Promise<Sheets> {
  const rows = said.filter((each) => each !== null && each !== "standard");
  const byNumber = new Map<string, string>();
  const numbers = [...new Set(rows.flatMap(({ worksheet }) => (worksheet === "" ? [] : [worksheet])))];
  for (const some of chunks(numbers, 1000))
    for (const { id, number } of await tx.all(
      query
        .selectFrom("lab.worksheet")
        .select(["id", "number"])
        .where(sql<SqlBool>`number = any(${some}::text[])`)
        .where("deleted_at", "is", null),
    ))
      byNumber.set(number, id);
  const orphans = rows.some(
    ({ kind, name }) => kind === "blank" || kind === "control" || !known.has(name.toLowerCase()),
  );
  if (!orphans) return { byNumber, only: undefined, own: new Map() };
  const on = new Set([...known.values()].flatMap((of) => of.flatMap((each) => each.worksheet_id ?? [])));
  const only = on.size === 1 ? [...on][0] : undefined;
  const ids = [...new Set([...byNumber.values(), ...(only === undefined ? [] : [only])])];
  const found = (
    await Promise.all(
      [...chunks(ids, 1000)].map((some) =>
        tx.all(
          resultRows()
            .where(sql<SqlBool>`worksheet_id = any(${some}::uuid[])`)
            .where("kind", "in", ["blank", "control"]),
        ),
      ),
    )
  ).flat();
  const own = found
    .toSorted((a, b) => (a.position ?? 0) - (b.position ?? 0))
    .map((row) => ({ ...row, sample: "", sample_state: "" }));
  return { byNumber, only, own: Map.groupBy(own, (row) => row.worksheet_id ?? "") };
}

function resultRows() {
  return query
    .selectFrom("lab.result")
    .select([
      "id",
      "version",
      "sample_id",
      "worksheet_id",
      "position",
      "kind",
      "analyte",
      "name",
      "unit",
      "text",
      "interim",
      "verdict",
      "method_version_id",
    ])
    .where("state", "in", ["open", "entered"])
    .where("deleted_at", "is", null);
}

/** The open and entered results of samples, by the sample's number in lower case. */
async function resultsByNumber(tx: Tx, numbers: readonly string[]): Promise<Map<string, Target[]>> {
  const known = new Map<string, Target[]>();
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
    resultRows()
      .where(sql<SqlBool>`sample_id = any(${[...byId.keys()]}::uuid[])`)
      .where("kind", "in", ["sample", "duplicate"]),
  );
  return results
    .toSorted((a, b) => (a.position ?? 0) - (b.position ?? 0))
    .flatMap((result) => {
      const sample = byId.get(result.sample_id ?? "");
      if (sample === undefined) return [];
      return [{ ...result, sample: sample.number, sample_state: sample.state }];
    });
}
