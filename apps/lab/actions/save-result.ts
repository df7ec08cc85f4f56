import { sql } from "kysely";
import { memberNames, type Tx } from "@probity/kernel";
import { sayDecimal } from "../calc/decimal.ts";
import { judgeValue, readValue, reportedOf, type Value } from "../calc/value.ts";
import { chunks, updateAll, type ChangedRow, type Progress } from "../bulk.ts";
import type { DefinedAnalyte, Definition } from "../definition.ts";
import { problem } from "../errors.ts";
import { query } from "../query.ts";
import { inTurns } from "../turn.ts";
import { judgeControls } from "./chart-evaluate.ts";
import { judgeDuplicates } from "./duplicate-evaluate.ts";
import { analyteOf, methodVersions, specificationVersions } from "./frozen.ts";
import { interimOf, limitOf, resultColumns, type ResultRow } from "./present.ts";
import { tellOut } from "./notice.ts";
import { settleSamples } from "./settle.ts";
import { approvedBudgets, uncertaintyOfValue } from "./uncertainty-kept.ts";
import { calculate } from "./try-method.ts";

/** One touched cell or row: what is not sent is not touched. */
export type Entry = {
  readonly id: string;
  readonly version: number;
  readonly text?: string | undefined;
  readonly interim?: Readonly<Record<string, string>> | undefined;
  readonly reason?: string | undefined;
};
export type Saved = {
  id: string;
  version: number;
  text: string;
  reported: string;
  verdict: string;
  words: string;
  state: "entered";
};
type Fault = { id: string; code: "value" | "reason" | "state"; why: string };
type Joined = ResultRow & {
  sample_number: string | null;
  sample_state: string | null;
  specification_version_id: string | null;
  setup_id: string | null;
  updated_by: string;
};

/**
 * Saves results, all or none. What is the same as what is kept changes nothing and leaves nothing: no version, no leaf, no
 * reason asked for. The value that is kept is what was entered; the server judges it against the frozen limits.
 */
