import { probeCode, probePerson, probeSession } from "@probity/kernel";
import { defineControl, type ProbeContext } from "../control.ts";
import { ProbeBrowser, said } from "./browser.ts";
import { allOf } from "./outcome.ts";

/** Somebody who sets up an authenticator app over HTTP, as their page would. */
async function enrolled(context: ProbeContext) {
  const person = await probePerson(context.kernel);
  const browser = new ProbeBrowser(context, await probeSession(context.kernel, person.userId));
  const before = browser.token;
  const begun = await browser.call("POST", "/api/factor/totp");
  const secret = String(begun.body["secret"] ?? "");
  const totp = probeCode(secret, 0);
  const confirmed = await browser.call("POST", "/api/factor/totp/confirm", { totp });
  return { person, browser, before, secret, totp, confirmed };
}

export const secondFactor = defineControl({
  id: "IDN-04",
  standards: [
    "SOC 2 CC6.1",
    "ISO 27001 A.8.5",
    "HIPAA §164.312(d)",
    "NIST SP 800-63B AAL2",
    "OWASP ASVS 6.3",
    "OWASP ASVS 6.5",
  ],
  yourPart:
    "Require a second factor in your workspace's policy; have people keep their recovery codes outside the computer.",
  notProbed: ["passkeys answered by a device", "the requirement for a whole organisation"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "half-opens-nothing",
      kind: "scratch",
      title: "With a second factor, the password alone opens nothing, and a code counts once",
      run: async (context) => {
        const { person, browser, confirmed, secret } = await enrolled(context);
        try {
          const whole = await browser.call("GET", "/api/session");
          const half = new ProbeBrowser(context, await probeSession(context.kernel, person.userId));
          const proved = await half.call("POST", "/api/session/factor", { totp: probeCode(secret, 1) });
          const after = await half.call("GET", "/api/session");
          const clear = await context.kernel.identityPool.query(
            "select 1 from identity.totp where position(convert_to($1, 'UTF8') in secret_sealed) > 0",
            [secret],
          );
          return allOf("an app was set up, its next code completed a sign-in, its secret is sealed", [
            [confirmed.status === 200, `confirming the app got ${said(confirmed)}`],
            [whole.body["assurance"] === 2, "the session did not go on with two factors"],
            [proved.status === 200, `a right code got ${said(proved)}`],
            [after.body["assurance"] === 2, "the completed session has not two factors"],
            [clear.rowCount === 0, "the secret lies in the clear"],
          ]);
        } finally {
          await person.end();
        }
      },
      negative: async (context) => {
        const { person, before, totp, browser } = await enrolled(context);
        try {
          const old = await new ProbeBrowser(context, before).call("GET", "/api/session");
          const half = new ProbeBrowser(context, await probeSession(context.kernel, person.userId));
          const profile = await half.call("GET", "/api/session");
          const home = await half.call("GET", "/api/home");
          const factors = await half.call("GET", "/api/factor");
          const again = await half.call("POST", "/api/factor/totp");
          const replayed = await half.call("POST", "/api/session/factor", { totp });
          const dropped = await browser.call("DELETE", "/api/factor/totp");
          return allOf(
            "half a sign-in was refused everywhere, a used code and the old token with it; no factor goes without fresh proof",
            [
              [old.status === 401, `the token from before the second factor got ${said(old)}`],
              [profile.status === 401, `half a sign-in got ${said(profile)} for the profile`],
              [home.status === 401, `half a sign-in got ${said(home)} for the home page`],
              [factors.status === 401, `half a sign-in got ${said(factors)} for the factors`],
              [again.status === 401, `half a sign-in got ${said(again)} for setting up another app`],
              [replayed.status === 401, `a code that was used before got ${said(replayed)}`],
              [dropped.status === 403, `removing the factor without fresh proof got ${said(dropped)}`],
            ],
          );
        } finally {
          await person.end();
        }
      },
    },
  ],
});
