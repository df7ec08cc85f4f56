import { defineErrors } from "../work/problem.ts";

export const exportProblem = defineErrors("ledger_export", {
  not_signed: {
    status: 409,
    title: "The log is not signed yet",
    detail:
      "No signed checkpoint covers this workspace's log yet. Nothing was exported, and every event is kept. Try again in a moment; if it stays, ask your operator to look at the log's state.",
  },
});
