import { defineSigning, type Kernel, type SigningSubject, type Tx } from "@probity/kernel";
import { trailReview } from "../records/trail.ts";
import { itemsOf, marksOf, readReview } from "./trail-item.ts";
import { trailProblem } from "./trail-error.ts";

/** A review is concluded by one signature of somebody whose own acts are none of it. */
defineSigning({
  record: trailReview,
  steps: [
    {
      id: "conclude",
      title: "Conclusion",
      state: "concluded",
      permission: "lab.review.conclude",
      meanings: [
        "Reviewed: the changes are explained and nothing further is needed",
        "Reviewed: follow-up is needed, as said in the notes",
      ],
      signers: 1,
      independent: true,
      reason: "optional",
    },
  ],
  unlock: null,
  subject: trailSubject,
});

/** What the signature stands for: every item by its leaf and version, who saw it and what they noted. */
async function trailSubject(_: Kernel, tx: Tx, id: string): Promise<SigningSubject> {
  const review = await readReview(tx, id);
  const items = await itemsOf(tx, review);
  const unseen = items.filter((item) => item.mark === null).length;
  if (unseen > 0) throw trailProblem.unseen({ values: { count: unseen } });
  const noted = items.filter((item) => item.mark?.note).length;
  return {
    title: `Audit-trail review ${review.title}`,
    facts: [
      { label: "From", value: review.fromAt.toISOString().slice(0, 16).replace("T", " ") },
      { label: "To", value: review.toAt.toISOString().slice(0, 16).replace("T", " ") },
      { label: "Items", value: `${items.length}, all seen` },
      { label: "With a note", value: String(noted) },
      {
        label: "People whose acts were looked at",
        value: [...new Set(items.map((item) => item.by))].join(", ") || "nobody",
      },
    ],
    content: {
      title: review.title,
      from: review.fromAt,
      to: review.toAt,
      worksheet: review.worksheetId,
      hours: review.hours,
      items: items.map((item) => ({
        kinds: item.kinds,
        record: item.record,
        row: item.rowId,
        version: item.rowVersion,
        leaf: item.leaf,
        actor: item.byId,
      })),
      marks: (await marksOf(tx, id)).map((mark) => ({
        row: mark.rowId,
        version: mark.rowVersion,
        note: mark.note,
        by: mark.byId,
        at: mark.at,
      })),
    },
    authors: [...new Set(items.map((item) => item.byId))],
  };
}
