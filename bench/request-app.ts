import { join } from "node:path";
import { defineApp, defineRecord, field, type App } from "../kernel/index.ts";

const note = defineRecord({
  name: "bench.note",
  app: "bench",
  path: "notes",
  title: "Note",
  fields: {
    name: field.text("Name", { max: 120 }),
    description: field.text("Description", { max: 2000, optional: true }),
    amount: field.integer("Amount", { min: 0 }),
  },
  may: { read: "bench.note.read", create: "bench.note.change", update: "bench.note.change" },
  retain: "analysis",
});

/** An app of one plain record, made like any other: what it costs is what the kernel costs. */
export const benchApp: App = defineApp({
  name: "bench",
  title: "Measurements",
  migrations: { scope: "bench", folder: join(import.meta.dirname, "request-sql") },
  grants: { "bench.note.read": ["owner", "admin", "member"], "bench.note.change": ["owner", "admin", "member"] },
  records: [note],
  routes: () => [],
  jobs: () => ({}),
});
