import { defineErrors } from "../work/problem.ts";

export const ledgerProblem = defineErrors("ledger", {
  nothing_signed: {
    status: 404,
    title: "Nothing signed yet",
    detail:
      "This log has no signed checkpoint yet. What happened is recorded. Try again in a few seconds, or ask the operator how the log stands.",
  },
  not_covered: {
    status: 409,
    title: "Not covered yet",
    detail:
      "No signed checkpoint covers this event yet. The event is recorded. Try again in a few seconds; if it stays so, ask the operator how the log stands.",
  },
  resume_unknown: {
    status: 404,
    title: "Nothing to confirm",
    detail:
      "No such declaration is open for this workspace. Nothing was changed. Ask who runs the server to start npx probity ledger resume.",
  },
});
