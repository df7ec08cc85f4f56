import { defineErrors } from "../work/problem.ts";

export const recordProblem = defineErrors("record", {
  cursor_unknown: {
    status: 400,
    title: "Page not found",
    detail: "The page mark does not belong to this list. Nothing was changed. Start again from the first page.",
  },
  sort_unknown: {
    status: 400,
    title: "Not sorted this way",
    detail: "This list is not sorted by {field}. Nothing was changed. Use one of: {known}.",
  },
  date_unreadable: {
    status: 400,
    title: "Date not understood",
    detail:
      "{text} is not a date this list understands. Nothing was changed. Write it like 2026-11-12 or 2026-11-12T10:02:00Z.",
  },
  export_too_long: {
    status: 422,
    title: "Too many rows for one file",
    detail:
      "More than {most} rows match, and a file that leaves some out would not say so. Nothing was exported. Narrow the list by its filters, or read it page by page.",
  },
  reason_missing: {
    status: 422,
    title: "Reason missing",
    detail: "A change of this record asks for its reason. Nothing was changed. Send the reason with it.",
  },
  reference_unknown: {
    status: 422,
    title: "Linked record not found",
    detail: "A record this one refers to does not exist here. Nothing was changed. Choose one from the list.",
  },
  value_refused: {
    status: 422,
    title: "A value is not possible",
    detail: "A value lies outside what this record keeps. Nothing was changed. Look at the numbers and dates you sent.",
  },
  duplicate: {
    status: 409,
    title: "Already there",
    detail:
      "There is one of that name already. Nothing was changed. Choose another name, or open the one that is there.",
  },
});
