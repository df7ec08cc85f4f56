import { grantsOf, type AppRoles } from "@probity/kernel";

const read = ["lab.sample.read", "lab.master.read", "lab.certificate.read", "lab.customer.read"];
const certify = ["lab.certificate.prepare", "lab.certificate.sign", "lab.certificate.send", "lab.certificate.deliver"];
const bench = [
  ...read,
  "lab.sample.register",
  "lab.sample.receive",
  "lab.sample.correct",
  "lab.result.enter",
  "lab.worksheet.change",
  "lab.investigation.change",
  "lab.study.change",
  "lab.study.start",
  "lab.study.pull",
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
  "lab.sample.reveal",
  "lab.investigation.change",
  "lab.investigation.approve",
  "lab.master.approve",
  "lab.review.change",
  "lab.review.conclude",
  "lab.study.approve",
  "lab.study.evaluate",
  "lab.override.ask",
  "lab.override.confirm",
  "lab.instrument.hold",
  "lab.instrument.change",
  "lab.lot.release",
  "lab.training.assess",
  "lab.chart.change",
  "lab.chart.note",
  "lab.chart.approve",
  ...certify,
];

/** The four roles of this app (ACC-01). Whoever holds two of them still verifies no result of their own. */
export const roles = {
  admin: {
    title: "Admin",
    about: "Everything, and alone: methods, specifications, numbering, unlocking, cancelling, loading history.",
    permissions: [
      ...new Set([...bench, ...review]),
      "lab.master.change",
      "lab.schedule.change",
      "lab.setting.change",
      "lab.sample.unlock",
      "lab.sample.unblind",
      "lab.sample.cancel",
      "lab.history.load",
      "lab.customer.change",
      "lab.template.change",
      // Given to guests by who holds it; it shows an admin nothing.
      "lab.portal.read",
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

/** A customer's contact: what the database shows them is their own, published (kernel.govern_portal). */
export const guest = {
  title: "Customer",
  about: "Sees the published results and certificates of their own samples, and nothing else.",
  permissions: ["lab.portal.read"],
};

/** Who may do what in this app by their platform role. What is not listed is nobody's. */
export const grants = grantsOf(roles, { owner: "admin", admin: "admin", member: "technician" });

/** What the server itself does in its rounds; nobody's by role. */
export const system = ["lab.schedule.run", "lab.notice.send"];
