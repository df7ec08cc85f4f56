import { DatabaseError } from "pg";
import { isDatabaseAway, isNeverSent } from "../database/lost.ts";
import { defineErrors, type Problem } from "./problem.ts";

export const doorProblem = defineErrors("kernel", {
  session_ended: {
    status: 401,
    title: "Signed out",
    detail: "You are not signed in, or your session has ended. What you saved is safe. Sign in to go on.",
  },
  key_ended: {
    status: 401,
    title: "Key not accepted",
    detail: "This key is unknown, revoked or past its end. Nothing was changed. Make a new key under People & access.",
  },
  link_ended: {
    status: 401,
    title: "Link ended",
    detail:
      "This link ended, was revoked or is not whole. The file is safe. Open it from the mail again, or ask for a new link.",
  },
  second_factor_required: {
    status: 403,
    title: "Second factor needed",
    detail: "This workspace requires a second factor. Your work is safe. Set one up to go on.",
  },
  sso_required: {
    status: 403,
    title: "Single sign-on needed",
    detail:
      "This workspace lets your address in through its own sign-in page alone. Your work is safe. Sign out, then choose “Continue with single sign-on”.",
  },
  step_up_required: {
    status: 403,
    title: "Confirm it is you",
    detail:
      "This act needs a fresh proof of who you are, good for this act alone. Nothing was changed. Confirm it is you, then send it again.",
  },
  source_not_allowed: {
    status: 403,
    title: "Address not on the list",
    detail:
      "This workspace is open to listed addresses only. Nothing was changed. Connect from a listed network, or ask an admin.",
  },
  permission_missing: {
    status: 403,
    title: "Not part of your role",
    detail:
      "This needs the permission {permission}, which your role does not have. Nothing was changed. Ask an admin of the workspace.",
  },
  not_found: {
    status: 404,
    title: "Not here",
    detail: "There is nothing at this address for you. Nothing was changed. Check the address, or go back to the list.",
  },
  workspace_frozen: {
    status: 423,
    title: "Workspace frozen",
    detail: "This workspace is frozen: nobody can read or change it for now. Everything in it is safe. Ask its owner.",
  },
  busy: {
    status: 503,
    title: "Too busy just now",
    detail: "The server could not take this up in time. Nothing was changed. Try again in a few seconds.",
  },
  unconfirmed: {
    status: 503,
    title: "Not confirmed",
    detail:
      "The database was lost before it could answer. What was sent is kept whole, or not at all. Look in a few seconds before you send it again; with the same Idempotency-Key it is never done twice.",
  },
  locked: {
    status: 409,
    title: "Locked",
    detail: "This record is locked. Nothing was changed. Ask an admin to unlock it.",
  },
  stale: {
    status: 412,
    title: "Changed meanwhile",
    detail:
      "Somebody saved version {current} while you had version {given}. Nothing was changed. Load the new version, compare, then save again.",
  },
  key_forgotten: {
    status: 409,
    title: "Done before",
    detail:
      "A request with this Idempotency-Key was done longer ago than its answer is kept. Nothing was changed. Look whether it is there; use a new key for a new request.",
  },
  version_missing: {
    status: 428,
    title: "Version not named",
    detail: "A change names the version it starts from. Nothing was changed. Send the ETag you read as If-Match.",
  },
});

const bySqlState: Readonly<Record<string, keyof typeof doorProblem>> = {
  PB423: "locked",
  "57014": "busy",
  "55P03": "busy",
  "40001": "busy",
  "40P01": "busy",
};

function isDoorCode(message: string): message is keyof typeof doorProblem {
  return message in doorProblem;
}

/** Turns the door's own refusals into problems; any other error stays what it is and becomes an opaque 500. */
export function problemOfDatabase(error: unknown, permission: string): Problem | undefined {
  if (isDatabaseAway(error)) return doorProblem.busy({ cause: error });
  if (!(error instanceof DatabaseError) || error.code === undefined) return undefined;
  if (error.code.startsWith("PB4") && isDoorCode(error.message)) {
    return doorProblem[error.message]({ values: { permission }, cause: error });
  }
  // Another tenant's workspace, and one that does not exist, look the same.
  if (error.code === "PB404") return doorProblem.not_found({ cause: error });
  if (error.code === "PB401") return doorProblem.session_ended({ cause: error });
  // A row that its writer may not see may not be written: it is as unknown as one that never was (TEN-06).
  if (error.code === "42501" && /row-level security policy "?audience"?/.test(error.message))
    return doorProblem.not_found({ cause: error });
  const known = bySqlState[error.code];
  return known === undefined ? undefined : doorProblem[known]({ cause: error });
}

/** Whoever lost the database while it committed can't be told that nothing was changed. */
export function unconfirmed(error: unknown): unknown {
  return isDatabaseAway(error) && !isNeverSent(error) ? doorProblem.unconfirmed({ cause: error }) : error;
}
