import { sql } from "kysely";
import type { HomeItem, Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { kinds, type VersionKind } from "./version-kind.ts";

/** A method or specification of which a version is still to come, or that has none at all. */
export type Ahead = {
  readonly kind: VersionKind["noun"];
  readonly id: string;
  readonly code: string;
  readonly title: string;
  /** The newest version that waits or has a later day; null where no version counts and none is on its way. */
  readonly number: number | null;
  readonly standing: "waiting" | "later" | "none";
  readonly effectiveOn: string | null;
  readonly madeBy: string | null;
  readonly madeById: string | null;
};

/** What lists of versions in force leave out: versions that wait for an approval or a day, and what has none yet. */
export async function versionsAhead(tx: Tx): Promise<Ahead[]> {
  const found: Ahead[] = [];
  for (const kind of [kinds.methods, kinds.specifications]) {
    const [parent, approval] = [sql.ref(kind.parent), sql.ref(`a.${kind.approval}`)];
    const approvals = sql`lab.master_approval a where a.tenant_id = v.tenant_id and ${approval} = v.id`;
    const read = sql<Omit<Ahead, "kind">>`
      select s.id, s.code, s.title, n.number, n.effective_on::text as "effectiveOn", m.name as "madeBy",
        n.created_by as "madeById",
        case when n.id is null then 'none' when n.waits then 'waiting' else 'later' end as standing
      from ${sql.table(kind.record)} s
      left join lateral (
        select v.id, v.number, v.effective_on, v.created_by,
          v.needs_approval and not exists (select from ${approvals}) as waits
        from ${sql.table(kind.versions)} v
        where v.tenant_id = s.tenant_id and v.${parent} = s.id
          and not exists (select from ${approvals} and a.decision = 'refused')
          and (v.effective_on > current_date or v.needs_approval and not exists (select from ${approvals}))
        order by v.number desc limit 1) n on true
      left join kernel.membership m on m.id = n.created_by
      where s.deleted_at is null and (n.id is not null or not exists (
        select from ${sql.table(kind.versions)} v
        where v.tenant_id = s.tenant_id and v.${parent} = s.id
          and (not v.needs_approval or exists (select from ${approvals} and a.decision = 'approved'))))
      order by s.code`;
    for (const row of await tx.all({ compile: () => read.compile(query) })) found.push({ ...row, kind: kind.noun });
  }
  return found;
}

/** Acts for the home page of whoever approves: versions that somebody else made. */
export async function approvalItems(tx: Tx, base: string): Promise<HomeItem[]> {
  const waiting = (await versionsAhead(tx)).filter(
    (each) => each.standing === "waiting" && each.madeById !== tx.who.actorId,
  );
  return waiting.slice(0, 5).map((each) => ({
    urgency: "week",
    verb: "Approve",
    object: `version ${each.number ?? 1} of ${each.code}`,
    detail: `${each.title}, made by ${each.madeBy ?? "Probity"}`,
    href: `${base}/${each.kind}s/${each.id}`,
    act: "Read",
    reason: "it is used for nothing before somebody else approved it",
  }));
}
