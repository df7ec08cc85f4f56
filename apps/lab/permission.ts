import { grantsOf, type AppRoles } from "@probity/kernel";

const read = ["lab.sample.read", "lab.master.read"];
const bench = [
  ...read,
  "lab.sample.register",
  "lab.sample.receive",
  "lab.result.enter",
  "lab.worksheet.change",
  "lab.investigation.change",
  "lab.override.ask",
  "lab.instrument.hold",
  "lab.lot.handle",
  "lab.chart.change",
  "lab.chart.note",
];
const review = [
  ...read,
  "lab.result.verify",
  "lab.result.retest",
  "lab.sample.publish",
  "lab.investigation.change",
  "lab.investigation.approve",
  "lab.override.ask",
  "lab.override.confirm",
  "lab.instrument.hold",
  "lab.instrument.change",
  "lab.lot.release",
  "lab.training.assess",
  "lab.chart.change",
  "lab.chart.note",
  "lab.chart.approve",
];

/** The four roles of this app (ACC-01). Whoever holds two of them still verifies no result of their own. */
export const roles = {
  admin: {
    title: "Admin",
    about: "Everything, and alone: methods, specifications, numbering, unlocking, cancelling, loading history.",
    permissions: [
      ...new Set([...bench, ...review]),
      "lab.master.change",
      "lab.setting.change",
      "lab.sample.unlock",
      "lab.sample.cancel",
      "lab.history.load",
    ],
  },
  technician: {
    title: "Technician",
    about: "Registers and receives samples, fills worksheets, enters results.",
    permissions: bench,
  },
  reviewer: {
    title: "Reviewer",
    about: "Verifies what others entered, orders retests, publishes.",
    permissions: review,
  },
  "read-only": {
    title: "Read-only",
    about: "Sees everything of the laboratory and changes nothing.",
    permissions: read,
  },
} satisfies AppRoles;

/** Who may do what in this app by their platform role. What is not listed is nobody's. */
export const grants = grantsOf(roles, { owner: "admin", admin: "admin", member: "technician" });