export async function saveResults(
  tx: Tx,
  entries: readonly Entry[],
  source: "keyboard" | "import" = "keyboard",
  importId: string | null = null,
  progress?: Progress,
): Promise<{ saved: Saved[]; untouched: number }> {
  // 1. The rows as they stand.
  const rows = await rowsOf(
    tx,
    entries.map((each) => each.id),
  );
  const stale = entries.filter((each) => rows.get(each.id)?.version !== each.version && rows.has(each.id));
  if (stale.length > 0) await refuseStale(tx, stale, rows);
  const methods = await methodVersions(
    tx,
    [...rows.values()].map((row) => row.method_version_id),
  );
  const specifications = await specificationVersions(
    tx,
    [...rows.values()].flatMap((row) => row.specification_version_id ?? []),
  );
  const budgets = await approvedBudgets(
    tx,
    [...rows.values()].map((row) => row.method_version_id),
  );
  const name = (await nameOfActor(tx)) ?? "";

  // 2. Each entry: touched? taken? judged.
  const faults: Fault[] = [];
  const changes: ChangedRow[] = [];
  const saved: Saved[] = [];
  const turn = inTurns();
  for (const entry of entries) {
    await turn();
    const row = rows.get(entry.id);
    const version = row && methods.get(row.method_version_id);
    if (row === undefined || version === undefined) {
      faults.push({ id: entry.id, code: "state", why: "This result is not here." });
      continue;
    }
    const analyte = analyteOf(version, row.analyte);
    const interim =
      entry.interim === undefined ? interimOf(row.interim) : { ...interimOf(row.interim), ...entry.interim };
    if (isUntouched(entry, row, interim)) continue;
    const refused = refusalOf(row) ?? outOf(row);
    if (refused !== null) {
      faults.push({ id: row.id, code: "state", why: refused });
      continue;
    }
    const read = readEntry(entry, row, analyte, version.definition, interim);
    if (typeof read === "string") {
      faults.push({ id: row.id, code: "value", why: read });
      continue;
    }
    const reason = entry.reason?.trim() ?? "";
    if (row.text !== null && reason === "") {
      faults.push({ id: row.id, code: "reason", why: `Say why ${row.text} becomes ${read.text}.` });
      continue;
    }
    const specification = specifications.get(row.specification_version_id ?? "");
    const uncertainty = uncertaintyOfValue(read, analyte, budgets.get(`${row.method_version_id} ${row.analyte}`));
    const judged = judgeValue(read, limitOf(row, version, specification), analyte, uncertainty);
    const kept = row.text === null ? null : reason;
    changes.push({
      row: {
        id: row.id,
        version: row.version,
        state: "entered",
        text: read.text,
        number: read.number === null ? null : sayDecimal(read.number),
        qualifier: read.qualifier,
        uncertainty,
        interim: Object.keys(interim).length === 0 ? null : interim,
        verdict: judged.verdict,
        reason: kept,
        source: analyte.kind === "calculated" ? "calculated" : source,
        entered_name: name,
        import_id: importId,
        setup_id: row.setup_id,
      },
      fields: {
        text: read.text,
        ...(kept === null ? {} : { before: row.text, reason: kept }),
        verdict: judged.verdict,
        ...(judged.decision === undefined
          ? {}
          : { decision: judged.decision, uncertainty: uncertainty?.expanded ?? "" }),
      },
    });
    saved.push({
      id: row.id,
      version: row.version + 1,
      text: read.text,
      reported: reportedOf(read, analyte),
      verdict: judged.verdict,
      words: judged.words,
      state: "entered",
    });
  }
  if (faults.length > 0)
    throw problem.rows_refused({
      values: { count: faults.length },
      members: { rows: faults, errors: faults.map(({ id, why }) => ({ field: id, message: why })) },
    });

  // 3. Leaves and rows, then what follows for the samples.
  const changed = await updateAll(tx, "lab.result", "lab.result.enter", changes, progress);
  if (changed !== changes.length)
    await refuseStale(
      tx,
      entries,
      await rowsOf(
        tx,
        entries.map((each) => each.id),
      ),
    );
  await settleSamples(
    tx,
    changes.flatMap(({ row }) => rows.get(row.id)?.sample_id ?? []),
    "enter",
    progress && (() => progress(changes.length)),
  );
  // 4. A run whose controls have values is judged at once, and so are its duplicates.
  await judgeControls(
    tx,
    changes.flatMap(({ row }) => (/^(control|blank)$/.test(rows.get(row.id)?.kind ?? "") ? [row.id] : [])),
  );
  await judgeDuplicates(
    tx,
    changes.map(({ row }) => ({ id: row.id, worksheetId: rows.get(row.id)?.worksheet_id ?? null })),
  );
  // 5. What is out of specification is told to whom the laboratory wants it told.
  await tellOut(
    tx,
    changes.flatMap(({ row }) => (row["verdict"] === "out" && rows.get(row.id)?.kind === "sample" ? [row.id] : [])),
  );
  return { saved, untouched: entries.length - changes.length };
}

async function rowsOf(tx: Tx, ids: readonly string[]): Promise<Map<string, Joined>> {
  const found = new Map<string, Joined>();
  for (const some of chunks([...new Set(ids)], 1000)) {
    const rows = await tx.all(
      query
        .selectFrom("lab.result as r")
        .select([...resultColumns, "r.updated_by", "r.setup_id"])
        .where(sql<boolean>`r.id = any(${some}::uuid[])`)
        .where("r.deleted_at", "is", null),
    );
    // Looked up by themselves: a join planned before a file's rows were counted reads every sample for each result.
    const samples = await samplesOf(
      tx,
      rows.flatMap((row) => row.sample_id ?? []),
    );
    const setups = await setupsOf(
      tx,
      rows.flatMap((row) => (row.state === "open" && row.setup_id === null ? (row.worksheet_id ?? []) : [])),
    );
    for (const row of rows) {
      const sample = samples.get(row.sample_id ?? "");
      found.set(row.id, {
        ...row,
        // What it was made with stays with the first entry; before it, what its worksheet names now.
        setup_id: row.setup_id ?? (row.state === "open" ? (setups.get(row.worksheet_id ?? "") ?? null) : null),
        sample_number: sample?.number ?? null,
        sample_state: sample?.state ?? null,
        specification_version_id: sample?.specification_version_id ?? null,
      });
    }
  }
  return found;
}

