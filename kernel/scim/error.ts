import { defineErrors, type Problem } from "../work/problem.ts";

/** What a directory can be answered; each with the scimType of RFC 7644, 3.12 where there is one. */
export const scimProblem = defineErrors("scim", {
  token_refused: {
    status: 401,
    title: "Token not accepted",
    detail:
      "This provisioning token is unknown, revoked or past its end. Nothing was changed. Make a new one under Settings, Single sign-on.",
  },
  token_unknown: {
    status: 404,
    title: "No such token",
    detail: "There is no such provisioning token in this workspace. Nothing was changed. Load the list again.",
  },
  unknown: {
    status: 404,
    title: "Not here",
    detail: "There is no such resource in this workspace. Nothing was changed. Ask for the list.",
  },
  filter_unreadable: {
    status: 400,
    title: "Filter not understood",
    detail: "The filter is not one that is taken here: {reason}. Nothing was changed. Compare with eq, joined by and.",
  },
  value_unfit: {
    status: 400,
    title: "Value not taken",
    detail: "{reason} Nothing was changed. Correct it and send it again.",
  },
  path_unknown: {
    status: 400,
    title: "Path not understood",
    detail: "The path {path} names nothing that can be changed here. Nothing was changed. See /scim/v2/Schemas.",
  },
  taken: {
    status: 409,
    title: "Exists already",
    detail: "{what} exists already, or its address belongs to somebody else. Nothing was changed. Look it up first.",
  },
  kept: {
    status: 409,
    title: "Has to stay",
    detail:
      "This person is an owner, whom a directory neither ends nor gives another address. Nothing was changed. Change their role in Probity first.",
  },
  stale: {
    status: 412,
    title: "Changed meanwhile",
    detail:
      "The resource has another version than the one sent. Nothing was changed. Read it again, then send the change.",
  },
});

const errorSchema = "urn:ietf:params:scim:api:messages:2.0:Error";
const types: Readonly<Record<string, string>> = {
  "scim.filter_unreadable": "invalidFilter",
  "scim.value_unfit": "invalidValue",
  "scim.path_unknown": "invalidPath",
  "scim.taken": "uniqueness",
  "scim.kept": "mutability",
};

/** A problem as a directory reads it (RFC 7644, 3.12). */
export function scimError(problem: Problem): Record<string, unknown> {
  const scimType = types[problem.code];
  return {
    schemas: [errorSchema],
    status: String(problem.status),
    ...(scimType === undefined ? {} : { scimType }),
    detail: problem.detail,
  };
}

export function unfit(reason: string): Problem {
  return scimProblem.value_unfit({ values: { reason } });
}
