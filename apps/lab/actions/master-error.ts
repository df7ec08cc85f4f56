import { defineErrors } from "@probity/kernel";

export const masterProblem = defineErrors("lab_master", {
  in_the_past: {
    status: 422,
    title: "In force before it was made",
    detail:
      "A version comes into force today or later, never before it was made. Nothing was changed. Choose another day.",
  },
  nothing_to_approve: {
    status: 409,
    title: "Nothing to decide",
    detail:
      "This version does not wait for an approval, or somebody has decided. Nothing was changed. Load the page again.",
  },
  own_version: {
    status: 403,
    title: "Your own version",
    detail: "You made this version, and another person approves it. Nothing was changed. Ask a colleague.",
  },
});
