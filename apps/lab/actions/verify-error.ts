import { defineErrors } from "@probity/kernel";

/** What verifying by signature can answer. */
export const verifyProblem = defineErrors("lab_verify", {
  sign_it: {
    status: 409,
    title: "This is signed",
    detail:
      "Your signing is enabled, so you sign what you verify. Nothing was verified. Open the signature from the sample or worksheet.",
  },
  not_a_signer: {
    status: 403,
    title: "Not enabled to sign",
    detail:
      "Your identity is not verified for signing here, or you have not taken your signature as binding. Nothing was verified. Ask an admin, or acknowledge it on your account page.",
  },
  unsigned_refused: {
    status: 403,
    title: "Verified by signature alone",
    detail:
      "Here only members who may sign verify results, and your identity is not verified for signing yet. Nothing was verified; the results are safe. Ask an admin to verify your identity, or another reviewer to sign.",
  },
  nothing_to_select: {
    status: 409,
    title: "None of these is verified together",
    detail: "{why} Nothing was verified. Settle what holds each, or verify it on its own page.",
  },
  list_moved: {
    status: 412,
    title: "Changed meanwhile",
    detail:
      "Results changed, came or were verified after you looked at them. Nothing was verified. Look at what stands there now, then verify that.",
  },
});
