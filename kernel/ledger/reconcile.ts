import { sql } from "kysely";
import type { Kernel } from "../kernel.ts";
import { instanceTenantId } from "../work/credential.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";

const permission = "kernel.ledger.reconcile";
const hour = 3_600_000;
/** Findings that are kept and shown; all of them are counted. */
const shownFindings = 100;

/** One thing on which the log and the tables disagree. It names records and ids, never values. */
export type ReconcileFinding = {
  readonly kind:
    | "events_missing"
    | "events_beyond_head"
    | "leaf_altered"
    | "change_without_leaf"
    | "leaf_without_change"
    | "change_twice"
    | "row_altered"
    | "row_missing"
    | "row_without_history";
  /** Place in the log, where the finding has one. */
  readonly seq: number | null;
  readonly record: string | null;
  readonly rowId: string | null;
  readonly version: number | null;
};

/** One comparison of a workspace's log with its tables: what was compared, and everything that does not agree. */
export type Reconciliation = {
  readonly events: number;
  readonly changes: number;
  readonly rows: number;
  readonly found: number;
  readonly findings: readonly ReconcileFinding[];
};

const kinds: readonly ReconcileFinding["kind"][] = [
  "events_missing",
  "events_beyond_head",
  "leaf_altered",
  "change_without_leaf",
  "leaf_without_change",
  "change_twice",
  "row_altered",
  "row_missing",
  "row_without_history",
];

/** What each kind of finding means, in a sentence for whoever has to act on it. */
export const findingWords: Readonly<Record<ReconcileFinding["kind"], string>> = {
  events_missing: "Events are missing from the log at this place.",
  events_beyond_head: "The log holds events that were never counted.",
  leaf_altered: "An event was altered after it was written.",
  change_without_leaf: "A change has no event in the log.",
  leaf_without_change: "The log names a change that the history no longer holds.",
  change_twice: "One change has several events.",
  row_altered: "A row differs from the newest version that its history holds.",
  row_missing: "A row is gone without a leaf that says so.",
  row_without_history: "A row stands that no change ever made.",
};

/**
 * Compares log, history and tables of the bound workspace, both ways, in one snapshot. Enter as the system: it sees every
 * record, whatever its audience.
 */
export async function reconcile(tx: Tx): Promise<Reconciliation> {
  // One statement, one snapshot: what is written while it runs is no finding.
  const call = sql<{
    kind: string;
    seq: string | null;
    record: string | null;
    row_id: string | null;
    version: number | null;
    seen: string | null;
  }>`select kind, seq, record, row_id, version, null::bigint as seen from kernel.reconcile_log()
     union all select * from kernel.reconcile_rows()
     union all select 'events', events, null, null, null, changes from kernel.reconcile_counts()`;
  const rows = await tx.all({ compile: () => call.compile(query) });
  const counts = rows.find((row) => row.kind === "events");
  const findings = rows.flatMap((row) => {
    const kind = kinds.find((each) => each === row.kind);
    if (kind === undefined) return [];
    const seq = row.seq === null ? null : Number(row.seq);
    return [{ kind, seq, record: row.record, rowId: row.row_id, version: row.version }];
  });
  return {
    events: Number(counts?.seq ?? 0),
    changes: Number(counts?.seen ?? 0),
    rows: rows.reduce((sum, row) => sum + (row.kind === "counted" ? Number(row.seen) : 0), 0),
    found: findings.length,
    findings: findings.slice(0, shownFindings),
  };
}

/** Compares one workspace and keeps the outcome; a leaf says so when the outcome is new, and once a day. */
export async function reconcileWorkspace(kernel: Pick<Kernel, "door" | "system">, id: string): Promise<Reconciliation> {
  return kernel.door.work(kernel.system(id), permission, async (tx) => {
    const last = await tx.first(query.selectFrom("kernel.reconciliation").select(["found", "noted_at"]));
    const outcome = await reconcile(tx);
    const noted =
      last === undefined || Number(last.found) !== outcome.found || Date.now() - last.noted_at.getTime() > 24 * hour;
    if (noted)
      await tx.record({
        action: permission,
        outcome: outcome.found === 0 ? "done" : "failed",
        fields: {
          events: String(outcome.events),
          changes: String(outcome.changes),
          rows: String(outcome.rows),
          found: String(outcome.found),
        },
      });
    const { events, changes, rows, found, findings } = outcome;
    const call = sql`select kernel.note_reconciliation(${noted}, ${events}, ${changes}, ${rows}, ${found}, ${JSON.stringify(findings)})`;
    await tx.all({ compile: () => call.compile(query) });
    return outcome;
  });
}

/** Compares every workspace, one after the other. Gives how many disagree with their log. */
export async function reconcileAll(kernel: Pick<Kernel, "door" | "system">): Promise<number> {
  const rows = await kernel.door.callFunction({
    sql: "select id from kernel.logged_workspaces($1) as w (id)",
    parameters: [kernel.system(instanceTenantId).token],
  });
  let wrong = 0;
  for (const { id } of rows) if ((await reconcileWorkspace(kernel, String(id))).found > 0) wrong += 1;
  return wrong;
}
