import { csvHead, csvRows, doorProblem, Problem, type Job, type Kernel, type Tx } from "@probity/kernel";
import { chunks, updateAll, type Progress } from "../bulk.ts";
import type { ImportKind } from "../csv/mapping.ts";
import { readTable, type Table } from "../csv/read.ts";
import { query } from "../query.ts";
import { inTurns } from "../turn.ts";
import { countRows } from "./import-count.ts";
import type { RowError } from "./import-look.ts";
import { isMapping, planOf, type Plan } from "./import-plan.ts";
import { importPermission } from "./import-upload.ts";
import { registerSamples } from "./register.ts";
import { saveResults } from "./save-result.ts";

const shownErrors = 200;

/** A file that can't be taken, with what is wrong in which row; nothing of it is kept but this. */
class RefusedFile extends Error {
  readonly errors: readonly RowError[];
  constructor(message: string, errors: readonly RowError[]) {
    super(message);
    this.errors = errors;
  }
}
class CancelledFile extends Error {}

type Waiting = Awaited<ReturnType<typeof waitingFile>>;

/**
 * Takes a file under the grant of whoever sent it: all its rows and its own end in one transaction, or none. Killed half-way
 * it is taken from the beginning; cancelled, it ends at the next hundred rows; refused, it says why, line by line.
 */
export async function takeFile(kernel: Kernel, job: Job, kind: ImportKind): Promise<void> {
  const permission = importPermission[kind];
  const { file, keys, blob } = await kernel.door.work(job.credential, permission, async (tx) => {
    const waiting = await waitingFile(tx, job.subjectId);
    return {
      file: waiting,
      keys: await kernel.files.keysOf(tx),
      blob: await kernel.files.find(tx, waiting.blob_id),
    };
  });
  if (file.state !== "waiting") return;
  await job.report("reading", 0, file.row_count);
  const read = await readTable(await kernel.files.readAll(blob, keys));
  if (!read.ok || !isMapping(file.mapping)) throw new Error("A stored file is not what it was when it was sent");
  const table = read.table;
  await countRows(kernel, job.credential, kind, table.rows.length);
  try {
    await takeRows(kernel, job, kind, file, table);
  } catch (error) {
    if (error instanceof CancelledFile) return;
    if (error instanceof RefusedFile) await refuse(kernel, job, permission, file, table, error);
    // What a save refuses although the plan held: somebody worked on the same rows meanwhile.
    else if (error instanceof Problem && error.status < 500)
      await refuse(kernel, job, permission, file, table, new RefusedFile(error.detail, []));
    else throw error;
  }
}

async function takeRows(kernel: Kernel, job: Job, kind: ImportKind, file: Waiting, table: Table): Promise<void> {
  await kernel.door.work(job.credential, importPermission[kind], async (tx) => {
    if (!isMapping(file.mapping)) return;
    // 1. Every row is looked at before the first is written.
    await job.report("checking", 0, file.row_count);
    const plan = await planOf(tx, kind, table, file.mapping);
    if (plan.errorRows.size > 0)
      throw new RefusedFile(`${plan.errorRows.size} of ${table.rows.length} rows have errors.`, plan.errors);
    // 2. Written, some hundred at a time; told in between, and ended where somebody cancelled.
    const progress: Progress = async (done) => {
      if ((await waitingFile(tx, file.id)).state !== "waiting") throw new CancelledFile();
      await job.report("writing", done, file.row_count);
    };
    if (plan.kind === "samples") await registerSamples(tx, plan.samples, file.id, progress);
    else await saveResults(tx, plan.entries, "import", file.id, progress);
    // 3. The file's own end, in the same transaction.
    const told = plan.kind === "results" ? plan.told : null;
    await end(tx, file, "lab.import_file.take", { state: "done", imported: rowsComing(plan, table), told });
  });
}

async function refuse(
  kernel: Kernel,
  job: Job,
  permission: string,
  file: Waiting,
  table: Table,
  { message, errors }: RefusedFile,
): Promise<void> {
  const count = new Set(errors.map((each) => each.row)).size;
  const { keys, tenantId } = await kernel.door.work(job.credential, permission, async (tx) => ({
    keys: await kernel.files.keysOf(tx),
    tenantId: tx.who.tenantId,
  }));
  const report = Buffer.from(await wrongRows(table, errors), "utf8");
  const stored = errors.length === 0 ? null : await kernel.files.store(tenantId, keys, report, "txt");
  await kernel.door
    .work(job.credential, permission, async (tx) => {
      await end(tx, file, "lab.import_file.refuse", {
        state: "refused",
        refusal: message.slice(0, 1000),
        error_count: count,
        errors: errors.slice(0, shownErrors),
        report_blob_id: stored === null ? null : await kernel.files.name(tx, stored),
      });
    })
    .catch((error: unknown) => {
      if (!(error instanceof CancelledFile)) throw error;
    });
}

async function end(tx: Tx, file: Waiting, action: string, set: Readonly<Record<string, unknown>>): Promise<void> {
  const { errors: _, ...fields } = set;
  const changed = await updateAll(tx, "lab.import_file", action, [
    { row: { id: file.id, version: file.version, ...set }, fields },
  ]);
  if (changed !== 1) throw new CancelledFile();
}

async function waitingFile(tx: Tx, id: string) {
  const row = await tx.first(
    query
      .selectFrom("lab.import_file")
      .select(["id", "version", "state", "mapping", "row_count", "blob_id"])
      .where("id", "=", id),
  );
  if (!row) throw doorProblem.not_found();
  return row;
}

/** The rows with errors as a file of their own, to be corrected and sent again, with their line and what is wrong. */
export async function wrongRows(table: Table, errors: readonly RowError[]): Promise<string> {
  const names = table.head.map((name, index) => name || `column ${index + 1}`);
  const unique = names.map((name, index) => (names.indexOf(name) === index ? name : `${name} (${index + 1})`));
  const columns = ["line", ...unique, "what is wrong"];
  const byRow = [...Map.groupBy(errors, (each) => each.row)].toSorted(([a], [b]) => a - b);
  const turn = inTurns();
  const parts = [csvHead(columns)];
  for (const some of chunks(byRow, 100)) {
    await turn();
    const rows = some.map(([row, wrong]) => ({
      ...Object.fromEntries(unique.map((name, index) => [name, table.rows[row]?.[index] ?? ""])),
      line: table.lines[row] ?? row + 2,
      "what is wrong": wrong.map(({ column, why }) => (column === "" ? why : `${column}: ${why}`)).join(" "),
    }));
    parts.push(csvRows(columns, rows));
  }
  return parts.join("");
}

/** How many rows a file brings in where nothing is wrong with it: not what is skipped, and not what stands so already. */
function rowsComing(plan: Plan, table: Table): number {
  return table.rows.length - (plan.kind === "results" ? plan.told.standards + plan.told.same : 0);
}

/** What is shown of a plan before its file is taken. */
export function shownPlan(plan: Plan, table: Table) {
  return {
    good: plan.good,
    coming: rowsComing(plan, table),
    errors: plan.errors.slice(0, shownErrors),
    errorCount: plan.errorRows.size,
    told: plan.kind === "results" ? plan.told : null,
  };
}
