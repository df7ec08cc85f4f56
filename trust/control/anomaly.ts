import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { openAccessScratch, raiseIn } from "@probity/kernel";
import { defineControl, type ProbeContext } from "../control.ts";
import { collectionsPath } from "../scratch-document.ts";
import { said } from "./browser.ts";
import { allOf } from "./outcome.ts";

/** The open alarms of the scratch workspace, after its newest events were looked through. */
async function alarms(context: ProbeContext, workspace: string, key: string) {
  // Events lie in the server for 250 ms at most before they are written.
  await pause(1_000);
  await raiseIn(context.kernel, workspace);
  const list = await context.http("GET", "/api/anomalies", { key });
  const items: unknown = list.body["items"];
  return Array.isArray(items) ? items.filter((item) => item.releasedAt === null) : [];
}

export const anomaly = defineControl({
  id: "APP-07",
  standards: ["SOC 2 CC7.2", "ISO 27001 A.8.16", "HIPAA §164.308(a)(1)"],
  yourPart:
    "Look at alarms and release the false ones with a reason; choose the numbers and whether an alarm locks its source.",
  notProbed: [
    "credential stuffing, mass download and impossible travel (tested before each release; travel is judged by networks, not by a map)",
  ],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "probing-locks",
      kind: "scratch",
      title: "Who asks for many records that are not there is found and kept out until an admin releases the alarm",
      run: async (context) => {
        const { workspace, people } = await openAccessScratch(context.kernel, "e");
        // What a run that was broken off left open is released first.
        for (const left of await alarms(context, workspace, people.owner.key))
          await context.http("POST", `/api/anomalies/${String(left.id)}/release`, {
            key: people.admin.key,
            json: { reason: "A probe that was broken off" },
          });
        const list = await context.http("GET", `${collectionsPath}?limit=5`, { key: people.member.key });
        const open = await alarms(context, workspace, people.owner.key);
        return allOf("ordinary work raised no alarm", [
          [list.status === 200, `a member's list got ${said(list)}`],
          [open.length === 0, `${open.length} alarms are open`],
        ]);
      },
      negative: async (context) => {
        const { workspace, people } = await openAccessScratch(context.kernel, "e");
        // The preset of this workspace says 20 an hour.
        for (let index = 0; index < 24; index += 1)
          await context.http("GET", `${collectionsPath}/${randomUUID()}`, { key: people.member.key });
        const open = await alarms(context, workspace, people.owner.key);
        const raised = open.find((item) => item.kind === "probing" && item.member?.id === people.member.membershipId);
        const locked = await context.http("GET", `${collectionsPath}?limit=5`, { key: people.member.key });
        const unexplained = await context.http("POST", `/api/anomalies/${String(raised?.id)}/release`, {
          key: people.member.key,
          json: { reason: "Probe" },
        });
        const released = await context.http("POST", `/api/anomalies/${String(raised?.id)}/release`, {
          key: people.admin.key,
          json: { reason: "Probe" },
        });
        const after = await context.http("GET", `${collectionsPath}?limit=5`, { key: people.member.key });
        return allOf(
          "24 requests for what is not there raised an alarm and locked who made them; an admin released it",
          [
            [raised !== undefined, "24 requests for what is not there raised no alarm"],
            [locked.status === 401, `who made them then got ${said(locked)}`],
            [unexplained.status === 401, `they released their own alarm with ${said(unexplained)}`],
            [released.status === 204, `an admin's release got ${said(released)}`],
            [after.status === 200, `after the release they got ${said(after)}`],
          ],
        );
      },
    },
  ],
});
