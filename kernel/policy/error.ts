import { defineErrors } from "../work/problem.ts";

export const policyProblem = defineErrors("policy", {
  unknown: {
    status: 404,
    title: "No such policy",
    detail: "There is no policy of that name. Nothing was changed. Choose one from the list.",
  },
  value_outside: {
    status: 422,
    title: "Outside what is allowed",
    detail: "{name} can't have that value. Nothing was changed. See its bounds in the list and send one within them.",
  },
  laxer_than_configured: {
    status: 422,
    title: "Laxer than configured",
    detail:
      "The configuration allows {attempts} in {minutes} minutes at most, and a limit is 1 to 1000 in a day at most. Nothing was changed. Choose a stricter one, or change {variable} first.",
  },
  preset_unknown: {
    status: 422,
    title: "No such preset",
    detail: "There is no preset {preset}. Nothing was changed. Choose one of the five offered.",
  },
  locks_you_out: {
    status: 422,
    title: "Would lock you out",
    detail:
      "The list does not hold the address you come from. Nothing was changed. Add your own network first, or say that you mean to be locked out.",
  },
});
