import { defineRecord, field } from "@probity/kernel";

/** Who was trained on which version of a method, by whom and until when. */
export const training = defineRecord({
  app: "lab",
  name: "lab.training",
  path: "trainings",
  title: "Training",
  may: { read: "lab.sample.read" },
  retain: "laboratory",
  routes: false,
  fields: {
    personId: field.id("Person"),
    methodVersionId: field.id("Method version"),
    way: field.choice("How", ["read", "observed", "examined"]),
    evidence: field.text("Evidence", { max: 500 }),
    validUntil: field.date("Valid until"),
    personName: field.text("Person, printed", { max: 200 }),
    assessorName: field.text("Assessed by, printed", { max: 200 }),
    revokedAt: field.instant("Revoked at", { optional: true }),
    revokedBy: field.id("Revoked by", { optional: true }),
    revokedName: field.text("Revoked by, printed", { max: 200, optional: true }),
    revokedReason: field.text("Why revoked", { max: 500, optional: true }),
  },
});
