import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import { accessOf } from "../access/matrix.ts";
import { removeMember } from "../identity/people.ts";
import { canonicalText } from "../ledger/canonical.ts";
import { policyValue } from "../policy/store.ts";
import { memberNames } from "../tenancy/lookup.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { reviewProblem } from "./error.ts";

/** Rows of one statement, which takes 65,535 parameters at most. */
const itemsAtOnce = 1_000;

export type ReviewItem = {
  readonly id: string;
  readonly kind: string;
  readonly subjectId: string;
  readonly memberId: string;
  readonly name: string;
  readonly role: string;
  readonly permissions: readonly string[];
  readonly reviewer: { readonly id: string; readonly name: string | null } | null;
  readonly decision: string | null;
  readonly decidedBy: { readonly id: string; readonly name: string | null } | null;
  readonly decidedAt: Date | null;
  readonly note: string | null;
};

/** Reviews of the workspace's access, the newest first, each with how far it is. */
export async function listReviews(tx: Tx) {
  const rows = await tx.all(
    query
      .selectFrom("kernel.access_review as r")
      .select((q) => [
        "r.id",
        "r.number",
        "r.created_at as openedAt",
        "r.due_at as dueAt",
        "r.closed_at as closedAt",
        "r.outcome",
        "r.locked_at as signedAt",
        q
          .selectFrom("kernel.access_review_item as i")
          .whereRef("i.review_id", "=", "r.id")
          .select((each) => each.fn.countAll<string>().as("n"))
          .as("items"),
        q
          .selectFrom("kernel.access_review_item as i")
          .whereRef("i.review_id", "=", "r.id")
          .where("i.decision", "is not", null)
          .select((each) => each.fn.countAll<string>().as("n"))
          .as("decided"),
      ])
      .orderBy("r.number", "desc")
      .limit(100),
  );
  const now = new Date();
  return rows.map(({ items, decided, ...row }) => ({
    ...row,
    items: Number(items ?? 0),
    decided: Number(decided ?? 0),
    overdue: row.closedAt === null && row.dueAt < now,
  }));
}

/** Every entry of one review. */
export async function reviewItems(tx: Tx, reviewId: string): Promise<ReviewItem[]> {
  const names = await memberNames(tx);
  const named = (id: string | null) => (id === null ? null : { id, name: names.get(id) ?? null });
  const rows = await tx.all(
    query
      .selectFrom("kernel.access_review_item")
      .selectAll()
      .where("review_id", "=", reviewId)
      .orderBy("kind", "desc")
      .orderBy("name"),
  );
  if (rows.length === 0) throw reviewProblem.unknown();
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    subjectId: row.subject_id,
    memberId: row.member_id,
    name: row.name,
    role: row.role,
    permissions: row.permissions,
    reviewer: named(row.reviewer_id),
    decision: row.decision,
    decidedBy: named(row.decided_by),
    decidedAt: row.decided_at,
    note: row.note,
  }));
}

/**
 * Opens a review: an entry for each member and key, with what it may do at this moment and who is to judge it: an owner is
 * judged by another owner, or where there is none by an admin; everybody else by owners and admins; nobody by themselves.
 * Where nobody else can, no reviewer is named, the page says so, and the outcome counts it as not reviewed.
 */
export async function openReview(tx: Tx, atOnce = itemsAtOnce): Promise<string> {
  const open = await tx.first(query.selectFrom("kernel.access_review").select("id").where("closed_at", "is", null));
  if (open) throw reviewProblem.open_already();
  if (await isAlone(tx)) throw reviewProblem.alone();
  const last = await tx.first(
    query.selectFrom("kernel.access_review").select("number").orderBy("number", "desc").limit(1),
  );
  const id = uuidv7();
  const number = (last?.number ?? 0) + 1;
  const dueAt = new Date(Date.now() + (await policyValue(tx, "review.dueDays")) * 86_400_000);
  const { principals } = await accessOf(tx);
  const subjects = principals.flatMap((each) => (each.kind === "link" ? [] : { ...each, kind: each.kind }));
  const owners = subjects.filter((each) => each.kind === "member" && each.platformRole === "owner");
  const admins = subjects.filter((each) => each.kind === "member" && each.platformRole === "admin");
  await tx.record({
    action: "kernel.access_review.open",
    record: "kernel.access_review",
    rowId: id,
    version: 1,
    fields: { number: String(number), due_at: dueAt, entries: String(subjects.length) },
  });
  await tx.all(query.insertInto("kernel.access_review").values({ id, number, due_at: dueAt }));
  let turn = 0;
  const items = subjects.map((subject) => {
    const others = (of: typeof owners) => of.filter((each) => each.memberId !== subject.memberId);
    const peers = others(subject.platformRole === "owner" ? owners : [...owners, ...admins]);
    const judges = peers.length > 0 ? peers : others(admins);
    const reviewer = judges[(turn += 1) % Math.max(judges.length, 1)];
    return {
      id: uuidv7(),
      review_id: id,
      kind: subject.kind,
      subject_id: subject.id,
      member_id: subject.memberId,
      name: subject.name,
      role: subject.platformRole,
      permissions: subject.holds.map(({ permission }) => permission),
      reviewer_id: reviewer?.memberId ?? null,
    };
  });
  if (items.length === 0) return id;
  await tx.recordAll(
    items.map((item) => ({
      action: "kernel.access_review_item.create",
      record: "kernel.access_review_item",
      rowId: item.id,
      version: 1,
      fields: { subject: item.subject_id, reviewer: item.reviewer_id ?? "" },
    })),
  );
  for (let at = 0; at < items.length; at += atOnce)
    await tx.all(query.insertInto("kernel.access_review_item").values(items.slice(at, at + atOnce)));
  return id;
}

