import { defineRecord, field } from "@probity/kernel";

/** How the files of one instrument or customer are read: which heading holds which field, and how decimals are written. */
export const importSource = defineRecord({
  app: "lab",
  name: "lab.import_source",
  path: "import-sources",
  title: "Import source",
  may: { read: "lab.sample.read" },
  retain: "laboratory",
  routes: false,
  fields: {
    kind: field.choice("Kind", ["samples", "results"]),
    name: field.text("Name", { max: 80 }),
    headings: field.json("Headings"),
    decimalSign: field.choice("Decimal sign", ["point", "comma"]),
  },
});
