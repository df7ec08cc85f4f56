import { defineRecord, field } from "@probity/kernel";

const statuses = ["covered", "partial", "gap", "not-assessable"];
const may = { read: "regulatory_docs.collection.read" };

/** A document of a collection, whatever revision is current. Served by actions/: a document arrives by upload. */
export const document = defineRecord({
  name: "regulatory_docs.document",
  app: "regulatory-docs",
  path: "documents",
  title: "Document",
  fields: {
    collectionId: field.id("Collection"),
    name: field.text("Name", { max: 255 }),
    currentRevision: field.integer("Current revision", { readOnly: true }),
  },
  may,
  retain: "analysis",
  routes: false,
});

/** One uploaded file of a document; its text and bytes are sealed blobs. */
export const revision = defineRecord({
  name: "regulatory_docs.revision",
  app: "regulatory-docs",
  path: "revisions",
  title: "Revision",
  fields: {
    documentId: field.id("Document"),
    number: field.integer("Number", { min: 1 }),
    fileName: field.text("File name", { max: 255 }),
    kind: field.choice("Kind", ["pdf", "docx", "doc", "txt"]),
    bytes: field.integer("Bytes"),
    sha256: field.text("SHA-256", { max: 64 }),
    pageCount: field.integer("Pages", { optional: true }),
    state: field.choice("State", ["reading", "ready", "refused"]),
    refusalCode: field.text("Refusal", { max: 60, optional: true }),
    refusalText: field.text("Refusal text", { max: 1000, optional: true }),
    warnings: field.json("Warnings"),
    encoding: field.text("Encoding", { max: 20, optional: true }),
    keptBlobId: field.id("Kept file", { optional: true }),
    textBlobId: field.id("Text", { optional: true }),
  },
  may,
  retain: "analysis",
  routes: false,
});

/** One analysis of a collection against a pack; its full result is a sealed blob. */
export const run = defineRecord({
  name: "regulatory_docs.run",
  app: "regulatory-docs",
  path: "runs",
  title: "Run",
  fields: {
    collectionId: field.id("Collection"),
    number: field.integer("Number", { min: 1 }),
    packId: field.text("Pack", { max: 60 }),
    packVersion: field.text("Pack version", { max: 60 }),
    engine: field.text("Engine", { max: 60, optional: true }),
    state: field.choice("State", ["waiting", "done", "failed"]),
    resultBlobId: field.id("Result", { optional: true }),
  },
  may,
  retain: "analysis",
  routes: false,
});

/** What a run found about one requirement, and what a person decided about it. */
export const finding = defineRecord({
  name: "regulatory_docs.finding",
  app: "regulatory-docs",
  path: "findings",
  title: "Finding",
  fields: {
    runId: field.id("Run"),
    requirementId: field.text("Requirement", { max: 60 }),
    status: field.choice("Machine status", statuses),
    coverage: field.number("Coverage"),
    changed: field.boolean("Changed since the run before"),
    decision: field.choice("Decision", ["accepted", "overridden"], { optional: true }),
    decidedStatus: field.choice("Decided status", statuses, { optional: true }),
    reasonCode: field.text("Reason code", { max: 60, optional: true }),
    reason: field.text("Reason", { max: 2000, optional: true, sealed: true }),
    note: field.text("Note", { max: 4000, optional: true, sealed: true }),
    decidedBy: field.id("Decided by", { optional: true }),
    decidedAt: field.instant("Decided at", { optional: true }),
    assigneeId: field.id("Assigned to", { optional: true }),
    dueOn: field.date("Due on", { optional: true }),
  },
  may,
  retain: "analysis",
  routes: false,
});
