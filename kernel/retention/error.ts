import { defineErrors } from "../work/problem.ts";

export const retentionProblem = defineErrors("retention", {
  on_hold: {
    status: 409,
    title: "On legal hold",
    detail:
      "A legal hold covers this: “{reason}”. Nothing was erased, and nothing it covers will be until it is released. Release the hold first, if its reason is over.",
  },
  signed: {
    status: 409,
    title: "Signed records keep the signer's name",
    detail:
      "This person signed {count} records, and a signed record keeps its signer's printed name for as long as it is kept (21 CFR 11.50 and 11.70; GDPR Article 17(3)(b)). Nothing was erased. Erase them when those records have been retired.",
  },
  own_self: {
    status: 409,
    title: "That is you",
    detail:
      "An erasure is executed by somebody else. Nothing was erased. Ask another owner, or hand the workspace over first.",
  },
  already_erased: {
    status: 409,
    title: "Already erased",
    detail: "This person was erased before. Nothing was changed. The receipt of that erasure is in the list.",
  },
  person_unknown: {
    status: 404,
    title: "No such person",
    detail:
      "Nobody of that id belongs or belonged to this workspace. Nothing was erased. Choose somebody from the list.",
  },
  log_behind: {
    status: 409,
    title: "The log is catching up",
    detail:
      "Events of this workspace still wait for their place in the log, and an erasure names places. Nothing was erased. Try again in a moment.",
  },
  proof_waits: {
    status: 409,
    title: "Not signed yet",
    detail:
      "The log has recorded this erasure and has not signed it yet. Nothing is lost. Try again in a moment; the page Ledger says how the log stands.",
  },
  hold_unknown: {
    status: 404,
    title: "No such hold",
    detail: "There is no legal hold of that id that stands. Nothing was changed. Choose one from the list.",
  },
});
