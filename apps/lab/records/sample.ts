import { defineRecord, field } from "@probity/kernel";

const may = { read: "lab.sample.read" };
const verdicts = ["in", "warn", "conditional", "out", "unclear", "none"];
const served = { app: "lab", may, retain: "laboratory", routes: false };
const stated = {
  enteredAt: field.instant("Entered at", { optional: true }),
  enteredBy: field.id("Entered by", { optional: true }),
  enteredName: field.text("Entered by, printed", { max: 200, optional: true }),
  verifiedAt: field.instant("Verified at", { optional: true }),
  verifiedBy: field.id("Verified by", { optional: true }),
  verifiedName: field.text("Verified by, printed", { max: 200, optional: true }),
};

export const sample = defineRecord({
  ...served,
  name: "lab.sample",
  path: "samples",
  title: "Sample",
  fields: {
    series: field.text("Series", { max: 20 }),
    sequence: field.integer("Sequence", { min: 1 }),
    number: field.text("Number", { max: 40 }),
    productId: field.id("Product"),
    samplingPointId: field.id("Sampling point", { optional: true }),
    specificationVersionId: field.id("Specification version", { optional: true }),
    importId: field.id("Import", { optional: true }),
    customerId: field.id("Customer", { optional: true }),
    lot: field.text("Lot", { max: 60, optional: true }),
    remark: field.text("Remark", { max: 1000, optional: true }),
    priority: field.choice("Priority", ["routine", "urgent"]),
    state: field.choice("State", ["registered", "received", "tested", "verified", "published", "cancelled"]),
    verdict: field.choice("Verdict", verdicts, { optional: true }),
    sampledAt: field.instant("Sampled at", { optional: true }),
    sampledBy: field.text("Sampled by", { max: 120, optional: true }),
    dueOn: field.date("Due on", { optional: true }),
    receivedAt: field.instant("Received at", { optional: true }),
    receivedBy: field.id("Received by", { optional: true }),
    receivedName: field.text("Received by, printed", { max: 200, optional: true }),
    condition: field.text("Condition", { max: 200, optional: true }),
    place: field.text("Place", { max: 120, optional: true }),
    verifiedAt: field.instant("Verified at", { optional: true }),
    publishedAt: field.instant("Published at", { optional: true }),
    broughtIn: field.boolean("Brought in"),
    blinded: field.boolean("Blinded"),
    find: field.text("Found by", { max: 2000 }),
  },
});

export const custody = defineRecord({
  ...served,
  name: "lab.custody",
  path: "custody",
  title: "Custody",
  fields: {
    sampleId: field.id("Sample"),
    act: field.choice("Act", ["received", "moved", "handed-over", "opened", "returned", "disposed"]),
    place: field.text("Place", { max: 120, optional: true }),
    holder: field.text("Holder", { max: 120, optional: true }),
    remark: field.text("Remark", { max: 500, optional: true }),
  },
});

export const worksheet = defineRecord({
  ...served,
  name: "lab.worksheet",
  path: "worksheets",
  title: "Worksheet",
  fields: {
    series: field.text("Series", { max: 20 }),
    sequence: field.integer("Sequence", { min: 1 }),
    number: field.text("Number", { max: 40 }),
    title: field.text("Title", { max: 120 }),
    state: field.choice("State", ["open", "verified"]),
    broughtIn: field.boolean("Brought in"),
    statedAt: field.instant("Done where it was brought in from", { optional: true }),
  },
});

/** One determination: of a sample, a blank, a control or a duplicate. A retest is another row; this one stays. */
export const result = defineRecord({
  ...served,
  name: "lab.result",
  path: "results",
  title: "Result",
  fields: {
    sampleId: field.id("Sample", { optional: true }),
    worksheetId: field.id("Worksheet", { optional: true }),
    methodVersionId: field.id("Method version"),
    replacesId: field.id("Retest of", { optional: true }),
    duplicateOf: field.id("Duplicate of", { optional: true }),
    importId: field.id("Import", { optional: true }),
    setupId: field.id("Made with", { optional: true }),
    position: field.integer("Position", { optional: true }),
    kind: field.choice("Kind", ["sample", "blank", "control", "duplicate"]),
    analyte: field.text("Analyte", { max: 60 }),
    name: field.text("Name", { max: 120 }),
    unit: field.text("Unit", { max: 30 }),
    attempt: field.integer("Attempt", { min: 1 }),
    limits: field.json("Limits of its own", { optional: true }),
    interim: field.json("Interim values", { optional: true }),
    state: field.choice("State", ["open", "entered", "verified", "retested", "cancelled"]),
    text: field.text("As entered", { max: 200, optional: true }),
    number: field.number("Number", { optional: true }),
    qualifier: field.text("Qualifier", { max: 2, optional: true }),
    uncertainty: field.json("Uncertainty", { optional: true }),
    verdict: field.choice("Verdict", verdicts, { optional: true }),
    reason: field.text("Reason", { max: 500, optional: true }),
    source: field.choice("Source", ["keyboard", "import", "calculated"], { optional: true }),
    ...stated,
    verificationId: field.id("Verification", { optional: true }),
    broughtIn: field.boolean("Brought in"),
  },
});

export const unlock = defineRecord({
  ...served,
  name: "lab.unlock",
  path: "unlocks",
  title: "Unlock",
  fields: {
    sampleId: field.id("Sample"),
    reason: field.text("Reason", { max: 500 }),
    broughtIn: field.boolean("Brought in"),
    statedAt: field.instant("Done where it was brought in from", { optional: true }),
    statedName: field.text("By whom there", { max: 200, optional: true }),
  },
});

/** What a sample was registered with, corrected: each fact as it was and as it is, with the reason. */
export const correction = defineRecord({
  ...served,
  name: "lab.correction",
  path: "corrections",
  title: "Correction",
  fields: {
    sampleId: field.id("Sample"),
    reason: field.text("Reason", { max: 500 }),
    changes: field.json("Changes"),
  },
});

export const publication = defineRecord({
  ...served,
  name: "lab.publication",
  path: "publications",
  title: "Publication",
  fields: {
    sampleId: field.id("Sample"),
    number: field.integer("Number", { min: 1 }),
    evaluations: field.json("Evaluations"),
    publisher: field.text("Published by", { max: 200 }),
    broughtIn: field.boolean("Brought in"),
    statedAt: field.instant("Done where it was brought in from", { optional: true }),
  },
});

export const importFile = defineRecord({
  ...served,
  name: "lab.import_file",
  path: "import-files",
  title: "Imported file",
  fields: {
    kind: field.choice("Kind", ["samples", "results"]),
    fileName: field.text("File name", { max: 255 }),
    sha256: field.text("SHA-256", { max: 64 }),
    encoding: field.text("Encoding", { max: 40 }),
    rowCount: field.integer("Rows"),
    mapping: field.json("Mapping"),
    blobId: field.id("File"),
    state: field.choice("State", ["waiting", "done", "refused", "cancelled"]),
    delimiter: field.text("Delimiter", { max: 1, optional: true }),
    source: field.text("Source", { max: 80, optional: true }),
    jobId: field.id("Job", { optional: true }),
    imported: field.integer("Rows taken"),
    errorCount: field.integer("Rows with errors"),
    errors: field.json("Errors", { optional: true }),
    refusal: field.text("Why it was refused", { max: 1000, optional: true }),
    told: field.json("Rows by kind", { optional: true }),
    reportBlobId: field.id("Report", { optional: true }),
  },
});
