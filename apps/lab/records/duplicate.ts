import { defineRecord, field } from "@probity/kernel";

/** How a duplicate and its original were judged; a value that is changed later is judged in another row. */
export const duplicateEvaluation = defineRecord({
  app: "lab",
  may: { read: "lab.sample.read" },
  retain: "laboratory",
  routes: false,
  name: "lab.duplicate_evaluation",
  path: "duplicate-evaluations",
  title: "Judged duplicate",
  fields: {
    duplicateId: field.id("Duplicate"),
    originalId: field.id("Original"),
    number: field.integer("Number", { min: 1 }),
    criterion: field.json("Criterion"),
    duplicateText: field.text("Duplicate as entered", { max: 200 }),
    originalText: field.text("Original as entered", { max: 200 }),
    difference: field.number("Difference", { optional: true }),
    outcome: field.choice("Outcome", ["in", "out", "unclear"]),
  },
});
