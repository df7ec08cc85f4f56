import { defineRecord, field } from "@probity/kernel";

const may = {
  read: "lab.master.read",
  create: "lab.master.change",
  update: "lab.master.change",
  delete: "lab.master.change",
};

/** How a series of numbers is built: S-26-00042. Without one of its own a series uses the default. */
export const numbering = defineRecord({
  name: "lab.numbering",
  app: "lab",
  path: "numberings",
  title: "Numbering",
  fields: {
    prefix: field.text("Prefix", { max: 6 }),
    series: field.choice("Series", ["sample", "worksheet"]),
    digits: field.integer("Digits", { min: 3, max: 8 }),
    period: field.choice("Begins anew", ["year", "month", "none"]),
  },
  may: { read: may.read },
  retain: "laboratory",
  routes: false,
});

/** What is tested: a water system, a raw material, a finished product. */
export const product = defineRecord({
  name: "lab.product",
  app: "lab",
  path: "products",
  title: "Product",
  fields: {
    code: field.text("Code", { max: 40 }),
    name: field.text("Name", { max: 120 }),
    kind: field.choice("Kind", ["water", "raw-material", "in-process", "finished", "environment"]),
    description: field.text("Description", { max: 2000, optional: true }),
  },
  may,
  list: { search: ["code", "name"], sort: ["code", "name"], filter: ["kind"] },
  retain: "laboratory",
});

/** Where samples are taken. */
export const samplingPoint = defineRecord({
  name: "lab.sampling_point",
  app: "lab",
  path: "sampling-points",
  title: "Sampling point",
  fields: {
    code: field.text("Code", { max: 40 }),
    name: field.text("Name", { max: 120 }),
    location: field.text("Location", { max: 200, optional: true }),
  },
  may,
  list: { search: ["code", "name", "location"], sort: ["code", "name"] },
  retain: "laboratory",
});

/** How something is determined; what it says lies in its versions. */
export const method = defineRecord({
  name: "lab.method",
  app: "lab",
  path: "methods",
  title: "Method",
  fields: { code: field.text("Code", { max: 40 }), title: field.text("Title", { max: 160 }) },
  may,
  list: { search: ["code", "title"], sort: ["code", "title"] },
  retain: "laboratory",
});

/** One version of a method, never changed once it is made. */
export const methodVersion = defineRecord({
  name: "lab.method_version",
  app: "lab",
  path: "method-versions",
  title: "Method version",
  fields: {
    methodId: field.id("Method"),
    number: field.integer("Number", { min: 1 }),
    definition: field.json("Definition"),
    reason: field.text("Reason", { max: 500 }),
    effectiveOn: field.date("In force from", { optional: true }),
    needsApproval: field.boolean("Waits for approval"),
  },
  may: { read: may.read },
  retain: "laboratory",
  routes: false,
});

/** Limits of a product; what they are lies in its versions. */
export const specification = defineRecord({
  name: "lab.specification",
  app: "lab",
  path: "specifications",
  title: "Specification",
  fields: {
    code: field.text("Code", { max: 40 }),
    title: field.text("Title", { max: 160 }),
    productId: field.id("Product"),
  },
  may: { read: may.read },
  retain: "laboratory",
  routes: false,
});

/** One version of a specification; samples keep the one they were registered with. */
export const specificationVersion = defineRecord({
  name: "lab.specification_version",
  app: "lab",
  path: "specification-versions",
  title: "Specification version",
  fields: {
    specificationId: field.id("Specification"),
    number: field.integer("Number", { min: 1 }),
    limits: field.json("Limits"),
    reason: field.text("Reason", { max: 500 }),
    effectiveOn: field.date("In force from", { optional: true }),
    needsApproval: field.boolean("Waits for approval"),
  },
  may: { read: may.read },
  retain: "laboratory",
  routes: false,
});

/** Another person's decision on a version. */
export const masterApproval = defineRecord({
  name: "lab.master_approval",
  app: "lab",
  path: "master-approvals",
  title: "Approval of a version",
  fields: {
    methodVersionId: field.id("Method version", { optional: true }),
    specificationVersionId: field.id("Specification version", { optional: true }),
    decision: field.choice("Decision", ["approved", "refused"]),
    reason: field.text("Reason", { max: 500 }),
    approver: field.text("Decided by", { max: 200 }),
  },
  may: { read: may.read },
  retain: "laboratory",
  routes: false,
});
