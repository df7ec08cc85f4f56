import { defineRecord, field } from "@probity/kernel";

const served = { app: "lab", may: { read: "lab.sample.read" }, retain: "laboratory", routes: false };

/** What the laboratory decided of its own rules, from when on, by whom and why. */
export const setting = defineRecord({
  ...served,
  name: "lab.setting",
  path: "settings",
  title: "Setting",
  fields: {
    name: field.text("Setting", { max: 80 }),
    value: field.json("Value"),
    effectiveAt: field.instant("In effect from"),
    reason: field.text("Reason", { max: 500 }),
    maker: field.text("Set by, printed", { max: 200 }),
  },
});

/** A result let past a gate that holds it: asked for by one person, decided by another. */
export const gateOverride = defineRecord({
  ...served,
  name: "lab.gate_override",
  path: "overrides",
  title: "Gate override",
  fields: {
    resultId: field.id("Result"),
    gate: field.text("Gate", { max: 40 }),
    holds: field.json("Holds"),
    said: field.text("Holds in words", { max: 4000 }),
    value: field.text("Value it was asked for", { max: 200 }),
    enteredAt: field.instant("Value entered at"),
    reason: field.text("Reason", { max: 1000 }),
    state: field.choice("State", ["asked", "confirmed", "refused"]),
    askedName: field.text("Asked by, printed", { max: 200 }),
    decidedBy: field.id("Decided by", { optional: true }),
    decidedAt: field.instant("Decided at", { optional: true }),
    decidedName: field.text("Decided by, printed", { max: 200, optional: true }),
    decidedReason: field.text("Why decided so", { max: 1000, optional: true }),
    broughtIn: field.boolean("Brought in"),
    statedAt: field.instant("Done where it was brought in from", { optional: true }),
  },
});
