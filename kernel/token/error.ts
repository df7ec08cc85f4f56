import { defineErrors } from "../work/problem.ts";

export const tokenProblem = defineErrors("token", {
  key_needed: {
    status: 401,
    title: "Key needed",
    detail:
      "Access tokens are made from an API key or a refresh token, and neither was sent. Nothing was changed. Send the key as a bearer token, or the refresh token in the body.",
  },
  refresh_ended: {
    status: 401,
    title: "Refresh token ended",
    detail:
      "This refresh token is unknown, used or past its end. If it was used before, every token made with it has ended too, since two parties held it. Start again from the API key.",
  },
});
