import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { doorProblem, policyValue, type Tx } from "@probity/kernel";
import { insertAll } from "../bulk.ts";
import { query } from "../query.ts";
import { masterProblem } from "./master-error.ts";

/** The two things of the laboratory that are kept in versions, and where each has its parts. */
export const kinds = {
  methods: {
    noun: "method",
    record: "lab.method",
    versions: "lab.method_version",
    parent: "method_id",
    approval: "method_version_id",
    content: "definition",
  },
  specifications: {
    noun: "specification",
    record: "lab.specification",
    versions: "lab.specification_version",
    parent: "specification_id",
    approval: "specification_version_id",
    content: "limits",
  },
} as const;
export type VersionKind = (typeof kinds)[keyof typeof kinds];

/** What a new version says beside its content. */
export type NewVersion = {
  readonly content: unknown;
  readonly reason: string;
  /** The day it comes into force; at once where it is not named. */
  readonly effectiveOn?: string | null | undefined;
};

export type ShownVersion = {
  id: string;
  number: number;
  content: unknown;
  reason: string;
  madeAt: Date;
  madeBy: string | null;
  madeById: string;
  effectiveOn: string | null;
  needsApproval: boolean;
  decision: string | null;
  decidedBy: string | null;
  decidedAt: Date | null;
  decisionReason: string | null;
  standing: "in force" | "waiting" | "later" | "refused" | "superseded";
};

/** Every version of one method or specification, newest first, each with how it stands. */
export async function versionsOf(tx: Tx, kind: VersionKind, id: string): Promise<ShownVersion[]> {
  const read = sql<Omit<ShownVersion, "standing"> & { due: boolean }>`
    select v.id, v.number, v.${sql.ref(kind.content)} as content, v.reason, v.created_at as "madeAt", m.name as "madeBy",
      v.created_by as "madeById", v.effective_on::text as "effectiveOn", v.needs_approval as "needsApproval",
      a.decision, a.approver as "decidedBy", a.created_at as "decidedAt", a.reason as "decisionReason",
      coalesce(v.effective_on <= current_date, true) as due
    from ${sql.table(kind.versions)} v
    left join kernel.membership m on m.id = v.created_by
    left join lab.master_approval a on a.tenant_id = v.tenant_id and a.${sql.ref(kind.approval)} = v.id
    where v.${sql.ref(kind.parent)} = ${id}
    order by v.number desc`;
  const rows = await tx.all({ compile: () => read.compile(query) });
  let found = false;
  return rows.map(({ due, ...row }) => {
    if (row.decision === "refused") return { ...row, standing: "refused" as const };
    if (row.needsApproval && row.decision !== "approved") return { ...row, standing: "waiting" as const };
    if (!due) return { ...row, standing: "later" as const };
    if (found) return { ...row, standing: "superseded" as const };
    found = true;
    return { ...row, standing: "in force" as const };
  });
}

/** Makes the next version; whether another has to approve it is the workspace's policy now, and stays with the version. */
export async function addVersion(
  tx: Tx,
  kind: VersionKind,
  id: string,
  { content, reason, effectiveOn }: NewVersion,
): Promise<{ id: string; number: number; needsApproval: boolean }> {
  const hold = sql<{
    id: string;
  }>`select id from ${sql.table(kind.record)} where id = ${id} and deleted_at is null for update`;
  if ((await tx.all({ compile: () => hold.compile(query) })).length === 0) throw doorProblem.not_found();
  const today = new Date().toISOString().slice(0, 10);
  if (effectiveOn && effectiveOn < today) throw masterProblem.in_the_past();
  const newest = sql<{
    number: number;
  }>`select coalesce(max(number), 0)::integer as number from ${sql.table(kind.versions)}
    where ${sql.ref(kind.parent)} = ${id}`;
  const number = ((await tx.all({ compile: () => newest.compile(query) }))[0]?.number ?? 0) + 1;
  const needsApproval = (await policyValue(tx, "lab.masterApproval")) === "another";
  const versionId = uuidv7();
  await insertAll(tx, kind.versions, `${kind.versions}.create`, [
    {
      row: {
        id: versionId,
        [kind.parent]: id,
        number,
        [kind.content]: content,
        reason,
        effective_on: effectiveOn ?? null,
        needs_approval: needsApproval,
      },
      fields: { number, [kind.content]: content, reason, effectiveOn: effectiveOn ?? null, needsApproval },
    },
  ]);
  return { id: versionId, number, needsApproval };
}

/** Another person's decision on a version that waits for one. */
export async function decideVersion(
  tx: Tx,
  kind: VersionKind,
  id: string,
  given: { readonly approved: boolean; readonly reason: string; readonly name: string },
): Promise<void> {
  const read = sql<{ waits: boolean; created_by: string; decided: boolean }>`
    select v.needs_approval as waits, v.created_by, a.id is not null as decided
    from ${sql.table(kind.versions)} v
    left join lab.master_approval a on a.tenant_id = v.tenant_id and a.${sql.ref(kind.approval)} = v.id
    where v.id = ${id} for update of v`;
  const [row] = await tx.all({ compile: () => read.compile(query) });
  if (row === undefined) throw doorProblem.not_found();
  if (!row.waits || row.decided) throw masterProblem.nothing_to_approve();
  if (row.created_by === tx.who.actorId) throw masterProblem.own_version();
  const decision = given.approved ? "approved" : "refused";
  await insertAll(tx, "lab.master_approval", `${kind.versions}.${given.approved ? "approve" : "refuse"}`, [
    {
      row: { id: uuidv7(), [kind.approval]: id, decision, reason: given.reason, approver: given.name },
      fields: { decision, version: id, reason: given.reason },
    },
  ]);
}
