import { defineErrors } from "@probity/kernel";

export const trailProblem = defineErrors("lab_trail", {
  period_wrong: {
    status: 422,
    title: "Not a period to review",
    detail:
      "A review covers at most {days} days that are over. Nothing was opened. Choose a first day before the last, and a last one before today or today.",
  },
  concluded: {
    status: 409,
    title: "Concluded",
    detail:
      "This review was concluded by a signature. Nothing was changed. Open another one where there is more to look at.",
  },
  item_unknown: {
    status: 404,
    title: "Not an item of this review",
    detail: "One of these is not among what this review looks at. Nothing was marked. Load the page again.",
  },
  unseen: {
    status: 409,
    title: "Not everything was seen",
    detail: "{count} items of this review are not marked as seen. Nothing was signed. Look at them first.",
  },
  too_many: {
    status: 422,
    title: "Too much for one review",
    detail: "This period holds more than {most} items to look at. Nothing was opened. Choose a shorter one.",
  },
});
