import { sql } from "kysely";
import type { HomeItem, Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { investigationItems } from "./investigation-home.ts";
import { lotStatus, lots } from "./lot-read.ts";
import { mayOf } from "./sample-view.ts";
import { dueOf } from "./trail-route.ts";
import { approvalItems } from "./version-ahead.ts";

/** Acts for the home page: open investigations, reviews of the audit trail, versions to approve, lots that end, materials that run short. */
export async function dutyItems(tx: Tx, slug: string): Promise<HomeItem[]> {
  const base = `/w/${slug}/lab`;
  const may = await mayOf(tx);
  return [
    ...(await investigationItems(tx, base, may)),
    ...(may.includes("lab.review.change") ? await reviewItems(tx, base) : []),
    ...(may.includes("lab.master.approve") ? await approvalItems(tx, base) : []),
    ...(await lotItems(tx, base, may)),
    ...(may.includes("lab.lot.handle") ? await orderItems(tx, base) : []),
  ];
}

async function reviewItems(tx: Tx, base: string): Promise<HomeItem[]> {
  const { overdue, reviewedTo, everyDays } = await dueOf(tx);
  const late = await tx.all(
    query
      .selectFrom("lab.trail_review")
      .select(["id", "title", sql<string>`due_on::text`.as("dueOn")])
      .where("locked_at", "is", null)
      .where("deleted_at", "is", null)
      .where("due_on", "<=", sql<string>`current_date`)
      .orderBy("due_on")
      .limit(3),
  );
  const today = new Date().toISOString().slice(0, 10);
  const items: HomeItem[] = late.map((each) => ({
    urgency: each.dueOn < today ? "late" : "today",
    verb: "Conclude",
    object: `audit-trail review ${each.title}`,
    detail: each.dueOn < today ? `it was due ${each.dueOn}` : "it is due today",
    href: `${base}/trail-reviews/${each.id}`,
    act: "Open",
    reason: "a review has a day it is due",
  }));
  // One that is open already is the answer to what is due.
  if (overdue && late.length === 0)
    items.push({
      urgency: "late",
      verb: "Review",
      object: "the audit trail",
      detail: reviewedTo === null ? "not reviewed yet" : `last reviewed up to ${reviewedTo.slice(0, 10)}`,
      href: `${base}/trail-reviews`,
      act: "Open",
      reason: `here it is reviewed at least every ${everyDays} days`,
    });
  return items;
}

async function lotItems(tx: Tx, base: string, may: readonly string[]): Promise<HomeItem[]> {
  const rows = await tx.all(
    lots().where(
      sql<boolean>`(l.expires_on <= current_date + 31 or not exists (select from lab.lot_event e
          where e.tenant_id = l.tenant_id and e.lot_id = l.id and e.act in ('released', 'quarantined', 'rejected'))
        or exists (select from lab.lot_event e where e.tenant_id = l.tenant_id and e.lot_id = l.id and e.act = 'opened'))`,
    ),
  );
  const there = rows
    .filter((row) => Number(row.left) > 0)
    .map((row) => ({
      id: row.id,
      words: `${row.material} ${row.number}`,
      lastDay: row.lastDay,
      status: lotStatus(row),
    }));
  const told = [
    {
      status: "expired",
      permission: "lab.lot.handle",
      urgency: "today",
      verb: "Dispose of",
      detail: (lastDay: string) => `its last day was ${lastDay}`,
      many: "past their last day",
      reason: "results made with it are held",
    },
    {
      status: "not-released",
      permission: "lab.lot.release",
      urgency: "week",
      verb: "Release",
      detail: () => "received, not released",
      many: "received, not released",
      reason: "by somebody else than who received it",
    },
    {
      status: "due-soon",
      permission: "lab.lot.handle",
      urgency: "week",
      verb: "Replace",
      detail: (lastDay: string) => `its last day is ${lastDay}`,
      many: "end within 30 days",
      reason: "a lot is used until its last day",
    },
  ] as const;
  return told.flatMap((each): HomeItem[] => {
    const of = there.filter((row) => row.status === each.status);
    const [first] = of;
    if (first === undefined || !may.includes(each.permission)) return [];
    const one = of.length === 1;
    return [
      {
        urgency: each.urgency,
        verb: each.verb,
        object: one ? `lot ${first.words}` : `${of.length} lots`,
        detail: one ? each.detail(first.lastDay) : each.many,
        href: one ? `${base}/lots/${first.id}` : `${base}/materials?status=${each.status}`,
        act: "Open",
        reason: each.reason,
      },
    ];
  });
}

/** Materials of which less is left, of lots that may be used, than what is said to order at. */
async function orderItems(tx: Tx, base: string): Promise<HomeItem[]> {
  const short = (await stockOf(tx)).filter((each) => each.reorderAt !== null && each.usable < each.reorderAt);
  const [first] = short;
  if (first === undefined) return [];
  return [
    {
      urgency: "week",
      verb: "Order",
      object: short.length === 1 ? `${first.code} ${first.name}` : `${short.length} materials`,
      detail:
        short.length === 1
          ? `${first.usable} ${first.unit} may be used, ordered at ${first.reorderAt ?? ""}`
          : "less is left than what is ordered at",
      href: `${base}/materials?view=materials`,
      act: "Open",
      reason: "less may be used than is said to order at",
    },
  ];
}

/** Every material with how much of its lots may be used, counted in its unit. */
async function stockOf(tx: Tx) {
  const materials = await tx.all(
    query
      .selectFrom("lab.material")
      .select(["id", "code", "name", "unit", "reorder_at as reorderAt"])
      .where("deleted_at", "is", null)
      .orderBy("code"),
  );
  if (!materials.some((each) => each.reorderAt !== null)) return materials.map((each) => ({ ...each, usable: 0 }));
  const rows = await tx.all(lots());
  return materials.map((each) => ({
    ...each,
    usable: rows
      .filter((row) => row.materialId === each.id && row.unit === each.unit)
      .filter((row) => ["usable", "due-soon"].includes(lotStatus(row)))
      .reduce((sum, row) => sum + Number(row.left), 0),
  }));
}
