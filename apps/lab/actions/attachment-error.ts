import { defineErrors } from "@probity/kernel";

export const attachmentProblem = defineErrors("lab", {
  attachment_closed: {
    status: 409,
    title: "Closed",
    detail: "{what} is {state}: nothing is put beside it or struck out. Nothing was changed. {next}",
  },
  attachment_there: {
    status: 409,
    title: "There already",
    detail: "The same file is beside {what} as {name}. Nothing was stored. Open that one.",
  },
  attachment_struck: {
    status: 409,
    title: "Struck out already",
    detail: "{name} was struck out before. It stays to be read, and nothing was changed. Read the page again.",
  },
  attachment_covered: {
    status: 409,
    title: "Covered by the blind",
    detail:
      "{number} is blinded, and a file beside the sample may show what it is. It was not opened. It opens when the sample is revealed or unblinded.",
  },
});
