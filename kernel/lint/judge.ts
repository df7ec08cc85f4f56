import type { ClientBase } from "pg";
import { audiencePolicyMissing } from "./audience-policy-missing.ts";
import { catalogue } from "./catalogue.ts";
import { columnFieldMismatch } from "./column-field-mismatch.ts";
import { definerOwnerTooStrong } from "./definer-owner-too-strong.ts";
import { definerWithoutSearchPath } from "./definer-without-search-path.ts";
import { excessGrant } from "./excess-grant.ts";
import { functionExecutableByPublic } from "./function-executable-by-public.ts";
import { governedTriggerMissing } from "./governed-trigger-missing.ts";
import { grantToPublic } from "./grant-to-public.ts";
import { missingTenantIndex } from "./missing-tenant-index.ts";
import { plainForeignKey } from "./plain-foreign-key.ts";
import { portalPolicyMissing } from "./portal-policy-missing.ts";
import { policyWithoutSubselect } from "./policy-without-subselect.ts";
import { rowSecurityNotForced } from "./row-security-not-forced.ts";
import type { Rule } from "./rule.ts";
import { runtimeRoleTooStrong } from "./runtime-role-too-strong.ts";
import { secondPermissivePolicy } from "./second-permissive-policy.ts";
import { ungovernedTable } from "./ungoverned-table.ts";
import { updateDeleteOnLedger } from "./update-delete-on-ledger.ts";
import { viewWithoutSecurityInvoker } from "./view-without-security-invoker.ts";

/** Every rule of the judge, the grave ones first. */
export const rules: readonly Rule[] = [
  runtimeRoleTooStrong,
  ungovernedTable,
  rowSecurityNotForced,
  audiencePolicyMissing,
  secondPermissivePolicy,
  policyWithoutSubselect,
  portalPolicyMissing,
  plainForeignKey,
  viewWithoutSecurityInvoker,
  definerWithoutSearchPath,
  definerOwnerTooStrong,
  functionExecutableByPublic,
  grantToPublic,
  excessGrant,
  updateDeleteOnLedger,
  governedTriggerMissing,
  missingTenantIndex,
  columnFieldMismatch,
];

/** What a record declaration says of its table. Types are named as in SQL (`text`, `timestamptz[]`), alternatives joined by `|`. */
export interface RecordShape {
  /** Schema and table: `lab.sample`. */
  readonly record: string;
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly nullable: boolean;
    /** Kept encrypted beside the record; has no column. */
    readonly sealed: boolean;
  }[];
}

/** One violation: which rule, on which table, function or role, and what exactly. */
export interface Finding {
  readonly rule: Rule;
  readonly object: string;
  readonly detail: string;
}

const everyRule =
  catalogue +
  rules
    .map((rule) => `select '${rule.id}' as rule, q.object, q.detail from (${rule.sql}) as q (object, detail)`)
    .join("\nunion all\n") +
  "\norder by 1, 2, 3";

/**
 * Reads the catalogue of the database this client is connected to and returns every violation, in one statement and so from
 * one snapshot. Writes nothing. Any role that may read kernel.governed_table will do: the set-up role or probity_app.
 * @param client connected, and not inside a transaction.
 * @param shapes the record declarations; undefined when none are at hand, and columns are then not compared.
 */
export async function judge(
  client: Pick<ClientBase, "query">,
  shapes: readonly RecordShape[] | undefined,
): Promise<Finding[]> {
  // A pinned path: nothing the connection met before, not even a temporary pg_class, can stand in for the catalogue.
  await client.query("begin transaction read only; set local search_path = pg_catalog, pg_temp");
  try {
    return await judgeInTransaction(client, shapes);
  } finally {
    await client.query("rollback");
  }
}

/** The same inside the caller's own transaction, uncommitted changes included, with the caller's search path. */
export async function judgeInTransaction(
  client: Pick<ClientBase, "query">,
  shapes: readonly RecordShape[] | undefined,
): Promise<Finding[]> {
  const found = await client.query<{ rule: string; object: string; detail: string }>(everyRule, [
    shapes === undefined ? null : JSON.stringify(shapes),
  ]);
  return rules.flatMap((rule) =>
    found.rows.filter((row) => row.rule === rule.id).map(({ object, detail }) => ({ rule, object, detail })),
  );
}

/** The database is not as the code needs it to keep tenants apart. */
export class IsolationError extends Error {
  override readonly name = "IsolationError";
}

/**
 * Stops a start that could let one tenant see another's rows.
 * @returns the findings that only degrade a control, for the trust page.
 * @throws IsolationError naming every isolation finding: what, why, how to fix.
 */
export function refuseStart(findings: readonly Finding[]): Finding[] {
  const grave = findings.filter((finding) => finding.rule.severity === "isolation");
  if (grave.length > 0) {
    throw new IsolationError(
      [
        `Probity does not start: its database no longer keeps tenants apart in ${grave.length} ${grave.length === 1 ? "place" : "places"}. Nothing was served and nothing was changed. Correct these, then start again:`,
        ...grave.map(({ rule, object, detail }) => `${object}: ${rule.title} (${detail}). ${rule.why} ${rule.fix}`),
      ].join("\n  "),
    );
  }
  return [...findings];
}
