import { openAccessScratch, probeGrant, probeSession } from "@probity/kernel";
import { defineControl } from "../control.ts";
import { ProbeBrowser, said } from "./browser.ts";
import { allOf } from "./outcome.ts";

const path = "/api/operator-grants";
const body = { email: "operator@probe.invalid", hours: 1, reason: "Probe" };

export const operatorAccess = defineControl({
  id: "IDN-11",
  standards: ["SOC 2 CC6.1", "SOC 2 CC6.3", "ISO 27001 A.8.2", "ISO 27001 A.5.15"],
  yourPart:
    "Look at who was let in and end what is not needed. Whoever holds the machine with its root key can read what is on it: choose them well.",
  notProbed: ["the end of a grant by its time, and its second factor (tested before each release)"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "grant-of-an-owner",
      kind: "scratch",
      title:
        "Only an owner with a fresh proof lets an operator in, everybody in the workspace sees it, and a word ends it",
      run: async (context) => {
        const { workspace, people } = await openAccessScratch(context.kernel);
        const browser = new ProbeBrowser(context, await probeSession(context.kernel, people.owner.userId), workspace);
        const act = { workspace, action: "kernel.operator.grant", subject: body.email };
        const proof = { "step-up": await probeGrant(context.kernel, browser.token, act) };
        const made = await browser.call("POST", path, body, proof);
        const id = String(made.body["id"]);
        const seen = await context.http("GET", path, { key: people.member.key });
        const ended = await context.http("POST", `${path}/${id}/end`, { key: people.owner.key });
        await browser.call("DELETE", "/api/session");
        return allOf("an owner made a grant, a member saw it, the owner ended it", [
          [made.status === 201, `an owner with a fresh proof got ${said(made)}`],
          [seen.status === 200 && seen.text.includes(id), `a member saw ${said(seen)} without the grant`],
          [ended.status === 204, `ending it got ${said(ended)}`],
        ]);
      },
      negative: async (context) => {
        const { workspace, people } = await openAccessScratch(context.kernel);
        const admin = await context.http("POST", path, { key: people.admin.key, json: body });
        const absent = await context.http("POST", path, { key: people.owner.key, json: body });
        const token = await probeSession(context.kernel, context.scratch.b.ownerUserId);
        const stranger = new ProbeBrowser(context, token, workspace);
        const inside = await stranger.call("GET", "/api/people");
        const taken = await stranger.call("POST", `${path}/accept`, { token: `og_${"a".repeat(43)}` });
        await stranger.call("DELETE", "/api/session");
        return allOf("an admin, a key of the owner, and somebody of this instance without a grant were refused", [
          [admin.body["code"] === "kernel.permission_missing", `an admin got ${said(admin)}`],
          [absent.status === 403, `a key of the owner got ${said(absent)}`],
          [inside.status === 404, `somebody of this instance without a grant got ${said(inside)}`],
          [taken.status === 410, `a grant that was never made got ${said(taken)}`],
        ]);
      },
    },
  ],
});
