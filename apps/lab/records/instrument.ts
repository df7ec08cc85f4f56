import { defineRecord, field } from "@probity/kernel";

const served = { app: "lab", may: { read: "lab.sample.read" }, retain: "laboratory", routes: false };
const months = (title: string) => field.integer(title, { min: 1, max: 120, optional: true });

/** What is measured with. Its state comes from its events. */
export const instrument = defineRecord({
  ...served,
  name: "lab.instrument",
  path: "instruments",
  title: "Instrument",
  fields: {
    number: field.text("Number", { max: 40 }),
    kind: field.text("Kind", { max: 40 }),
    name: field.text("Name", { max: 120 }),
    make: field.text("Make", { max: 120, optional: true }),
    model: field.text("Model", { max: 120, optional: true }),
    serial: field.text("Serial number", { max: 80, optional: true }),
    location: field.text("Location", { max: 120, optional: true }),
    calibrationMonths: months("Months between calibrations"),
    qualificationMonths: months("Months between qualifications"),
    maintenanceMonths: months("Months between maintenance"),
  },
});

/** What happened to an instrument: never changed, and counted from when it was recorded. */
export const instrumentEvent = defineRecord({
  ...served,
  name: "lab.instrument_event",
  path: "instrument-events",
  title: "Instrument event",
  fields: {
    instrumentId: field.id("Instrument"),
    sequence: field.integer("Sequence", { min: 1 }),
    act: field.choice("Act", ["calibration", "qualification", "maintenance", "hold", "release", "retire", "return"]),
    performedOn: field.date("Performed on", { optional: true }),
    dueOn: field.date("Next due on", { optional: true }),
    outcome: field.choice("Outcome", ["pass", "adjusted", "fail"], { optional: true }),
    reference: field.text("Certificate", { max: 120, optional: true }),
    provider: field.text("Performed by", { max: 120, optional: true }),
    reason: field.text("Reason", { max: 1000, optional: true }),
    byName: field.text("Recorded by, printed", { max: 200 }),
    broughtIn: field.boolean("Brought in"),
    statedAt: field.instant("Done where it was brought in from", { optional: true }),
  },
});

/** What results were made with: a set of instruments and lots that never changes. */
export const setup = defineRecord({
  ...served,
  name: "lab.setup",
  path: "setups",
  title: "Instruments and materials used",
  fields: {
    worksheetId: field.id("Worksheet", { optional: true }),
    number: field.integer("Number", { min: 1 }),
    reason: field.text("Why corrected", { max: 500, optional: true }),
    byName: field.text("Named by, printed", { max: 200 }),
  },
});

export const setupItem = defineRecord({
  ...served,
  name: "lab.setup_item",
  path: "setup-items",
  title: "Instrument or lot used",
  fields: {
    setupId: field.id("Set"),
    instrumentId: field.id("Instrument", { optional: true }),
    lotId: field.id("Lot", { optional: true }),
  },
});
