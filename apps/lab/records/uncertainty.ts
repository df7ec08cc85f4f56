import { defineRecord, field } from "@probity/kernel";

const name = { max: 200, optional: true };

/** How sure the results of one analyte of one version of a method are; never changed once it is proposed. */
export const uncertaintyBudget = defineRecord({
  app: "lab",
  name: "lab.uncertainty_budget",
  path: "uncertainty-budgets",
  title: "Uncertainty budget",
  may: { read: "lab.sample.read" },
  retain: "laboratory",
  routes: false,
  fields: {
    methodVersionId: field.id("Method version"),
    analyte: field.text("Analyte", { max: 60 }),
    number: field.integer("Number", { min: 1 }),
    components: field.json("Components"),
    coverage: field.number("Coverage factor"),
    state: field.choice("State", ["proposed", "approved", "refused"]),
    reason: field.text("Reason", { max: 500 }),
    proposedName: field.text("Proposed by, printed", name),
    decidedBy: field.id("Decided by", { optional: true }),
    decidedName: field.text("Decided by, printed", name),
    decidedAt: field.instant("Decided at", { optional: true }),
    decidedReason: field.text("Why decided so", { max: 500, optional: true }),
    broughtIn: field.boolean("Brought in"),
    statedAt: field.instant("Done where it was brought in from", { optional: true }),
  },
});
