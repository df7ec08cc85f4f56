import { defineRecord, field } from "@probity/kernel";

const more = { app: "lab", may: { read: "lab.master.read" }, retain: "laboratory", routes: false };

/** What is sampled by a rhythm; what it says lies in its versions. */
export const schedule = defineRecord({
  ...more,
  name: "lab.schedule",
  path: "schedules",
  title: "Schedule",
  fields: { name: field.text("Name", { max: 120 }) },
});

/** One version of a schedule: what, where, when and how far ahead; also its pausing and going on. */
export const scheduleVersion = defineRecord({
  ...more,
  name: "lab.schedule_version",
  path: "schedule-versions",
  title: "Schedule version",
  fields: {
    scheduleId: field.id("Schedule"),
    number: field.integer("Number", { min: 1 }),
    productId: field.id("Product"),
    specificationId: field.id("Specification"),
    pointIds: field.json("Sampling points"),
    rhythm: field.json("Rhythm"),
    zone: field.text("Time zone", { max: 60 }),
    dueTime: field.text("Due at", { max: 5 }),
    fromOn: field.date("From"),
    untilOn: field.date("Until", { optional: true }),
    aheadDays: field.integer("Registered ahead, days", { min: 0, max: 60 }),
    graceMinutes: field.integer("Late after, minutes", { min: 5, max: 10_080 }),
    missed: field.choice("What was missed", ["catch-up", "mark"]),
    running: field.boolean("Running"),
    effectiveAt: field.instant("Takes effect"),
    reason: field.text("Reason", { max: 500 }),
  },
});

/** What became of one slot of a schedule. */
export const scheduleSlot = defineRecord({
  ...more,
  name: "lab.schedule_slot",
  path: "schedule-slots",
  title: "Slot",
  fields: {
    scheduleId: field.id("Schedule"),
    scheduleVersionId: field.id("Version"),
    slotOn: field.date("Day"),
    pointId: field.id("Sampling point", { optional: true }),
    dueAt: field.instant("Due"),
    outcome: field.choice("Outcome", ["registered", "missed", "skipped", "paused"]),
    late: field.boolean("Late"),
    reason: field.text("Reason", { max: 500, optional: true }),
    sampleId: field.id("Sample", { optional: true }),
  },
});
