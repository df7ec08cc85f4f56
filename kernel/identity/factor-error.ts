import { defineErrors } from "../work/problem.ts";

/** What second factors, step-up and the freeze can answer. A wrong code and a used one get the same text. */
export const factorProblem = defineErrors("factor", {
  awaited: {
    status: 401,
    title: "One more step",
    detail:
      "Your password was right, and this account has a second factor. Nothing is open yet. Give the second factor.",
  },
  refused: {
    status: 401,
    title: "Not accepted",
    detail:
      "This proof does not match, was used already or is too old. Nothing was changed. Try again with a fresh one.",
  },
  locked: {
    status: 429,
    title: "Second factor is paused",
    detail:
      "There were {limit} failed attempts. Your account is safe, and the last one was not looked at. Wait {minutes} minutes, then try again.",
  },
  totp_on: {
    status: 409,
    title: "Codes are set up already",
    detail: "This account has an authenticator app already. Nothing was changed. Remove it first to set up another.",
  },
  totp_not_begun: {
    status: 409,
    title: "Set-up not begun",
    detail:
      "No set-up of an authenticator app is open in this session, or it is older than 15 minutes. Nothing was changed. Begin again.",
  },
  unknown: {
    status: 404,
    title: "No such factor",
    detail: "This account has no such second factor. Nothing was changed. Load the list again.",
  },
  none_yet: {
    status: 409,
    title: "No second factor yet",
    detail: "Recovery codes stand in for a second factor, and there is none. Nothing was changed. Set one up first.",
  },
  passkey_refused: {
    status: 422,
    title: "Passkey not accepted",
    detail:
      "What the passkey answered does not fit this address, this request or this account. Nothing was stored. Begin again.",
  },
  passkey_many: {
    status: 409,
    title: "Enough passkeys",
    detail: "An account has at most {limit} passkeys. Nothing was stored. Remove one you no longer use.",
  },
  passkey_taken: {
    status: 409,
    title: "Passkey is known",
    detail: "This passkey is set up already. Nothing was changed. Use another device or key.",
  },
  through_one_workspace: {
    status: 403,
    title: "Not from this sign-in",
    detail:
      "You are signed in through one workspace's identity provider, and your account opens others too. Nothing was changed. Sign in by your own password or passkey to change how you sign in.",
  },
  own_first: {
    status: 409,
    title: "Your own second factor first",
    detail:
      "Requiring a second factor would leave you with nothing but its set-up. Nothing was changed. Set up your own on your page, then require it of all.",
  },
  freeze_needs_two: {
    status: 409,
    title: "Nobody could thaw it",
    detail:
      "Two different owners or admins thaw a workspace, and it has one. Nothing was frozen. Invite a second admin first, or end sessions and keys one by one.",
  },
  frozen_already: {
    status: 409,
    title: "Frozen already",
    detail: "This workspace is frozen already. Nothing was changed. Two owners or admins can thaw it.",
  },
  not_frozen: {
    status: 409,
    title: "Not frozen",
    detail: "This workspace is not frozen. Nothing was changed. Load the page again.",
  },
  thaw_by_another: {
    status: 409,
    title: "Somebody else must agree",
    detail: "You asked for the thaw already. The workspace stays frozen and safe. Another owner or admin must agree.",
  },
});
