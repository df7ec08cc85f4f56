import { defineErrors } from "@probity/kernel";

export const scheduleProblem = defineErrors("lab", {
  schedule_wrong: {
    status: 422,
    title: "The schedule can't be kept",
    detail: "{why} Nothing was kept. Correct it and send it again.",
  },
  schedule_named: {
    status: 409,
    title: "Name taken",
    detail: "Another schedule is called “{name}”. Nothing was kept. Choose another name.",
  },
  schedule_so_already: {
    status: 409,
    title: "Nothing to change",
    detail: "“{name}” is {state} already. Nothing was changed. What it registered stays.",
  },
  slot_not_open: {
    status: 409,
    title: "No open slot on that day",
    detail:
      "“{name}” has no slot on {on} that can still be skipped. Nothing was changed. Choose a coming day whose samples are not registered yet.",
  },
});
