import { defineErrors } from "@probity/kernel";

export const problem = defineErrors("regulatory_docs", {
  pack_unknown: {
    status: 422,
    title: "No such pack",
    detail: "There is no requirement pack of that name here. Nothing was analysed. Choose one from the list.",
  },
  nothing_to_analyse: {
    status: 409,
    title: "Nothing to analyse",
    detail:
      "The collection holds no document that could be read. Nothing was analysed. Upload documents, or replace those that were refused.",
  },
  run_unfinished: {
    status: 409,
    title: "Still running",
    detail: "This analysis has not finished. Nothing is lost. Wait for it, or start another.",
  },
  reason_missing: {
    status: 422,
    title: "Reason missing",
    detail: "{what} asks for its reason. Nothing was changed. Say why, and send it again.",
  },
  override_same: {
    status: 422,
    title: "Nothing to override",
    detail: "The machine already says {status}. Nothing was changed. Accept it, or choose another status.",
  },
  not_decided: {
    status: 409,
    title: "Not decided",
    detail: "There is no decision on this finding to take back. Nothing was changed. Decide it first.",
  },
  check_off: {
    status: 404,
    title: "Not offered here",
    detail: "This instance does not offer the free check. Nothing was read. Sign in to analyse documents.",
  },
  check_empty: {
    status: 400,
    title: "No documents",
    detail: "The request holds no documents. Nothing was read. Drop at least one file.",
  },
});
