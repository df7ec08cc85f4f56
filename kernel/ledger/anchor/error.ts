import { defineErrors } from "../../work/problem.ts";

/** What setting up anchors can answer. */
export const anchorProblem = defineErrors("anchor", {
  unknown: {
    status: 404,
    title: "No such holder",
    detail: "This witness or address is not one of this workspace. Nothing was changed. Load the page again.",
  },
  incomplete: {
    status: 422,
    title: "Something is missing",
    detail: "{reason} Nothing was stored. Correct it and save again.",
  },
  other_kind: {
    status: 409,
    title: "It has no secret",
    detail: "Only an address that gets copies by webhook has a secret. Nothing was changed. Choose one of these.",
  },
  too_many: {
    status: 409,
    title: "Twenty holders at most",
    detail: "This workspace has twenty witnesses and addresses. Nothing was changed. Remove one you no longer need.",
  },
  no_checkpoint: {
    status: 409,
    title: "No checkpoint yet",
    detail:
      "The log of this workspace has not been signed yet. Nothing is lost: its entries are stored. Try again in a few seconds.",
  },
});
