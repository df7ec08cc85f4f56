import { defineErrors } from "../work/problem.ts";

/** What setting single sign-on up, and signing in with it, can answer. */
export const ssoProblem = defineErrors("sso", {
  domain_unreadable: {
    status: 422,
    title: "Not a domain",
    detail: "This is not the name of a domain. Nothing was stored. Write it like example.com, without https or @.",
  },
  domain_taken: {
    status: 409,
    title: "Domain in use",
    detail:
      "This domain is on a list already: yours, or verified by another workspace. Nothing was changed. Remove it there first, or ask your operator.",
  },
  domain_unknown: {
    status: 404,
    title: "No such domain",
    detail: "This domain is not on the list of this workspace. Nothing was changed. Load the list again.",
  },
  record_missing: {
    status: 409,
    title: "Record not found",
    detail:
      "The name server gave no TXT record with the value shown. Nothing was changed. Add the record, wait until it is public, then check again.",
  },
  name_server_silent: {
    status: 502,
    title: "No answer from the name server",
    detail: "The name server of this domain did not answer. Nothing was changed. Try again in a few minutes.",
  },
  domain_needed: {
    status: 409,
    title: "Verify a domain first",
    detail:
      "Single sign-on works for verified domains, and this workspace has none. Nothing was changed. Add your domain and verify it.",
  },
  domain_forced: {
    status: 409,
    title: "Single sign-on is required",
    detail:
      "People of this workspace have to sign in this way. Nothing was changed. Stop requiring single sign-on first.",
  },
  connection_unknown: {
    status: 404,
    title: "No such connection",
    detail: "This connection is not one of this workspace. Nothing was changed. Load the list again.",
  },
  connection_incomplete: {
    status: 422,
    title: "Something is missing",
    detail: "{reason} Nothing was stored. Complete it and save again.",
  },
  connection_needed: {
    status: 409,
    title: "Switch the connection on first",
    detail:
      "Nobody could sign in: no connection is in use. Nothing was changed. Test a connection and switch it on, then require it.",
  },
  break_glass_unfit: {
    status: 422,
    title: "Not an owner",
    detail:
      "The person who keeps a password for emergencies has to be an active owner. Nothing was changed. Choose an owner.",
  },
  break_glass_bare: {
    status: 422,
    title: "No way in for emergencies",
    detail:
      "{name} has neither a passkey nor a password with an authenticator app, and could not come in while the provider is away. Nothing was changed. Have them set one up under Me, or choose another owner.",
  },
  not_linked: {
    status: 404,
    title: "Not linked",
    detail: "This provider does not sign in to your account. Nothing was changed. Load the page again.",
  },
  last_way_in: {
    status: 409,
    title: "The last way in",
    detail:
      "You could not sign in any more: this is the only way your account opens. Nothing was changed. Add a passkey or link another provider first.",
  },
  not_offered: {
    status: 404,
    title: "Not offered here",
    detail: "This way of signing in is not offered here. Nothing was changed. Sign in another way.",
  },
  attempt_ended: {
    status: 410,
    title: "Sign-in took too long",
    detail:
      "This sign-in was begun in another browser, is used, or is older than ten minutes. Nothing was changed. Begin again from the sign-in page.",
  },
  provider_refused: {
    status: 403,
    title: "Refused by the identity provider",
    detail:
      "The identity provider did not let you through. Nothing was changed here. Try again, or ask the people who run it.",
  },
  provider_unreachable: {
    status: 502,
    title: "Identity provider not reached",
    detail: "The identity provider gave no answer that can be used. Nothing was changed. Try again in a few minutes.",
  },
  answer_refused: {
    status: 403,
    title: "Answer not accepted",
    detail:
      "What the identity provider sent did not pass the checks. Nobody was signed in. Try again; if it stays, ask an admin of your workspace.",
  },
  email_unverified: {
    status: 403,
    title: "E-mail not confirmed there",
    detail:
      "The provider does not vouch for your e-mail address. Nobody was signed in. Confirm the address there, then try again.",
  },
  email_foreign: {
    status: 403,
    title: "Address of another domain",
    detail:
      "The identity provider named an address outside the verified domains of the workspace. Nobody was signed in. Ask an admin of your workspace.",
  },
  account_elsewhere: {
    status: 409,
    title: "Address in use elsewhere",
    detail:
      "An account with this address exists whose address was never confirmed. Nobody was signed in, and that account is unchanged. Sign in to it and confirm the address first.",
  },
  no_account: {
    status: 403,
    title: "No account yet",
    detail:
      "There is no account for this address. Nobody was signed in. Ask for an invitation, or create an account first.",
  },
  membership_ended: {
    status: 403,
    title: "No longer a member",
    detail:
      "Your membership of this workspace has ended, or was never opened. Nobody was signed in. Ask an admin of the workspace.",
  },
  not_asked_again: {
    status: 403,
    title: "Not asked anew",
    detail:
      "The identity provider let you through without asking who you are, or did not say when it asked. Nothing was signed or changed. Try again; if it stays, ask the people who run it to send the time of sign-in (auth_time, or the AuthnInstant of a forced one).",
  },
  another_account: {
    status: 403,
    title: "Another account",
    detail:
      "At the identity provider somebody signed in with another account than yours. Nothing was signed or changed. Begin again and choose your own account there.",
  },
  single_logout: {
    status: 400,
    title: "Not taken here",
    detail:
      "Sign-outs sent by identity providers are not taken here. Nothing was changed. Sign out in Probity, or let an admin end the sessions.",
  },
});
