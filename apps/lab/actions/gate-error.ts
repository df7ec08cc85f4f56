import { defineErrors } from "@probity/kernel";

export const gateProblem = defineErrors("lab", {
  results_held: {
    status: 409,
    title: "Held at a gate",
    detail:
      "{count} of these results can't be verified yet: {why}. They are kept as entered and nothing was verified. Settle what holds them, or ask for an override that another person confirms.",
  },
  own_correction: {
    status: 403,
    title: "Your own correction",
    detail:
      "You corrected what {count} of these results were made with, so somebody else verifies them. Nothing was verified. Ask another reviewer.",
  },
  nothing_held: {
    status: 409,
    title: "Nothing to override",
    detail: "{name} is not held at this gate. Nothing was asked for. Read the page again.",
  },
  override_there: {
    status: 409,
    title: "Asked for already",
    detail:
      "An override of {name} at this gate waits for a decision. Nothing was asked for. Ask another person to decide it.",
  },
  override_own: {
    status: 403,
    title: "Another person decides this",
    detail: "You {what}, so somebody else decides. Nothing was changed. Ask another reviewer.",
  },
  override_decided: {
    status: 409,
    title: "Decided already",
    detail: "An override among these was decided meanwhile. Nothing was changed. Read the page again.",
  },
  override_moved: {
    status: 409,
    title: "No longer the same",
    detail:
      "{name} has another value, or other holds, than when the override was asked for. Nothing was confirmed. Refuse it, and ask anew where it is still needed.",
  },
  setting_unknown: {
    status: 422,
    title: "No such setting",
    detail: "The laboratory has no setting of that name and value. Nothing was changed. Choose one of the list.",
  },
  setting_past: {
    status: 422,
    title: "Not in the past",
    detail: "A setting takes effect from now on or later. Nothing was changed. Choose a later time.",
  },
});
