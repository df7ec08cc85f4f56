import { defineRecord, field } from "@probity/kernel";

const served = { app: "lab", may: { read: "lab.sample.read" }, retain: "laboratory", routes: false };

/** A review of the audit trail: of a period, or of a worksheet. Concluded by a signature, it never changes. */
export const trailReview = defineRecord({
  ...served,
  name: "lab.trail_review",
  path: "trail-reviews",
  title: "Audit-trail review",
  fields: {
    title: field.text("Title", { max: 160 }),
    fromAt: field.instant("From"),
    toAt: field.instant("To"),
    worksheetId: field.id("Worksheet", { optional: true }),
    hours: field.text("Working hours", { max: 5 }),
    dueOn: field.date("Due on"),
  },
});

/** That somebody looked at one item of a review, and what they had to say. */
export const trailMark = defineRecord({
  ...served,
  name: "lab.trail_mark",
  path: "trail-marks",
  title: "Item seen",
  fields: {
    reviewId: field.id("Review"),
    record: field.text("Record", { max: 80 }),
    rowId: field.id("Of"),
    rowVersion: field.integer("Version", { min: 1 }),
    note: field.text("Note", { max: 1000, optional: true }),
    marker: field.text("Seen by, printed", { max: 200 }),
  },
});
