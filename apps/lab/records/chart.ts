import { defineRecord, field } from "@probity/kernel";

const served = { app: "lab", may: { read: "lab.sample.read" }, retain: "laboratory", routes: false };
const optional = { optional: true };
const name = { max: 200, optional: true };

/** Which rules the laboratory judges by; the newest of a scope is in force. */
export const ruleSet = defineRecord({
  ...served,
  name: "lab.rule_set",
  path: "rule-sets",
  title: "Rule set",
  fields: {
    scope: field.choice("Scope", ["control", "trend"]),
    number: field.integer("Number", { min: 1 }),
    rules: field.json("Rules"),
    reason: field.text("Reason", { max: 500 }),
  },
});

/** One lot of a control material, or a blank, of one analyte by one method. */
export const controlChart = defineRecord({
  ...served,
  name: "lab.control_chart",
  path: "charts",
  title: "Control chart",
  fields: {
    methodId: field.id("Method"),
    analyte: field.text("Analyte", { max: 60 }),
    name: field.text("Name", { max: 120 }),
    unit: field.text("Unit", { max: 30 }),
    kind: field.choice("Kind", ["control", "blank"]),
    material: field.text("Material", { max: 120 }),
    lot: field.text("Lot", { max: 60 }),
    runs: field.integer("Runs for its limits", { min: 10, max: 200 }),
    expiresOn: field.date("Expires on", optional),
    state: field.choice("State", ["in-use", "retired"]),
    retiredReason: field.text("Why retired", { max: 500, optional: true }),
  },
});

/** One version of a chart's limits: proposed by one person, frozen by another, never changed. */
export const chartLimit = defineRecord({
  ...served,
  name: "lab.chart_limit",
  path: "chart-limits",
  title: "Control limits",
  fields: {
    chartId: field.id("Chart"),
    number: field.integer("Number", { min: 1 }),
    source: field.choice("Source", ["runs", "certificate"]),
    mean: field.number("Mean", optional),
    deviation: field.number("Standard deviation", optional),
    upper: field.number("Upper limit", optional),
    basis: field.json("Basis"),
    state: field.choice("State", ["proposed", "frozen", "refused"]),
    reason: field.text("Reason", { max: 500 }),
    proposedName: field.text("Proposed by, printed", name),
    decidedBy: field.id("Decided by", optional),
    decidedName: field.text("Decided by, printed", name),
    decidedAt: field.instant("Decided at", optional),
    decidedReason: field.text("Why decided so", { max: 500, optional: true }),
    broughtIn: field.boolean("Brought in"),
    statedAt: field.instant("Done where it was brought in from", { optional: true }),
  },
});

export const controlPoint = defineRecord({
  ...served,
  name: "lab.control_point",
  path: "control-points",
  title: "Control on a chart",
  fields: { chartId: field.id("Chart"), resultId: field.id("Result") },
});

/** How the controls of one run were judged. */
export const controlEvaluation = defineRecord({
  ...served,
  name: "lab.control_evaluation",
  path: "control-evaluations",
  title: "Judged run",
  fields: {
    worksheetId: field.id("Worksheet"),
    methodId: field.id("Method"),
    analyte: field.text("Analyte", { max: 60 }),
    number: field.integer("Number", { min: 1 }),
    runAt: field.instant("Run at"),
    outcome: field.choice("Outcome", ["accepted", "warned", "refused", "unclear"]),
    ruleSetId: field.id("Rule set", optional),
    rules: field.json("Rules"),
    points: field.json("Controls"),
    violations: field.json("Violations"),
  },
});

export const controlNote = defineRecord({
  ...served,
  name: "lab.control_note",
  path: "control-notes",
  title: "Note on a run",
  fields: {
    evaluationId: field.id("Judged run"),
    kind: field.choice("Kind", ["comment", "cause", "action"]),
    text: field.text("Text", { max: 1000 }),
    author: field.text("Author", { max: 200 }),
    broughtIn: field.boolean("Brought in"),
    statedAt: field.instant("Done where it was brought in from", { optional: true }),
  },
});