async function samplesOf(tx: Tx, ids: readonly string[]) {
  const rows = await tx.all(
    query
      .selectFrom("lab.sample")
      .select(["id", "number", "state", "specification_version_id"])
      .where(sql<boolean>`id = any(${[...new Set(ids)]}::uuid[])`),
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** The newest set of instruments and lots that each worksheet names. */
async function setupsOf(tx: Tx, worksheetIds: readonly string[]): Promise<Map<string | null, string>> {
  if (worksheetIds.length === 0) return new Map();
  const rows = await tx.all(
    query
      .selectFrom("lab.setup")
      .distinctOn("worksheet_id")
      .select(["worksheet_id", "id"])
      .where(sql<boolean>`worksheet_id = any(${[...new Set(worksheetIds)]}::uuid[])`)
      .orderBy("worksheet_id")
      .orderBy("number", "desc"),
  );
  return new Map(rows.map((row) => [row.worksheet_id, row.id]));
}

function isUntouched(entry: Entry, row: ResultRow, interim: Record<string, string>): boolean {
  const same = entry.text === undefined || entry.text.trim() === (row.text ?? "");
  const before = interimOf(row.interim);
  return same && Object.entries(interim).every(([key, value]) => (before[key] ?? "") === value.trim());
}

function refusalOf(row: Joined): string | null {
  if (row.state === "verified") return "It is verified and locked. An admin unlocks it with a reason.";
  if (row.state === "retested") return "It was retested; the original stays as it is.";
  if (row.state === "cancelled") return "It was cancelled with its sample.";
  if (row.sample_state === "registered") return `${row.sample_number} has not been received.`;
  return null;
}

/** What was found out of specification is not typed over: its investigation decides, also of a reading that was typed wrong. */
function outOf(row: Joined): string | null {
  if (row.verdict !== "out" || row.kind !== "sample") return null;
  return `${row.text ?? ""} is out of specification and stays. Investigate it: what replaces it, a corrected reading too, is a retest by an approved plan.`;
}

/** The value an entry stands for, or what is wrong with it. A calculated one is computed here, from its interim fields. */
function readEntry(
  entry: Entry,
  row: ResultRow,
  analyte: DefinedAnalyte,
  definition: Definition,
  interim: Record<string, string>,
): Value | string {
  if (analyte.kind !== "calculated") {
    const read = readValue(entry.text ?? row.text ?? "", analyte);
    return read.ok ? read.value : read.why;
  }
  if (entry.text !== undefined) return "This value is calculated: enter what it is calculated from.";
  return calculate(definition, analyte.formula ?? "", interim);
}

async function refuseStale(tx: Tx, stale: readonly Entry[], rows: ReadonlyMap<string, Joined>): Promise<never> {
  const names = await memberNames(tx);
  const moved = stale.filter((each) => rows.get(each.id)?.version !== each.version);
  const who = new Set(moved.map((each) => names.get(rows.get(each.id)?.updated_by ?? "") ?? "Somebody"));
  throw problem.rows_stale({
    values: { who: [...who].join(" and "), count: moved.length },
    members: {
      errors: moved.map((each) => ({ field: each.id, message: `Now ${rows.get(each.id)?.text ?? "empty"}.` })),
      rows: moved.map((each) => {
        const row = rows.get(each.id);
        return {
          id: each.id,
          version: row?.version ?? null,
          text: row?.text ?? null,
          code: "stale",
          why: `Now ${row?.text ?? "empty"}.`,
        };
      }),
    },
  });
}

/** The printed name of who acts, kept with the act. */
export async function nameOfActor(tx: Tx): Promise<string | null> {
  const row = await tx.first(query.selectFrom("kernel.membership").select("name").where("id", "=", tx.who.actorId));
  return row?.name ?? (tx.who.role === "system" || tx.credential.kind === "job" ? "Probity" : null);
}
