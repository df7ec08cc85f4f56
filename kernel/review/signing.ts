import type { RecordDeclaration } from "../record/define-record.ts";
import { defineSigning, type SigningSubject } from "../signing/declare.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { reviewProblem } from "./error.ts";
import { reviewItems } from "./review.ts";

/** Named for what is signed of it; it is served by routes of its own. */
const accessReview: RecordDeclaration = {
  name: "kernel.access_review",
  app: "kernel",
  path: "reviews",
  title: "Access review",
  fields: {},
  may: { read: "kernel.review.read" },
  retain: "workspace",
  routes: false,
};

/**
 * A finished access review is a signed record (ACC-03). Whoever decided may sign: the entries are judged by different people,
 * none by their own, and the signature says that this is what they decided. It is never opened again.
 */
export const reviewSigning = defineSigning({
  record: accessReview,
  steps: [
    {
      id: "conclude",
      title: "Conclusion",
      state: "signed",
      permission: "kernel.review.sign",
      meanings: [
        "Reviewed: everybody and every key keeps what they need, as decided here",
        "Reviewed: follow-up is needed, as said in the notes",
      ],
      signers: 1,
      independent: false,
      reason: "optional",
    },
  ],
  unlock: null,
  subject: (_, tx, id) => reviewSubject(tx, id),
});

/** What the signature stands for: every entry with what it could do, who decided what and why. People by their membership. */
async function reviewSubject(tx: Tx, id: string): Promise<SigningSubject> {
  const row = await tx.first(
    query
      .selectFrom("kernel.access_review")
      .select(["number", "created_at", "due_at", "closed_at"])
      .where("id", "=", id),
  );
  if (row === undefined) throw reviewProblem.unknown();
  const items = await reviewItems(tx, id);
  const waiting = items.filter((item) => item.decision === null && item.reviewer !== null).length;
  if (row.closed_at === null) throw reviewProblem.unfinished({ values: { count: waiting } });
  const count = (decision: string | null) => items.filter((item) => item.decision === decision).length;
  const reviewers = new Map(items.flatMap(({ decidedBy }) => (decidedBy === null ? [] : [[decidedBy.id, decidedBy]])));
  return {
    title: `Access review ${row.number}`,
    facts: [
      { label: "Opened", value: day(row.created_at) },
      { label: "Closed", value: day(row.closed_at) },
      { label: "Confirmed", value: String(count("confirmed")) },
      { label: "Removed", value: String(count("removed")) },
      { label: "Judged by nobody else", value: String(count(null)) },
      { label: "Reviewers", value: [...reviewers.values()].map(({ name }) => name ?? "a former member").join(", ") },
    ],
    content: {
      number: row.number,
      openedAt: row.created_at,
      dueAt: row.due_at,
      closedAt: row.closed_at,
      entries: items
        .map((item) => ({
          id: item.id,
          kind: item.kind,
          subject: item.subjectId,
          member: item.memberId,
          role: item.role,
          permissions: item.permissions.toSorted(),
          reviewer: item.reviewer?.id ?? null,
          decision: item.decision,
          decidedBy: item.decidedBy?.id ?? null,
          decidedAt: item.decidedAt,
          note: item.note,
        }))
        .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    },
    authors: [...reviewers.keys()],
  };
}

function day(at: Date): string {
  return at.toISOString().slice(0, 16).replace("T", " ");
}
