import { defineErrors } from "../work/problem.ts";

/** What a call to somebody else's server can end with. None says what lies in our own network. */
export const outgoingProblem = defineErrors("outgoing", {
  address_refused: {
    status: 422,
    title: "Address not allowed",
    detail:
      "The address {host} is not one Probity calls: it must be https, without a password in it, and on the public internet. Nothing was sent. Correct the address, or ask your operator to allow it.",
  },
  not_reached: {
    status: 502,
    title: "No answer from outside",
    detail:
      "The server {host} did not give an answer that can be used: {reason}. Nothing was changed here. Check the address and try again later.",
  },
});
