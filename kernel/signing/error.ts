import { defineErrors } from "../work/problem.ts";

/** What signing, locking and verifying a signer can answer. */
export const signingProblem = defineErrors("signing", {
  person_only: {
    status: 403,
    title: "Signed by people alone",
    detail:
      "A signature is given by a person at their own session; keys, links and jobs give none. Nothing was signed. Sign in and sign there.",
  },
  not_verified: {
    status: 403,
    title: "Identity not verified yet",
    detail:
      "Before you may sign, somebody else verifies who you are. Nothing was signed. Ask an admin of the workspace.",
  },
  not_acknowledged: {
    status: 403,
    title: "Not acknowledged yet",
    detail:
      "Your identity is verified; you have not yet taken your signature as binding. Nothing was signed. Do so on your account page under Signing.",
  },
  revoked: {
    status: 403,
    title: "Signing was taken back",
    detail: "You may no longer sign in this workspace. Earlier signatures stand. Ask an admin of the workspace.",
  },
  locked: {
    status: 423,
    title: "Signing is locked",
    detail:
      "There were {limit} wrong tries at signing in your name; the admins were told. Nothing was signed. An admin reinstates your signing.",
  },
  refused: {
    status: 403,
    title: "Not proved",
    detail: "This does not prove who you are. Nothing was signed. Check what you entered and sign again.",
  },
  components_missing: {
    status: 422,
    title: "More is asked for",
    detail: "This signature asks for {needed}. Nothing was signed. Enter it and sign again.",
  },
  challenge_ended: {
    status: 409,
    title: "Begin the signature again",
    detail:
      "This signature was begun in another session, is used, or took too long. Nothing was signed. Open the dialog again.",
  },
  record_moved: {
    status: 412,
    title: "Changed meanwhile",
    detail: "{title} changed while you were signing. Nothing was signed. Look at what it says now, then sign that.",
  },
  step_unknown: {
    status: 404,
    title: "Not signed this way",
    detail: "This record asks for no such signature. Nothing was signed. Choose one of those it names.",
  },
  meaning_unknown: {
    status: 422,
    title: "Meaning or reason not on the list",
    detail: "A signature says one of the meanings and reasons that its record names. Nothing was signed. Choose one.",
  },
  out_of_order: {
    status: 409,
    title: "Not this signature's turn",
    detail: "{step} comes after {before}. Nothing was signed. Wait for it.",
  },
  step_done: {
    status: 409,
    title: "Already signed",
    detail: "{step} is signed already. Nothing was signed by you. Load the page again.",
  },
  own_work: {
    status: 403,
    title: "Your own work",
    detail: "You worked on {title}, and {step} asks for somebody who did not. Nothing was signed. Ask a colleague.",
  },
  signed_before: {
    status: 403,
    title: "You signed this version",
    detail: "One person signs one version once, in whatever role. Nothing was signed. Ask a colleague.",
  },
  not_locked: {
    status: 409,
    title: "Not locked",
    detail: "This record is open for changes already. Nothing was changed. Go on with the change.",
  },
  signer_unknown: {
    status: 404,
    title: "Nobody to verify",
    detail:
      "There is no such colleague whose identity you may verify; nobody verifies their own. Nothing was changed. Choose one from the list.",
  },
  name_unclear: {
    status: 422,
    title: "The name could be read as another",
    detail:
      "A word of the name mixes letters of scripts that look alike, or nothing of it can be seen. Nothing was changed. Type the name as the document shows it, in one script.",
  },
  nothing_to_acknowledge: {
    status: 409,
    title: "Nothing to acknowledge",
    detail: "Your identity awaits no acknowledgement here. Nothing was changed. Ask an admin to verify you.",
  },
});
