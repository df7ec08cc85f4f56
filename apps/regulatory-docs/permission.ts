import type { Grants } from "@probity/kernel";

/** Who may do what in this app (ACC-01). What is not listed is nobody's. */
export const grants: Grants = {
  "regulatory_docs.collection.read": ["owner", "admin", "member"],
  "regulatory_docs.collection.change": ["owner", "admin", "member"],
  "regulatory_docs.collection.delete": ["owner", "admin"],
  "regulatory_docs.document.upload": ["owner", "admin", "member"],
  "regulatory_docs.document.delete": ["owner", "admin"],
  "regulatory_docs.run.start": ["owner", "admin", "member"],
  "regulatory_docs.finding.decide": ["owner", "admin", "member"],
  "regulatory_docs.report.export": ["owner", "admin", "member"],
};
