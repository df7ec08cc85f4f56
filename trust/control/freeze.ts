import { openFreezeScratch, probeGrant, probeSession } from "@probity/kernel";
import { defineControl, type ProbeContext } from "../control.ts";
import { ProbeBrowser, said } from "./browser.ts";
import { allOf } from "./outcome.ts";

type Owner = { readonly browser: ProbeBrowser; act(action: "freeze" | "thaw"): ReturnType<ProbeBrowser["call"]> };

/** An owner of the workspace for freezing, signed in, who brings a fresh proof for what they do. */
async function ownerOf(context: ProbeContext, workspace: string, userId: string): Promise<Owner> {
  const browser = new ProbeBrowser(context, await probeSession(context.kernel, userId), workspace);
  return {
    browser,
    act: async (action) => {
      const grant = await probeGrant(context.kernel, browser.token, {
        workspace,
        action: `kernel.workspace.${action}`,
        subject: workspace,
      });
      const body = action === "freeze" ? { reason: "Probe" } : undefined;
      return browser.call("POST", `/api/workspace/${action}`, body, { "step-up": grant });
    },
  };
}

export const freeze = defineControl({
  id: "IDN-12",
  standards: ["SOC 2 CC7.4", "ISO 27001 A.5.26", "HIPAA §164.308(a)(6)"],
  yourPart: "Have two owners or admins at least, and know who they are when something is wrong.",
  notProbed: ["keys, links and jobs of a frozen workspace"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "freeze-and-thaw",
      kind: "scratch",
      title: "One act freezes a workspace, one person does not thaw it, two do",
      run: async (context) => {
        const { workspace, owners } = await openFreezeScratch(context.kernel);
        // What a broken-off run left frozen is thawed first.
        for (const userId of owners) {
          const owner = await ownerOf(context, workspace, userId);
          if ((await owner.browser.call("GET", "/api/home")).status === 423) await owner.act("thaw");
          await owner.browser.call("DELETE", "/api/session");
        }
        const owner = await ownerOf(context, workspace, owners[0]);
        const open = await owner.browser.call("GET", "/api/home");
        await owner.browser.call("DELETE", "/api/session");
        return allOf("the workspace is open and its owner is let in", [
          [open.status === 200, `the owner of the open workspace got ${said(open)}`],
        ]);
      },
      negative: async (context) => {
        const { workspace, owners } = await openFreezeScratch(context.kernel);
        const one = await ownerOf(context, workspace, owners[0]);
        const two = await ownerOf(context, workspace, owners[1]);
        const bare = await one.browser.call("POST", "/api/workspace/freeze", { reason: "Probe" });
        const frozen = await one.act("freeze");
        const inside = await one.browser.call("GET", "/api/home");
        const ended = await two.browser.call("GET", "/api/home");
        const asked = await one.act("thaw");
        const alone = await one.act("thaw");
        const still = await one.browser.call("GET", "/api/home");
        const again = await ownerOf(context, workspace, owners[1]);
        const thawed = await again.act("thaw");
        const after = await one.browser.call("GET", "/api/home");
        await one.browser.call("DELETE", "/api/session");
        await again.browser.call("DELETE", "/api/session");
        return allOf(
          "frozen: its owner was refused with 423, the other's session ended, one person asking twice thawed nothing, two people did",
          [
            [bare.status === 403, `freezing without fresh proof got ${said(bare)}`],
            [frozen.status === 200, `freezing got ${said(frozen)}`],
            [inside.status === 423, `the owner of the frozen workspace got ${said(inside)}`],
            [ended.status === 401, `a session that the freeze should have ended got ${said(ended)}`],
            [asked.body["thawed"] === false, `asking for the thaw got ${said(asked)}`],
            [alone.status === 409, `asking twice got ${said(alone)}`],
            [still.status === 423, `after one person's word the workspace answered ${said(still)}`],
            [thawed.body["thawed"] === true, `the second person's word got ${said(thawed)}`],
            [after.status === 200, `after the thaw the owner got ${said(after)}`],
          ],
        );
      },
    },
  ],
});
