import { defineRecord, field } from "@probity/kernel";

/** One act of verification: every result it names, with the version that was looked at. Signed, it never changes. */
export const verification = defineRecord({
  name: "lab.verification",
  app: "lab",
  path: "verifications",
  title: "Verification",
  fields: {
    sampleId: field.id("Sample", { optional: true }),
    worksheetId: field.id("Worksheet", { optional: true }),
    way: field.choice("Way", ["signature", "step-up"]),
    lines: field.json("Results"),
  },
  may: { read: "lab.sample.read" },
  retain: "laboratory",
  routes: false,
});
