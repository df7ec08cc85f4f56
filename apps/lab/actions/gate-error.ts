import { defineErrors } from "@probity/kernel";

export const gateProblem = defineErrors("lab", {
  results_held: {
    status: 409,
    title: "Held at a gate",
    detail:
      "{count} of these results can't be verified yet: {why} They are kept as entered and nothing was verified. Settle what holds them, or ask for an override that another person confirms.",
  },
});
