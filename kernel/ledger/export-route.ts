import { Readable } from "node:stream";
import { Type } from "typebox";
import { sql } from "kysely";
import { defineRoute, type Answer, type Route } from "../http/route.ts";
import { spendStepUp } from "../identity/step-up.ts";
import type { Kernel } from "../kernel.ts";
import { policyValue } from "../policy/store.ts";
import { workspaceSlug } from "../tenancy/lookup.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { bundleLines, evidenceOf } from "./bundle.ts";
import { logState } from "./checkpoint-proof.ts";
import { exportProblem } from "./export-error.ts";
import { countSelected, instant, ledgerFilter, rangeOf, selectionOf, type LedgerFilter } from "./export-page.ts";
import { csvText, ocsfText } from "./export-text.ts";

const permission = "kernel.ledger.export";
const day = 86_400_000;
type Format = "bundle" | "csv" | "ocsf";
const types: Readonly<Record<Format, string>> = {
  bundle: "application/jsonl; charset=utf-8",
  csv: "text/csv; charset=utf-8",
  ocsf: "application/jsonl; charset=utf-8",
};

/**
 * Takes the audit trail away (LED-05): as a bundle that proves itself, as CSV for people, as OCSF for other systems; all of
 * it, a range of time or a selection. Streamed in short transactions, however long the log is. The export is an event of its
 * own before its first line is sent; a long whole one asks who one is afresh, where the policy says so.
 */
export function exportRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/ledger/export",
      summary: "Export the audit trail: a bundle with proofs, CSV or OCSF",
      tag: "ledger",
      permission,
      query: Type.Object({
        ...ledgerFilter,
        format: Type.Optional(Type.Union([Type.Literal("bundle"), Type.Literal("csv"), Type.Literal("ocsf")])),
      }),
      answers: { 200: "application/jsonl" },
      handle: async (request) => {
        const { format: asked, ...filter } = request.query;
        const format: Format = asked ?? "bundle";
        const { credential } = request;
        const plan = await kernel.door.work(credential, permission, async (tx) => {
          if (selectionOf(filter) === null && spanDays(filter) > (await policyValue(tx, "export.confirmDays")))
            await spendStepUp(tx, request.raw, { action: permission, subject: tx.who.tenantId });
          const proven = format === "bundle" ? await evidenceOf(tx) : undefined;
          if (format === "bundle" && proven === undefined) throw exportProblem.not_signed();
          const state = proven?.head ?? (await logState(tx));
          const range = await rangeOf(tx, filter, proven?.head.size ?? (await placed(tx)));
          const count = await countSelected(tx, range, filter);
          await tx.record({ action: permission, fields: { format, filter, from: range.from, to: range.to, count } });
          const slug = await workspaceSlug(tx);
          const origin = state?.origin ?? "";
          return { proven, origin, range, count, slug, tenant: tx.who.tenantId };
        });
        const { proven, range, origin, tenant } = plan;
        const text =
          proven !== undefined
            ? bundleLines(kernel, credential, permission, { ...proven, range, filter, tenant })
            : format === "csv"
              ? csvText(kernel, credential, permission, range, filter)
              : ocsfText(kernel, credential, permission, { range, filter, origin, tenant });
        return streamed(text, format, plan, filter);
      },
    }),
  ];
}

function streamed(
  text: AsyncGenerator<string>,
  format: Format,
  plan: {
    readonly slug: string;
    readonly count: number;
    readonly range: { readonly from: number; readonly to: number };
  },
  filter: LedgerFilter,
): Answer {
  const kind = selectionOf(filter) === null ? "audit-log" : "audit-selection";
  const name = `${kind}-${plan.slug}-${plan.range.from}-${plan.range.to}.${format === "csv" ? "csv" : format === "ocsf" ? "ocsf.jsonl" : "jsonl"}`;
  return {
    body: Readable.from(text, { objectMode: false, highWaterMark: 64 * 1024 }),
    type: types[format],
    headers: {
      "content-disposition": `attachment; filename="${name}"`,
      // What is on its way, so that a page can show how far it is; and whether it is all there is.
      "probity-events": String(plan.count),
      "probity-unfiltered-events": String(plan.range.to - plan.range.from),
    },
  };
}

/** How many days of the log are asked for; all of it is more than any number. */
function spanDays(filter: LedgerFilter): number {
  if (!filter.from) return Number.POSITIVE_INFINITY;
  const to = filter.to ? instant(filter.to).getTime() : Date.now();
  return (to - instant(filter.from).getTime()) / day;
}

/** How many leaves have their place. */
async function placed(tx: Tx): Promise<number> {
  const row = await tx.first(query.selectNoFrom(sql<string>`kernel.log_size()`.as("size")));
  return Number(row?.size ?? 0);
}
