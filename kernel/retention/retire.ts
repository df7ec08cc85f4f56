import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { hashRow, rangeNodes } from "@probity/verify";
import { sql, type RawBuilder } from "kysely";
import type { Kernel } from "../kernel.ts";
import { logState } from "../ledger/checkpoint-proof.ts";
import { nodesOf, tenantTiles } from "../ledger/tile-source.ts";
import { policyValue } from "../policy/store.ts";
import { instanceTenantId } from "../work/credential.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";

export const runPermission = "kernel.retention.run";
const day = 86_400_000;
const tileWidth = 256;
/** Rows one leaf names at most. */
const rowsPerLeaf = 200;

export type Outcome = { readonly gone: number; readonly detail: string };
type Step = (tx: Tx, now: Date) => Promise<Outcome>;

const steps: Readonly<Record<"access" | "traces" | "deleted" | "keys" | "log", Step>> = {
  access: async (tx, now) => {
    const before = await beforeOf(tx, now, "retention.accessLogDays");
    const gone = await count(tx, sql`select kernel.retire_access(${before}) as gone`);
    if (gone > 0)
      await tx.record({
        action: "retention.access.retired",
        fields: { before: before.toISOString(), count: String(gone) },
      });
    return { gone, detail: `Access events before ${dayOf(before)}` };
  },
  traces: async (tx, now) => {
    const before = await beforeOf(tx, now, "retention.systemLogDays");
    const gone = await count(tx, sql`select kernel.retire_traces(${before}) as gone`);
    if (gone > 0)
      await tx.record({
        action: "retention.traces.retired",
        fields: { before: before.toISOString(), count: String(gone) },
      });
    return { gone, detail: `Finished jobs and settled mails before ${dayOf(before)}` };
  },
  deleted: retireDeleted,
  keys: async (tx, now) => {
    const before = await beforeOf(tx, now, "retention.requestKeyDays");
    const gone = await count(tx, sql`select kernel.retire_keys(${before}) as gone`);
    if (gone > 0)
      await tx.record({
        action: "retention.keys.retired",
        fields: { before: before.toISOString(), count: String(gone) },
      });
    return { gone, detail: `Keys of requests before ${dayOf(before)}` };
  },
  log: pruneLog,
};

/** One workspace's retention: every class, unless a legal hold stands, in which case each says so. */
export async function retire(
  kernel: Pick<Kernel, "door" | "system">,
  workspace: string,
  now = new Date(),
): Promise<Record<string, Outcome & { outcome: string }>> {
  const results: Record<string, Outcome & { outcome: string }> = {};
  const work = <T>(run: (tx: Tx) => Promise<T>) => kernel.door.work(kernel.system(workspace), runPermission, run);
  for (const [name, step] of Object.entries(steps)) {
    results[name] = await work(async (tx) => {
      const held = await standingHold(tx);
      const result =
        held === undefined
          ? { ...(await step(tx, now)), outcome: "done" }
          : { gone: 0, detail: `Stopped by a legal hold: ${held}`, outcome: "held" };
      await note(tx, name, result);
      return result;
    }).catch(async (error: unknown) => {
      const detail = error instanceof Error ? error.message.slice(0, 200) : "an unknown fault";
      const result = { gone: 0, detail, outcome: "failed" };
      await work((tx) => note(tx, name, result));
      return result;
    });
  }
  return results;
}

/** Every workspace whose retention has not run for a day. Gives how many ran. */
export async function retireAll(kernel: Pick<Kernel, "door" | "system">, now = new Date()): Promise<number> {
  const rows = await kernel.door.callFunction({
    sql: "select id from kernel.logged_workspaces($1) as w (id)",
    parameters: [kernel.system(instanceTenantId).token],
  });
  let ran = 0;
  for (const { id } of rows) {
    const last = await kernel.door.work(kernel.system(String(id)), runPermission, (tx) =>
      tx.first(
        query
          .selectFrom("kernel.retention_run")
          .select(({ fn }) => [fn.min("at").as("at"), fn.countAll<string>().as("classes")]),
      ),
    );
    const all = Number(last?.classes ?? 0) >= Object.keys(steps).length;
    if (all && last?.at && now.getTime() - new Date(last.at).getTime() < day) continue;
    await retire(kernel, String(id), now);
    ran += 1;
  }
  return ran;
}

