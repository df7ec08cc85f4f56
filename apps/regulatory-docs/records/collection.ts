import { defineRecord, field } from "@probity/kernel";

/** A set of documents that is analysed as one: a quality system, a supplier's procedures. */
export const collection = defineRecord({
  name: "regulatory_docs.collection",
  app: "regulatory-docs",
  path: "collections",
  title: "Collection",
  fields: {
    name: field.text("Name", { max: 120 }),
    description: field.text("Description", { max: 2000, optional: true }),
  },
  may: {
    read: "regulatory_docs.collection.read",
    create: "regulatory_docs.collection.change",
    update: "regulatory_docs.collection.change",
    delete: "regulatory_docs.collection.delete",
  },
  list: {
    search: ["name", "description"],
    sort: ["name"],
    view: {
      name: "regulatory_docs.collection_overview",
      shows: { documentCount: field.integer("Documents"), lastRun: field.json("Last run") },
    },
  },
  reasonRequired: true,
  retain: "analysis",
});