/**
 * Decides on one entry (kernel.people.change): confirmed as it is, or removed, which ends the membership or revokes the
 * key in the same transaction. The decision that leaves none open closes the review.
 */
export async function decide(
  tx: Tx,
  itemId: string,
  decision: "confirmed" | "removed",
  note: string | null,
): Promise<{ closed: boolean }> {
  const review = await tx.first(
    query
      .selectFrom("kernel.access_review")
      .select(["id", "number", "version"])
      .where("closed_at", "is", null)
      .forUpdate(),
  );
  const item = await tx.first(
    query.selectFrom("kernel.access_review_item").selectAll().where("id", "=", itemId).forUpdate(),
  );
  if (item === undefined || item.review_id !== review?.id) throw reviewProblem.unknown();
  if (item.decision !== null) throw reviewProblem.decided_already();
  if (item.member_id === tx.who.actorId) throw reviewProblem.own_access();
  await tx.record({
    action: "kernel.access_review_item.decide",
    record: "kernel.access_review_item",
    rowId: itemId,
    version: item.version + 1,
    fields: { decision, subject: item.subject_id, ...(note === null ? {} : { note }) },
  });
  await tx.all(
    query
      .updateTable("kernel.access_review_item")
      .set({ decision, note, decided_by: tx.who.actorId, decided_at: new Date() })
      .where("id", "=", itemId),
  );
  if (decision === "removed") await remove(tx, item.kind, item.subject_id);
  return { closed: await closeIfDone(tx, review) };
}

async function remove(tx: Tx, kind: string, subjectId: string): Promise<void> {
  if (kind === "member") {
    const member = await tx.first(query.selectFrom("kernel.membership").select("status").where("id", "=", subjectId));
    if (member?.status === "active") await removeMember(tx, subjectId);
    return;
  }
  const key = await tx.first(
    query.selectFrom("kernel.api_key").select(["version", "revoked_at"]).where("id", "=", subjectId).forUpdate(),
  );
  if (key === undefined || key.revoked_at !== null) return;
  await tx.record({
    action: "kernel.api_key.revoke",
    record: "kernel.api_key",
    rowId: subjectId,
    version: key.version + 1,
  });
  await tx.all(query.updateTable("kernel.api_key").set({ revoked_at: new Date() }).where("id", "=", subjectId));
}

/** The outcome is a row and a leaf: counts, and the hash of the canonical list of decisions, which a signature can name. */
async function closeIfDone(tx: Tx, review: { id: string; number: number; version: number }): Promise<boolean> {
  const items = await reviewItems(tx, review.id);
  if (items.some((item) => item.decision === null && item.reviewer !== null)) return false;
  const decisions = items
    .map(({ id, kind, subjectId, decision, decidedBy, decidedAt }) => ({
      id,
      kind,
      subject: subjectId,
      decision,
      by: decidedBy?.id ?? null,
      at: decidedAt?.toISOString() ?? null,
    }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const outcome = {
    confirmed: items.filter((item) => item.decision === "confirmed").length,
    removed: items.filter((item) => item.decision === "removed").length,
    unreviewed: items.filter((item) => item.decision === null).length,
    reviewers: [...new Set(items.flatMap((item) => item.decidedBy?.id ?? []))].toSorted(),
    sha256: createHash("sha256").update(canonicalText(decisions)).digest("hex"),
  };
  await tx.record({
    action: "kernel.access_review.close",
    record: "kernel.access_review",
    rowId: review.id,
    version: review.version + 1,
    fields: { number: String(review.number), sha256: outcome.sha256 },
  });
  await tx.all(
    query
      .updateTable("kernel.access_review")
      .set({ closed_at: new Date(), outcome: JSON.stringify(outcome) })
      .where("id", "=", review.id),
  );
  return true;
}

/** Whether a review is due to be opened: none is open, and the last one closed (or the workspace began) that long ago. */
export async function isReviewDue(tx: Tx, now: Date): Promise<boolean> {
  const last = await tx.first(
    query.selectFrom("kernel.access_review").select(["closed_at"]).orderBy("number", "desc").limit(1),
  );
  if (last !== undefined && last.closed_at === null) return false;
  if (await isAlone(tx)) return false;
  const space = await tx.first(query.selectFrom("kernel.workspace").select("created_at"));
  const since = last?.closed_at ?? space?.created_at;
  if (since === undefined) return false;
  return now.getTime() - since.getTime() >= (await policyValue(tx, "review.everyDays")) * 86_400_000;
}

/** Alone, nobody can be judged by somebody else. */
async function isAlone(tx: Tx): Promise<boolean> {
  const members = await tx.all(
    query
      .selectFrom("kernel.membership")
      .select("id")
      .where("status", "=", "active")
      .where("deleted_at", "is", null)
      .limit(2),
  );
  return members.length < 2;
}
