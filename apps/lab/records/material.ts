import { defineRecord, field } from "@probity/kernel";

const served = { app: "lab", may: { read: "lab.sample.read" }, retain: "laboratory", routes: false };

/** A reagent, reference standard, medium or solution, whatever lot of it. */
export const material = defineRecord({
  app: "lab",
  name: "lab.material",
  path: "materials",
  title: "Material",
  fields: {
    code: field.text("Code", { max: 40 }),
    name: field.text("Name", { max: 120 }),
    kind: field.choice("Kind", ["reagent", "reference-standard", "medium", "solution", "consumable"]),
    unit: field.text("Counted in", { max: 20 }),
    afterOpeningDays: field.integer("Days after opening", { min: 1, max: 3650, optional: true }),
    storage: field.text("Storage", { max: 120, optional: true }),
    reorderAt: field.number("Order at", { optional: true }),
  },
  may: {
    read: "lab.master.read",
    create: "lab.master.change",
    update: "lab.master.change",
    delete: "lab.master.change",
  },
  list: { search: ["code", "name"], sort: ["code", "name"], filter: ["kind"] },
  retain: "laboratory",
  reasonRequired: true,
});

/** What came in one delivery, as its label and certificate say. */
export const lot = defineRecord({
  ...served,
  name: "lab.lot",
  path: "lots",
  title: "Lot",
  fields: {
    materialId: field.id("Material"),
    number: field.text("Lot", { max: 60 }),
    supplier: field.text("Supplier", { max: 120 }),
    certificate: field.text("Certificate", { max: 120 }),
    receivedOn: field.date("Received on"),
    expiresOn: field.date("Expires on"),
    afterOpeningDays: field.integer("Days after opening", { min: 1, max: 3650, optional: true }),
    unit: field.text("Counted in", { max: 20 }),
    content: field.text("Content", { max: 120, optional: true }),
  },
});

export const lotEvent = defineRecord({
  ...served,
  name: "lab.lot_event",
  path: "lot-events",
  title: "Lot event",
  fields: {
    lotId: field.id("Lot"),
    sequence: field.integer("Sequence", { min: 1 }),
    act: field.choice("Act", ["received", "opened", "released", "quarantined", "rejected"]),
    reason: field.text("Reason", { max: 1000, optional: true }),
    byName: field.text("Recorded by, printed", { max: 200 }),
    broughtIn: field.boolean("Brought in"),
    statedAt: field.instant("Done where it was brought in from", { optional: true }),
  },
});

/** What came in and went of a lot; the database adds up what is left. */
export const consumption = defineRecord({
  ...served,
  name: "lab.consumption",
  path: "consumptions",
  title: "Consumption",
  fields: {
    lotId: field.id("Lot"),
    sequence: field.integer("Sequence", { min: 1 }),
    act: field.choice("Act", ["received", "used", "disposed", "counted"]),
    quantity: field.number("Quantity"),
    balance: field.number("Left"),
    worksheetId: field.id("Worksheet", { optional: true }),
    purpose: field.text("Purpose", { max: 500, optional: true }),
    byName: field.text("Recorded by, printed", { max: 200 }),
    broughtIn: field.boolean("Brought in"),
    statedAt: field.instant("Done where it was brought in from", { optional: true }),
  },
});
