import { defineRecord, field } from "@probity/kernel";

/** A file beside a sample, a result, an investigation or something that happened to an instrument; struck out, never taken away. */
export const attachment = defineRecord({
  app: "lab",
  name: "lab.attachment",
  path: "attachments",
  title: "Attachment",
  may: { read: "lab.sample.read" },
  retain: "laboratory",
  routes: false,
  fields: {
    sampleId: field.id("Sample", { optional: true }),
    resultId: field.id("Result", { optional: true }),
    investigationId: field.id("Investigation", { optional: true }),
    instrumentEventId: field.id("Instrument event", { optional: true }),
    name: field.text("Name", { max: 120 }),
    kind: field.choice("Kind", ["png", "jpeg", "pdf", "csv", "txt"]),
    bytes: field.integer("Size in bytes", { min: 1 }),
    sha256: field.text("SHA-256", { max: 64 }),
    blobId: field.id("File"),
    note: field.text("What it shows", { max: 500, optional: true }),
    struckReason: field.text("Why it was struck out", { max: 500, optional: true }),
    struckAt: field.instant("Struck out at", { optional: true }),
    struckBy: field.id("Struck out by", { optional: true }),
    broughtIn: field.boolean("Brought in"),
  },
});
