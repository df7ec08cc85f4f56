import { defineRecord, field } from "@probity/kernel";

/** What a blinded sample truly is, sealed; opened once, with the reason. */
export const blind = defineRecord({
  app: "lab",
  name: "lab.blind",
  path: "blinds",
  title: "Blind",
  may: { read: "lab.sample.unblind" },
  retain: "laboratory",
  routes: false,
  fields: {
    sampleId: field.id("Sample"),
    sealed: field.text("What it covers, sealed", { max: 100_000 }),
    reason: field.text("Why it was opened", { max: 500, optional: true }),
    openedAt: field.instant("Opened at", { optional: true }),
    openedBy: field.id("Opened by", { optional: true }),
    openedName: field.text("Opened by, printed", { max: 200, optional: true }),
  },
});
