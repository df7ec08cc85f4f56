import { defineRecord, field } from "@probity/kernel";

const more = { app: "lab", may: { read: "lab.sample.read" }, retain: "laboratory", routes: false };
const printed = { max: 200, optional: true };

/** A stability study of one product. */
export const study = defineRecord({
  ...more,
  name: "lab.study",
  path: "studies",
  title: "Stability study",
  fields: {
    series: field.text("Series", { max: 20 }),
    sequence: field.integer("Sequence", { min: 1 }),
    number: field.text("Number", { max: 40 }),
    title: field.text("Title", { max: 160 }),
    productId: field.id("Product"),
  },
});

/** One version of a study's protocol, frozen by another person's approval. */
export const studyProtocol = defineRecord({
  ...more,
  name: "lab.study_protocol",
  path: "study-protocols",
  title: "Stability protocol",
  fields: {
    studyId: field.id("Study"),
    number: field.integer("Number", { min: 1 }),
    state: field.choice("State", ["draft", "approved"]),
    specificationVersionId: field.id("Limits"),
    content: field.json("Conditions, time points and windows"),
    reason: field.text("Reason", { max: 500 }),
    writtenBy: field.id("Written by", { optional: true }),
    writtenName: field.text("Written by, printed", printed),
    approvedBy: field.id("Approved by", { optional: true }),
    approvedName: field.text("Approved by, printed", printed),
    approvedAt: field.instant("Approved at", { optional: true }),
    broughtIn: field.boolean("Brought in"),
  },
});

/** A batch in a study, and the day its months count from. */
export const studyBatch = defineRecord({
  ...more,
  name: "lab.study_batch",
  path: "study-batches",
  title: "Batch in a study",
  fields: {
    studyId: field.id("Study"),
    protocolId: field.id("Protocol"),
    lot: field.text("Batch", { max: 60 }),
    startedOn: field.date("Started"),
    startedName: field.text("Started by, printed", printed),
    broughtIn: field.boolean("Brought in"),
  },
});

/** How many units of a batch were laid in under which condition, and where. */
export const studyStorage = defineRecord({
  ...more,
  name: "lab.study_storage",
  path: "study-storages",
  title: "Units in storage",
  fields: {
    batchId: field.id("Batch"),
    condition: field.text("Condition", { max: 40 }),
    place: field.text("Place", { max: 120 }),
    units: field.integer("Units", { min: 1 }),
  },
});

/** One pull: planned by the protocol, done once. */
export const studyPull = defineRecord({
  ...more,
  name: "lab.study_pull",
  path: "study-pulls",
  title: "Pull",
  fields: {
    storageId: field.id("Storage"),
    months: field.integer("Months", { min: 0 }),
    dueOn: field.date("Due"),
    opensOn: field.date("Window opens"),
    closesOn: field.date("Window closes"),
    units: field.integer("Units", { min: 1 }),
    state: field.choice("State", ["planned", "pulled", "omitted"]),
    pulledOn: field.date("Pulled on", { optional: true }),
    pulledAt: field.instant("Pulled at", { optional: true }),
    pulledBy: field.id("Pulled by", { optional: true }),
    pulledName: field.text("Pulled by, printed", printed),
    deviation: field.choice("Deviation", ["early", "late", "omitted"], { optional: true }),
    reason: field.text("Reason", { max: 500, optional: true }),
    sampleId: field.id("Sample", { optional: true }),
    broughtIn: field.boolean("Brought in"),
  },
});

/** A frozen evaluation of one attribute under one condition. */
export const studyEvaluation = defineRecord({
  ...more,
  name: "lab.study_evaluation",
  path: "study-evaluations",
  title: "Stability evaluation",
  fields: {
    studyId: field.id("Study"),
    number: field.integer("Number", { min: 1 }),
    analyte: field.text("Attribute", { max: 60 }),
    condition: field.text("Condition", { max: 40 }),
    throughMonths: field.integer("Through months", { min: 1 }),
    months: field.integer("Shelf life, months", { min: 0, optional: true }),
    content: field.json("What it was reckoned from, and what came of it"),
    sha256: field.text("SHA-256", { max: 64 }),
    madeName: field.text("Made by, printed", printed),
  },
});
