import { defineErrors } from "@probity/kernel";

export const problem = defineErrors("lab", {
  definition_wrong: {
    status: 422,
    title: "The method can't be kept",
    detail: "{why} Nothing was changed. Correct the definition and send it again.",
  },
  limit_wrong: {
    status: 422,
    title: "The limits can't be kept",
    detail: "{why} Nothing was changed. Correct the limits and send them again.",
  },
  no_tests: {
    status: 422,
    title: "Nothing to test",
    detail:
      "{what} has no specification and no method was named. Nothing was registered. Choose a specification or methods.",
  },
  sample_refused: {
    status: 409,
    title: "The sample laboratory was not laid in",
    detail:
      "This workspace has products of its own. Nothing was laid in, and yours are untouched. Open another workspace for the sample laboratory.",
  },
  sampled_later: {
    status: 422,
    title: "Sampled in the future",
    detail: "The time of sampling lies after now on this server. Nothing was registered. Correct the time.",
  },
  wrong_state: {
    status: 409,
    title: "Not at this point",
    detail: "{number} is {state}. Nothing was changed. {next}",
  },
  duplicate_of_none: {
    status: 422,
    title: "A duplicate of nothing here",
    detail:
      "A duplicate repeats a determination of a sample on the same worksheet, and this one names none. Nothing was made. Put the determination on the worksheet, or name another.",
  },
  nothing_corrected: {
    status: 422,
    title: "Nothing to correct",
    detail: "Everything sent of {number} is as it stands. Nothing was changed. Change what is wrong, then save.",
  },
  rows_stale: {
    status: 412,
    title: "Changed meanwhile",
    detail:
      "{who} saved {count} of these rows while you worked on them. None of yours were saved. Yours are still on the page: compare, then save again.",
  },
  rows_refused: {
    status: 422,
    title: "Some rows were not taken",
    detail:
      "Of the rows sent, {count} can't be kept as they stand. None were saved. Correct what stands beside each, then save again.",
  },
  result_locked: {
    status: 409,
    title: "Locked",
    detail: "{number} is {state} and locked. Nothing changed. Ask an admin to unlock it.",
  },
  not_received: {
    status: 409,
    title: "Not received",
    detail: "{number} has not been received. Nothing was saved. Receive it first.",
  },
  own_result: {
    status: 403,
    title: "Your own result",
    detail:
      "You entered {count} of these results, and nobody verifies their own. Nothing was verified. Ask another reviewer.",
  },
  nothing_to_verify: {
    status: 409,
    title: "Nothing to verify",
    detail: "None of these results waits for verification. Nothing was changed. Enter the missing results first.",
  },
  results_missing: {
    status: 409,
    title: "Not all results are in",
    detail: "{count} of its results are still open. Nothing was changed. Enter them first.",
  },
  analyte_elsewhere: {
    status: 422,
    title: "Not of this method",
    detail: "The method has no analyte of that name. Nothing was added. Choose one of its own.",
  },
  specification_elsewhere: {
    status: 422,
    title: "Of another product",
    detail: "The specification is not one of this sample's product. Nothing was published. Choose one that is.",
  },
  file_refused: {
    status: 422,
    title: "The file was not taken",
    detail: "{why} Nothing was imported. Correct the file and choose it again.",
  },
  import_over: {
    status: 409,
    title: "Not waiting any more",
    detail: "{name} is not being imported any more. What became of it stands. Open it to see.",
  },
  not_blinded: {
    status: 409,
    title: "Not blinded",
    detail: "{number} is not blinded. Nothing was changed. Open it to see what it is.",
  },
  blinded_still: {
    status: 409,
    title: "Not verified yet",
    detail:
      "{number} is blinded until it is verified. Nothing was changed. Verify it first, or ask an admin to unblind it.",
  },
  blinded_wants_more: {
    status: 422,
    title: "Can't be blinded",
    detail: "{why} Nothing was registered. Register it without a blind, or take that out.",
  },
  answer_forgotten: {
    status: 409,
    title: "Done before",
    detail:
      "A request with this Idempotency-Key was done more than two days ago and its answer is not kept any more. Nothing was changed. Use a new key for a new request.",
  },
  too_many_labels: {
    status: 422,
    title: "Too many labels",
    detail: "At most 500 labels are made at once. Nothing was printed. Choose fewer samples.",
  },
});
