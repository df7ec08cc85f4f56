import { defineRecord, field } from "@probity/kernel";

/** That somebody is to be told of a value out of specification, or of an investigation that waits; sent once, by the server. */
export const notice = defineRecord({
  app: "lab",
  name: "lab.notice",
  path: "notices",
  title: "Notice",
  may: { read: "lab.sample.read" },
  retain: "laboratory",
  routes: false,
  fields: {
    batchId: field.id("Told together"),
    kind: field.choice("Of what", ["out", "waits"]),
    resultId: field.id("Result", { optional: true }),
    investigationId: field.id("Investigation", { optional: true }),
    investigationVersion: field.integer("Its version", { min: 1, optional: true }),
    waitsFor: field.choice("Waits for", ["assess", "approve-plan", "plan-again", "retest", "conclude"], {
      optional: true,
    }),
    sentAt: field.instant("Sent at", { optional: true }),
    recipients: field.integer("To how many", { min: 0, optional: true }),
  },
});
