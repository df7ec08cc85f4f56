import { probeGrant, probeSession } from "@probity/kernel";
import { defineControl, type ProbeContext } from "../control.ts";
import { ProbeBrowser, said } from "./browser.ts";
import { allOf } from "./outcome.ts";

const action = "kernel.policy.change";
/** A version no policy has: with the right proof the change gets this far, and nothing is changed. */
const noVersion = '"999999"';

async function asOwner(context: ProbeContext) {
  const { id: workspace, ownerUserId } = context.scratch.a;
  const browser = new ProbeBrowser(context, await probeSession(context.kernel, ownerUserId), workspace);
  const grant = (subject: string) => probeGrant(context.kernel, browser.token, { workspace, action, subject });
  const change = (proof?: string) =>
    browser.call(
      "PUT",
      "/api/policy/session.idleMinutes",
      { value: 30, reason: "Probe" },
      { "if-match": noVersion, ...(proof === undefined ? {} : { "step-up": proof }) },
    );
  return { browser, grant, change };
}

export const stepUp = defineControl({
  id: "IDN-10",
  standards: ["SOC 2 CC6.1", "ISO 27001 A.8.5", "21 CFR 11.200(a)", "OWASP ASVS 7.5.1", "OWASP ASVS 7.5.3"],
  yourPart: "Read what the dialog says you are about to do before you prove it.",
  notProbed: ["signing", "unlocking", "exporting everything", "closing the account", "proof by a passkey"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "one-proof-one-act",
      kind: "scratch",
      title: "Changing a security policy needs a fresh proof for just that act, by just that session",
      run: async (context) => {
        const { browser, grant, change } = await asOwner(context);
        const proved = await change(await grant("session.idleMinutes"));
        await browser.call("DELETE", "/api/session");
        return allOf("with a proof for this act the change is looked at", [
          [proved.status === 412, `with the right proof and a version that is not, the change got ${said(proved)}`],
        ]);
      },
      negative: async (context) => {
        const { browser, grant, change } = await asOwner(context);
        const other = await asOwner(context);
        const bare = await change();
        const madeUp = await change("bWFkZS11cC1ncmFudC1vZi1ub2JvZHk");
        const elsewhere = await change(await grant("session.absoluteHours"));
        const stolen = await other.change(await grant("session.idleMinutes"));
        const byKey = await context.http("PUT", "/api/policy/session.idleMinutes", {
          key: context.scratch.a.ownerKey,
          headers: { "if-match": noVersion },
          json: { value: 30, reason: "Probe" },
        });
        await browser.call("DELETE", "/api/session");
        await other.browser.call("DELETE", "/api/session");
        const refused = [
          ["no proof", bare],
          ["a made-up proof", madeUp],
          ["a proof for another policy", elsewhere],
          ["another session's proof", stolen],
          ["an API key", byKey],
        ] as const;
        return allOf(
          "without a proof, with a made-up one, one for another act, another session's and an API key: refused",
          refused.map(
            ([what, answer]) =>
              [answer.body["code"] === "kernel.step_up_required", `${what} got ${said(answer)}`] as const,
          ),
        );
      },
    },
  ],
});
