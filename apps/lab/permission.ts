import { grantsOf, type AppRoles } from "@probity/kernel";

const read = ["lab.sample.read", "lab.master.read"];
const bench = [
  ...read,
  "lab.sample.register",
  "lab.sample.receive",
  "lab.result.enter",
  "lab.worksheet.change",
  "lab.investigation.change",
];
const review = [
  ...read,
  "lab.result.verify",
  "lab.result.retest",
  "lab.sample.publish",
  "lab.investigation.change",
  "lab.investigation.approve",
];

/** The four roles of this app (ACC-01). Whoever holds two of them still verifies no result of their own. */
export const roles = {
  admin: {
    title: "Admin",
    about: "Everything, and alone: methods, specifications, numbering, unlocking, cancelling, loading history.",
    permissions: [
      ...new Set([...bench, ...review]),
      "lab.master.change",
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
