import { defineErrors } from "../work/problem.ts";

/** What mail links, registration, a password change and the check against robots can answer. */
export const accountProblem = defineErrors("account", {
  link_ended: {
    status: 410,
    title: "This link has ended",
    detail:
      "It was used, replaced by a newer one, or is too old. Your account is safe, and nothing was changed. Ask for a new link.",
  },
  link_for_another: {
    status: 403,
    title: "This link is for another account",
    detail:
      "It confirms the address of another account than the one you are signed in with. Nothing was changed. Sign in with that account and open the link again.",
  },
  password_wrong: {
    status: 403,
    title: "That is not your current password",
    detail:
      "The current password does not match. Nothing was changed. Try again, or use “Forgot password” on the sign-in page.",
  },
  no_password: {
    status: 409,
    title: "This account has no password",
    detail:
      "You sign in through another service. Nothing was changed. Change your password there, or use “Forgot password” on the sign-in page to get one here.",
  },
  registration_off: {
    status: 403,
    title: "Registration is off",
    detail:
      "This instance takes no registrations. Nothing was stored. Ask whoever runs it, or a workspace's admin for an invitation.",
  },
  address_taken: {
    status: 409,
    title: "You have an account already",
    detail:
      "There is an account with this address by now. Nothing was changed. Sign in, or choose a new password there.",
  },
  robot_check: {
    status: 422,
    title: "The check against robots did not pass",
    detail:
      "It ran out of time, was used before or was not finished. Nothing was sent. Load the page again and send it once more.",
  },
  robot_check_away: {
    status: 503,
    title: "The check against robots can't be reached",
    detail: "The service that checks it did not answer. Nothing was sent. Try again in a few minutes.",
  },
  mail_unknown: {
    status: 404,
    title: "No such mail",
    detail:
      "There is no such mail that you may open: it was sent, is older than 8 days, or goes to somebody else's people. Nothing was changed. Load the list again.",
  },
});
