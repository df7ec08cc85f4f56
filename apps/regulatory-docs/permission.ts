import { grantsOf, type AppRoles } from "@probity/kernel";

const work = [
  "regulatory_docs.collection.read",
  "regulatory_docs.collection.change",
  "regulatory_docs.document.upload",
  "regulatory_docs.run.start",
  "regulatory_docs.finding.decide",
  "regulatory_docs.report.export",
  "regulatory_docs.run.review",
];

/** The two roles of this app (ACC-01). */
export const roles = {
  admin: {
    title: "Admin",
    about: "Everything a member may; approves and unlocks signed reports, deletes collections and documents.",
    permissions: [
      ...work,
      "regulatory_docs.collection.delete",
      "regulatory_docs.document.delete",
      "regulatory_docs.run.approve",
      "regulatory_docs.run.unlock",
    ],
  },
  member: {
    title: "Member",
    about: "Uploads, analyses, decides on findings, reviews and exports reports.",
    permissions: work,
  },
} satisfies AppRoles;

/** Who may do what in this app by their platform role. What is not listed is nobody's. */
export const grants = grantsOf(roles, { owner: "admin", admin: "admin", member: "member" });
