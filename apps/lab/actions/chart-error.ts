import { defineErrors } from "@probity/kernel";

export const chartProblem = defineErrors("lab", {
  chart_there: {
    status: 409,
    title: "This chart exists",
    detail: "{what} has a chart for this lot. Nothing was made. Open it, or name another lot.",
  },
  chart_not_fitting: {
    status: 422,
    title: "Another chart's control",
    detail:
      "{what} Nothing was changed. Choose a chart of the same method and analyte, before a value is entered, and a lot in use.",
  },
  chart_retired: {
    status: 409,
    title: "Retired chart",
    detail: "{what} is retired. Nothing was changed. Use the chart of a lot in use.",
  },
  limits_wrong: {
    status: 422,
    title: "These limits can't be proposed",
    detail: "{why} Nothing was changed. Correct the proposal and send it again.",
  },
  limits_waiting: {
    status: 409,
    title: "A proposal waits",
    detail: "Limits version {number} waits for another person's decision. Nothing was changed. Have it decided first.",
  },
  limits_decided: {
    status: 409,
    title: "Decided already",
    detail: "Limits version {number} is {state}. Nothing was changed. Propose a new version.",
  },
  limits_own: {
    status: 403,
    title: "Another person decides this",
    detail: "You proposed these limits, so somebody else freezes them. Nothing was changed. Ask another reviewer.",
  },
});
