import { defineControl } from "../control.ts";
import { allOf } from "./outcome.ts";

/** More than any workspace's burst at the default of twenty, fewer than would be felt. */
const burst = 60;

export const rateLimit = defineControl({
  id: "APP-02",
  standards: ["SOC 2 CC6.6", "SOC 2 A1.1", "ISO 27001 A.8.6", "OWASP ASVS 2.4.1", "OWASP API4:2023"],
  yourPart: "Set the limits of your workspace under Policy; name your proxies, or all your people share one address.",
  notProbed: ["the limits of sign-in, registration, upload and analysis", "lockout", "billing"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "burst",
      kind: "scratch",
      title: "A burst of calls is stopped with 429 and the time to wait; a single call is not",
      run: async ({ http, scratch }) => {
        const answer = await http("GET", "/api/home", { key: scratch.a.memberKey });
        return allOf("a single call is let through", [[answer.status === 200, `a single call got ${answer.status}`]]);
      },
      negative: async ({ http, scratch }) => {
        const key = scratch.b.memberKey;
        const answers = await Promise.all(
          Array.from({ length: burst }, () => http("GET", "/api/home", { key, patient: false })),
        );
        const stopped = answers.filter((answer) => answer.status === 429);
        const waits = stopped.every((answer) => Number(answer.headers.get("retry-after")) >= 1);
        return allOf(`of ${burst} calls at once ${stopped.length} were stopped with 429 and the time to wait`, [
          [stopped.length > 0, `${burst} calls at once were all let through`],
          [waits, "a stopped call was not told how long to wait"],
          [answers.every(({ status }) => status === 200 || status === 429), "a call got neither 200 nor 429"],
        ]);
      },
    },
  ],
});
