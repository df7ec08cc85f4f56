import type { Kernel } from "../kernel.ts";
import { csvHead, csvRows } from "../record/csv.ts";
import { memberNames } from "../tenancy/lookup.ts";
import { systemActorId, type Credential } from "../work/credential.ts";
import type { Tx } from "../work/door.ts";
import { openingsOf } from "./bundle-open.ts";
import { exportPage, type ExportRow, type LeafRange, type LedgerFilter } from "./export-page.ts";
import { ocsfOf } from "./stream/ocsf.ts";

const pageSize = 1_000;
const columns = [
  "seq",
  "at",
  "actor",
  "actorId",
  "action",
  "record",
  "recordId",
  "version",
  "outcome",
  "source",
  "details",
  "leafHash",
];

type Named = ExportRow & { readonly actor: string | null };

/** The events of a range or selection as CSV for people, a portion at a time. */
export async function* csvText(
  kernel: Pick<Kernel, "door">,
  credential: Credential,
  permission: string,
  range: LeafRange,
  filter: LedgerFilter,
): AsyncGenerator<string> {
  yield csvHead(columns);
  for await (const rows of pages(kernel, credential, permission, range, filter)) {
    yield csvRows(
      columns,
      rows.map((row) => ({
        seq: row.seq,
        at: row.at,
        actor: row.actor ?? "",
        actorId: row.actorId,
        action: row.action,
        record: row.record,
        recordId: row.rowId,
        version: row.version,
        outcome: row.outcome,
        source: sourceOf(row),
        details: detailsOf(row),
        leafHash: row.leafHash.toString("hex"),
      })),
    );
  }
}

/** The same as OCSF events, one a line. */
export async function* ocsfText(
  kernel: Pick<Kernel, "door">,
  credential: Credential,
  permission: string,
  plan: { readonly range: LeafRange; readonly filter: LedgerFilter; readonly origin: string; readonly tenant: string },
): AsyncGenerator<string> {
  for await (const rows of pages(kernel, credential, permission, plan.range, plan.filter)) {
    yield rows
      .map((row) => {
        const leaf = row.leaf.toString("utf8");
        const event = ocsfOf({
          tenantId: plan.tenant,
          origin: plan.origin,
          seq: row.seq,
          leafHash: row.leafHash.toString("hex"),
          leaf,
          at: row.at.toISOString(),
          actorId: row.actorId,
          actorName: row.actor,
          action: row.action,
          record: row.record,
          rowId: row.rowId,
          version: row.version,
          outcome: row.outcome,
          request: /"request":"([^"\\]*)"/.exec(leaf)?.[1] ?? "",
          source: sourceOf(row),
        });
        return `${JSON.stringify(event)}\n`;
      })
      .join("");
  }
}

async function* pages(
  kernel: Pick<Kernel, "door">,
  credential: Credential,
  permission: string,
  range: LeafRange,
  filter: LedgerFilter,
): AsyncGenerator<Named[]> {
  for (let next = range.from; next < range.to;) {
    const rows = await kernel.door.work(credential, permission, (tx) => named(tx, range, filter, next));
    if (rows.length > 0) yield rows;
    next = rows.length < pageSize ? range.to : (rows.at(-1)?.seq ?? range.to) + 1;
  }
}

async function named(tx: Tx, range: LeafRange, filter: LedgerFilter, next: number): Promise<Named[]> {
  const rows = await exportPage(tx, range, filter, next, pageSize);
  const names = await memberNames(tx);
  return rows.map((row) => ({
    ...row,
    actor: row.actorId === systemActorId ? "Probity" : (names.get(row.actorId) ?? null),
  }));
}

/** The caller's address, where it was kept and has not been forgotten. */
function sourceOf({ openings }: ExportRow): string | null {
  const source = openingsOf(openings)["source"];
  return source !== undefined && "value" in source ? source.value : null;
}

/** What else the event says, as JSON; a field that was forgotten says so. */
function detailsOf({ openings }: ExportRow): string {
  const said = Object.entries(openingsOf(openings)).flatMap(([name, each]) => {
    if (name === "source") return [];
    if ("commitment" in each) return [[name, "(erased)"]];
    return "value" in each ? [[name, JSON.parse(each.value)]] : [];
  });
  return said.length === 0 ? "" : JSON.stringify(Object.fromEntries(said));
}
