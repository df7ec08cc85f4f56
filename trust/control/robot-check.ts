import { hash, randomUUID } from "node:crypto";
import { defineControl, type ProbeContext } from "../control.ts";
import { allOf } from "./outcome.ts";

const browser = { "probity-request": "1" };

/** Asks for a reset of an address nobody has: no mail is written. */
async function ask({ http }: ProbeContext, captcha: string): Promise<string> {
  const json = { email: `${randomUUID()}@probe.invalid`, captcha };
  const answer = await http("POST", "/api/password/reset", { headers: browser, json });
  return answer.status === 202 ? "202" : `${answer.status} ${String(answer.body["code"])}`;
}

/** Does the built-in one's work, as a browser would; undefined where a service is configured. */
async function solved({ http }: ProbeContext): Promise<string | undefined> {
  const { body } = await http("GET", "/api/captcha");
  const challenge: unknown = body["challenge"];
  if (typeof challenge !== "object" || challenge === null) return undefined;
  const part = (name: string): string => String(Reflect.get(challenge, name));
  const [salt, target] = [part("salt"), part("target")];
  for (let number = 0; number <= Number(part("max")); number += 1) {
    if (hash("sha256", `${salt}.${number}`, "hex") === target)
      return ["salt", "target", "max", "expires", "signature"].map(part).concat(String(number)).join(".");
  }
  return undefined;
}

export const robotCheck = defineControl({
  id: "IDN-07",
  standards: ["OWASP API6:2023", "OWASP ASVS 2.4.1"],
  yourPart: "None with the built-in check; with a service, its keys.",
  notProbed: ["a configured service's own judgement"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "reset",
      kind: "scratch",
      title: "A password reset is taken with a solved check, once, and not without",
      run: async (context) => {
        const answer = await solved(context);
        if (answer === undefined) {
          const { body } = await context.http("GET", "/api/captcha");
          return allOf("a service is configured, with its public key", [
            [typeof body["siteKey"] === "string", "neither a challenge nor a service is offered"],
          ]);
        }
        const taken = await ask(context, answer);
        return allOf("a request with a solved challenge was taken", [[taken === "202", `it got ${taken}`]]);
      },
      negative: async (context) => {
        const answer = await solved(context);
        const none = await ask(context, "none");
        const wanted = /^(422 account\.robot_check|503 account\.robot_check_away)$/;
        if (answer === undefined)
          return allOf("a request the service does not vouch for was refused", [[wanted.test(none), `it got ${none}`]]);
        const wrong = await ask(context, answer.replace(/\.\d+$/, ".1000000"));
        const first = await ask(context, answer);
        const again = await ask(context, answer);
        return allOf("unsolved, wrongly solved and used before: refused", [
          [wanted.test(none), `without a solution it got ${none}`],
          [wanted.test(wrong), `with a wrong solution it got ${wrong}`],
          [first === "202", `with a right one it got ${first}`],
          [wanted.test(again), `with the same one again it got ${again}`],
        ]);
      },
    },
  ],
});
