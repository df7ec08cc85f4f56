import { defineErrors } from "@probity/kernel";

export const investigationProblem = defineErrors("lab", {
  not_out: {
    status: 409,
    title: "Not out of specification",
    detail:
      "{name} lies within its limits or has no value yet. Nothing was opened. Only a result out of specification is investigated.",
  },
  investigation_there: {
    status: 409,
    title: "Under investigation already",
    detail: "{number} investigates this result. Nothing was opened. Go on there.",
  },
  assessment_open: {
    status: 422,
    title: "The assessment is not complete",
    detail: "{why} Nothing was changed. Answer every question, with a note where something was not in order.",
  },
  investigation_step: {
    status: 409,
    title: "Not at this point",
    detail: "{number} is in {state}. Nothing was changed. {next}",
  },
  investigation_own: {
    status: 403,
    title: "Another person decides this",
    detail: "You {what}, so somebody else decides here. Nothing was changed. Ask another reviewer.",
  },
  plan_missing: {
    status: 409,
    title: "No approved retest plan",
    detail:
      "{name} is out of specification, and a retest needs a plan that was approved before it. Nothing was changed. {next}",
  },
  not_investigated: {
    status: 409,
    title: "Investigation not concluded",
    detail:
      "{count} results of {number} were out of specification and are not explained. Nothing was published. Conclude their investigations first.",
  },
});
