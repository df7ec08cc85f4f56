import { defineErrors } from "../../work/problem.ts";

/** What setting up a stream can answer. */
export const streamProblem = defineErrors("stream", {
  unknown: {
    status: 404,
    title: "No such stream",
    detail: "This stream is not one of this workspace. Nothing was changed. Load the list again.",
  },
  incomplete: {
    status: 422,
    title: "Something is missing",
    detail: "{reason} Nothing was stored. Complete it and save again.",
  },
  other_kind: {
    status: 409,
    title: "A stream of another kind",
    detail:
      "This belongs to a {kind} stream: webhooks have secrets, syslog has certificates. Nothing was changed. Load the list again.",
  },
  too_many: {
    status: 409,
    title: "Ten streams at most",
    detail: "This workspace has ten streams already. Nothing was changed. Remove one you no longer need.",
  },
  no_such_time: {
    status: 422,
    title: "Not a point in time",
    detail: "“{text}” is not a date. Nothing was changed. Write it like 2026-11-22, or choose the beginning.",
  },
});

export function incompleteStream(reason: string): Error {
  return streamProblem.incomplete({ values: { reason } });
}
