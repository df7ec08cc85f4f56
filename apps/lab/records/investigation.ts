import { defineRecord, field } from "@probity/kernel";

const long = { max: 4000, optional: true };

/** What became of a result out of its specification, from the assessment in the laboratory to the conclusion. */
export const investigation = defineRecord({
  app: "lab",
  name: "lab.investigation",
  path: "investigations",
  title: "Investigation",
  may: { read: "lab.sample.read" },
  retain: "laboratory",
  routes: false,
  fields: {
    series: field.text("Series", { max: 20 }),
    sequence: field.integer("Sequence", { min: 1 }),
    number: field.text("Number", { max: 40 }),
    sampleId: field.id("Sample"),
    resultId: field.id("Result"),
    state: field.choice("State", ["phase-1", "retest-planned", "retest-approved", "phase-2", "concluded"]),
    checklist: field.json("Assessment", { optional: true }),
    cause: field.choice("Cause", ["laboratory-error", "none-found"], { optional: true }),
    causeText: field.text("What was found", long),
    hypothesis: field.text("Hypothesis and its test", long),
    retests: field.integer("Retests", { min: 1, max: 10, optional: true }),
    plan: field.text("Retest plan", long),
    plannedBy: field.id("Planned by", { optional: true }),
    plannedName: field.text("Planned by, printed", { max: 200, optional: true }),
    approvedBy: field.id("Approved by", { optional: true }),
    approvedName: field.text("Approved by, printed", { max: 200, optional: true }),
    approvedAt: field.instant("Approved at", { optional: true }),
    rejectedReason: field.text("Why the plan went back", { max: 500, optional: true }),
    scope: field.text("Wider investigation", long),
    conclusion: field.choice("Conclusion", ["laboratory-error", "confirmed", "inconclusive"], { optional: true }),
    conclusionText: field.text("Why", long),
    capa: field.text("Corrective action", { max: 120, optional: true }),
    noCapa: field.text("Why none", { max: 500, optional: true }),
    concludedBy: field.id("Concluded by", { optional: true }),
    concludedName: field.text("Concluded by, printed", { max: 200, optional: true }),
    concludedAt: field.instant("Concluded at", { optional: true }),
  },
});