async function retireDeleted(tx: Tx, now: Date): Promise<Outcome> {
  const before = await beforeOf(tx, now, "retention.deletedItemDays");
  const found = await tx.all(
    call<{ record: string; row_id: string }>(sql`select record, row_id from kernel.retire_candidates(${before})`),
  );
  let gone = 0;
  for (const [record, rows] of Map.groupBy(found, (row) => row.record)) {
    for (let at = 0; at < rows.length; at += rowsPerLeaf) {
      const ids = rows.slice(at, at + rowsPerLeaf).map((row) => row.row_id);
      const leaf = await stagedLeaf(tx, "retention.rows.retired", { record, rows: ids, before: before.toISOString() });
      gone += await count(tx, sql`select kernel.retire_rows(${record}, ${ids}, ${leaf}, ${before}) as gone`);
    }
  }
  return { gone, detail: `Rows deleted before ${dayOf(before)}` };
}

/** Prunes what is older than the policy says, whole tiles at a time, with the statement that tells what stood there. */
async function pruneLog(tx: Tx, now: Date): Promise<Outcome> {
  const years = await policyValue(tx, "retention.ledgerYears");
  if (years === 0) return { gone: 0, detail: "The whole log is kept" };
  const before = new Date(now);
  before.setUTCFullYear(before.getUTCFullYear() - years);
  const state = await logState(tx);
  const size = state?.size ?? 0;
  const first = await tx.first(
    query
      .selectFrom("kernel.ledger_event")
      .select(({ fn }) => fn.min("seq").as("seq"))
      .where("tenant_id", "=", tx.who.tenantId)
      .where("at", ">=", before),
  );
  const minimum = Math.floor(Math.min(size, Number(first?.seq ?? size)) / tileWidth) * tileWidth;
  const known = await tx.first(query.selectFrom("kernel.ledger_minimum").select("minimum"));
  if (state === undefined || minimum <= Number(known?.minimum ?? 0))
    return { gone: 0, detail: "Nothing is old enough" };
  const frontier = hashRow(await nodesOf(tenantTiles(tx), size, rangeNodes(0, minimum)));
  const statement = await stagedLeaf(tx, "retention.log.pruned", {
    minimum,
    frontier,
    before: before.toISOString(),
    checkpoint: state.note,
  });
  const gone = await count(
    tx,
    sql`select kernel.prune_ledger(${minimum}, ${JSON.stringify(frontier)}::jsonb, ${statement}) as gone`,
  );
  return { gone, detail: `The log begins at ${minimum} now` };
}

/** Why nothing may go; undefined when nothing stands in the way. */
export async function standingHold(tx: Tx): Promise<string | undefined> {
  const hold = await tx.first(
    query
      .selectFrom("kernel.legal_hold")
      .select("reason")
      .where("released_at", "is", null)
      .where("deleted_at", "is", null)
      .orderBy("id"),
  );
  return hold?.reason;
}

const dayOf = (date: Date) => date.toISOString().slice(0, 10);

async function beforeOf(
  tx: Tx,
  now: Date,
  name:
    | "retention.accessLogDays"
    | "retention.systemLogDays"
    | "retention.deletedItemDays"
    | "retention.requestKeyDays",
): Promise<Date> {
  return new Date(now.getTime() - (await policyValue(tx, name)) * day);
}

/** Stages a leaf and answers its id, by which what it explains refers to it. */
async function stagedLeaf(tx: Tx, action: string, fields: Readonly<Record<string, unknown>>): Promise<string> {
  const mark = uuidv7();
  await tx.record({ action, fields: { ...fields, mark } });
  const row = await tx.first(call<{ leaf_id: string }>(sql`select kernel.leaf_marked(${mark}) as leaf_id`));
  if (row === undefined) throw new Error("A leaf was not staged");
  return row.leaf_id;
}

async function note(tx: Tx, name: string, result: Outcome & { outcome: string }): Promise<void> {
  await tx.all(call(sql`select kernel.note_retention(${name}, ${result.outcome}, ${result.gone}, ${result.detail})`));
}

async function count(tx: Tx, text: RawBuilder<unknown>): Promise<number> {
  const row = await tx.first(call<{ gone: string }>(text));
  return Number(row?.gone ?? 0);
}

function call<T>(text: RawBuilder<unknown>) {
  const typed = sql<T>`${text}`;
  return { compile: () => typed.compile(query) };
}
