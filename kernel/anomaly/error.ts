import { defineErrors } from "../work/problem.ts";

export const anomalyProblem = defineErrors("anomaly", {
  unknown: {
    status: 404,
    title: "No such alarm",
    detail: "There is no such open alarm in this workspace. Nothing was changed. Load the list again.",
  },
  about_you: {
    status: 403,
    title: "An alarm about you",
    detail: "Nobody releases an alarm about themselves. Nothing was changed. Ask another owner or admin.",
  },
});
