import { defineErrors } from "@probity/kernel";

export const instrumentProblem = defineErrors("lab", {
  instrument_plan: {
    status: 422,
    title: "Calibrated or qualified",
    detail: "An instrument is calibrated or qualified, or both. Nothing was changed. Say how often.",
  },
  instrument_number: {
    status: 409,
    title: "Number taken",
    detail: "Another instrument has the number {number}. Nothing was changed. Choose another.",
  },
  event_later: {
    status: 422,
    title: "Not done yet",
    detail: "What is recorded has happened: the day lies after today. Nothing was recorded. Correct the day.",
  },
  event_due: {
    status: 422,
    title: "The next day is not within the interval",
    detail: "{why} Nothing was recorded. Correct the day the next one is due.",
  },
  instrument_step: {
    status: 409,
    title: "Not at this point",
    detail: "{number} is {state}. Nothing was changed. {next}",
  },
  hold_own: {
    status: 403,
    title: "Another person releases it",
    detail: "You put {number} on hold, so somebody else releases it. Nothing was changed. Ask another reviewer.",
  },
  lot_step: {
    status: 409,
    title: "Not at this point",
    detail: "Lot {number} is {state}. Nothing was changed. {next}",
  },
  lot_own: {
    status: 403,
    title: "Another person releases it",
    detail: "You {what} lot {number}, so somebody else releases it. Nothing was changed. Ask another reviewer.",
  },
  lot_there: {
    status: 409,
    title: "Received already",
    detail: "Lot {number} of this supplier is on record. Nothing was received. Open it in the list.",
  },
  lot_wrong: {
    status: 422,
    title: "The lot can't be kept",
    detail: "{why} Nothing was received. Correct it and send it again.",
  },
  lot_short: {
    status: 409,
    title: "Not that much left",
    detail: "Lot {number} has {left} {unit} left. Nothing was taken. Correct the quantity, or count the lot.",
  },
  quantity_wrong: {
    status: 422,
    title: "The quantity can't be kept",
    detail: "{why} Nothing was changed. Correct the quantity.",
  },
  setup_unknown: {
    status: 422,
    title: "Not on record",
    detail: "An instrument or lot named here is not in this laboratory. Nothing was changed. Choose one of the lists.",
  },
  setup_moved: {
    status: 412,
    title: "Named meanwhile",
    detail:
      "{who} named other instruments or lots while you chose. Nothing of yours was kept. Look at theirs, then choose again.",
  },
  setup_reason: {
    status: 422,
    title: "Say why",
    detail:
      "Some of these results are entered: what they were made with is only corrected with a reason. Nothing was changed. Say why.",
  },
  training_own: {
    status: 403,
    title: "Another person assesses you",
    detail: "Nobody records their own training. Nothing was recorded. Ask another reviewer.",
  },
  training_end: {
    status: 422,
    title: "The last day can't be kept",
    detail: "A training ends after today and within five years. Nothing was recorded. Correct the day.",
  },
  training_revoked: {
    status: 409,
    title: "Revoked already",
    detail: "This training was revoked. Nothing was changed. Record another one when it is due.",
  },
});
