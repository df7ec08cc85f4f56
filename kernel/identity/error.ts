import { defineErrors } from "../work/problem.ts";

/** What signing in, setting up and inviting can answer. One text for every way a sign-in can be wrong (IDN-05). */
export const identityProblem = defineErrors("identity", {
  sign_in_refused: {
    status: 401,
    title: "Not signed in",
    detail: "E-mail address and password do not match an open account. Nothing was changed. Check both and try again.",
  },
  sign_in_locked: {
    status: 429,
    title: "Sign-in is paused",
    detail:
      "There were {limit} failed sign-ins. Your account is safe, and the password was not checked. Wait {minutes} minutes, then try again.",
  },
  session_unknown: {
    status: 404,
    title: "No such session",
    detail:
      "This session is not one of yours, or it has ended already. Your other sessions go on. Load the list again.",
  },
  password_refused: {
    status: 422,
    title: "Choose another password",
    detail: "{reason} Nothing was stored. Choose another one: a few unrelated words make a good one.",
  },
  email_unreadable: {
    status: 422,
    title: "Not an e-mail address",
    detail: "This is not an e-mail address. Nothing was stored. Write it like name@example.com.",
  },
  name_missing: {
    status: 422,
    title: "Name missing",
    detail: "A name has 1 to 200 characters. Nothing was stored. Write the name people know.",
  },
  setup_link_ended: {
    status: 410,
    title: "Set-up link ended",
    detail:
      "This set-up link is used, too old, or was replaced at the last start. Nothing was changed. Restart the server to get a new link, or sign in if the set-up is done.",
  },
  setup_done: {
    status: 409,
    title: "Already set up",
    detail: "This instance is set up already. Nothing was changed. Sign in as its owner.",
  },
  setup_running: {
    status: 409,
    title: "Set-up is running",
    detail:
      "Somebody else is completing the set-up at this moment. Nothing was changed. Wait a few seconds, then load the page again.",
  },
  invitation_ended: {
    status: 410,
    title: "Invitation ended",
    detail: "This invitation is used, withdrawn or older than 7 days. Nothing was changed. Ask for a new one.",
  },
  invitation_for_another: {
    status: 403,
    title: "Invitation for somebody else",
    detail:
      "This invitation is for another e-mail address than the one you are signed in with. Nothing was changed. Sign out and open the link again.",
  },
  already_member: {
    status: 409,
    title: "Already a member",
    detail: "This person is a member of the workspace already. Nothing was changed. Change the role instead.",
  },
  member_locked: {
    status: 409,
    title: "Kept out by an alarm",
    detail:
      "An open alarm keeps this person out of the workspace. Nothing was changed. Look at the alarm and release it: then they are in again.",
  },
  owner_only: {
    status: 403,
    title: "Owners only",
    detail: "Only an owner can make, change or remove an owner. Nothing was changed. Ask an owner of the workspace.",
  },
  people_not_yours: {
    status: 403,
    title: "Not part of your role",
    detail: "Changing people needs the role owner or admin. Nothing was changed. Ask an admin of the workspace.",
  },
  guest_stays: {
    status: 409,
    title: "From outside",
    detail:
      "This person was invited from outside and sees what an app shows them alone. Nothing was changed. To make them a member, remove them and invite them.",
  },
  own_membership: {
    status: 409,
    title: "Your own membership",
    detail: "Nobody changes or ends their own membership. Nothing was changed. Ask another owner or admin.",
  },
  last_owner: {
    status: 409,
    title: "Last owner",
    detail:
      "This is the last owner, and a workspace needs one. Nothing was changed. Make somebody else an owner first.",
  },
  key_unknown: {
    status: 404,
    title: "No such key",
    detail: "There is no such key of yours. Nothing was changed. Load the list again.",
  },
  key_by_person: {
    status: 403,
    title: "Keys are made by people",
    detail:
      "A key or token makes no further keys. Nothing was changed. Sign in in a browser and make the key under API keys.",
  },
  key_too_long: {
    status: 422,
    title: "Longer than allowed",
    detail:
      "A key may live {days} days at most here. Nothing was made. Choose a shorter time, or ask an admin to change the policy.",
  },
  key_limit_unkept: {
    status: 422,
    title: "A limit that could not hold",
    detail:
      "{permission} opens records that have no owner, so no limit would hold for it. Nothing was made. Leave it out, or make a key without a limit.",
  },
  network_unreadable: {
    status: 422,
    title: "Not a network",
    detail:
      "{network} is not a network. Nothing was made. Write it like 203.0.113.0/24 or 2001:db8::/32, without bits beyond the prefix.",
  },
  member_unknown: {
    status: 404,
    title: "No such member",
    detail: "There is no such member in this workspace. Nothing was changed. Load the list again.",
  },
});
