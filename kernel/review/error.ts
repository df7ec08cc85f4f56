import { defineErrors } from "../work/problem.ts";

export const reviewProblem = defineErrors("review", {
  unknown: {
    status: 404,
    title: "No such review",
    detail: "There is no such access review, or no such entry in it. Nothing was changed. Load the list again.",
  },
  open_already: {
    status: 409,
    title: "A review is open",
    detail: "An access review is open already. Nothing was changed. Finish it first.",
  },
  alone: {
    status: 409,
    title: "Nobody else is here",
    detail:
      "A review asks two people at least: nobody judges their own access. Nothing was opened. Invite somebody first.",
  },
  own_access: {
    status: 403,
    title: "Your own access",
    detail: "Nobody reviews their own access. Nothing was changed. Another owner or admin decides on it.",
  },
  unfinished: {
    status: 409,
    title: "Not finished yet",
    detail: "{count} entries of this review wait for a decision. Nothing was signed. Decide on them first.",
  },
  decided_already: {
    status: 409,
    title: "Decided already",
    detail: "Somebody has decided on this entry. Nothing was changed. Load the review again.",
  },
});
