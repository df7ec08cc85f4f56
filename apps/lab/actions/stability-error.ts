import { defineErrors } from "@probity/kernel";

export const stabilityProblem = defineErrors("lab", {
  protocol_wrong: {
    status: 422,
    title: "The protocol can't be kept",
    detail: "{why} Nothing was kept. Correct it and save again.",
  },
  protocol_frozen: {
    status: 409,
    title: "Approved and frozen",
    detail: "Protocol {number} is approved and stays as it is. Nothing was changed. Write its next version.",
  },
  protocol_drafted: {
    status: 409,
    title: "A draft is there",
    detail: "Version {number} of the protocol is still a draft. Nothing was made. Change or approve that one.",
  },
  protocol_own: {
    status: 403,
    title: "Your own protocol",
    detail:
      "You wrote some of this protocol, and nobody approves their own. Nothing was approved. Ask another reviewer.",
  },
  protocol_unapproved: {
    status: 409,
    title: "No approved protocol",
    detail: "{number} has no approved protocol. Nothing was started. Have the draft approved first.",
  },
  batch_wrong: {
    status: 422,
    title: "The batch can't be started",
    detail: "{why} Nothing was started. Correct it and start again.",
  },
  batch_started: {
    status: 409,
    title: "Started already",
    detail: "Batch {lot} was started in this study before. Nothing was changed. Its pulls are on the page.",
  },
  pull_done: {
    status: 409,
    title: "Done already",
    detail: "This pull was {state} by {who}. Nothing was changed. Its sample is on the page.",
  },
  pull_outside: {
    status: 422,
    title: "Outside the window",
    detail:
      "The window is {opens} to {closes}, and today is {today}. Nothing was pulled. Say why it is pulled {deviation}; it is kept as a deviation.",
  },
  evaluation_refused: {
    status: 409,
    title: "Not evaluated",
    detail: "{why} Nothing was kept. What is on the page shows how far the data go.",
  },
});
