import { openAccessScratch } from "@probity/kernel";
import { defineControl, type ProbeContext } from "../control.ts";
import { collectionsPath } from "../scratch-document.ts";
import { said } from "./browser.ts";
import { allOf, type Check } from "./outcome.ts";

const shares = "/api/shares/regulatory_docs.collection";

/** A collection of the scratch workspace's member, in a workspace that shares by owner. */
async function privateCollection(context: ProbeContext) {
  const { people } = await openAccessScratch(context.kernel);
  const made = await context.http("POST", collectionsPath, {
    key: people.member.key,
    json: { name: "Probe: private", description: null },
  });
  const id = String(made.body["id"]);
  const share = (members: readonly string[], key = people.member.key) =>
    context.http("PUT", `${shares}/${id}`, { key, json: { members } });
  return { people, made, id, share };
}

export const sharing = defineControl({
  id: "TEN-06",
  standards: ["SOC 2 CC6.1", "ISO 27001 A.8.3", "ISO 27001 A.5.15"],
  yourPart: "Choose the policy “Who sees a document” and share with those who need it.",
  notProbed: ["documents, runs and findings by themselves (they follow their collection; tested before each release)"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "owner-and-shared",
      kind: "scratch",
      title: "Where documents are private, a colleague finds one only while its owner shares it",
      run: async (context) => {
        const { people, made, id, share } = await privateCollection(context);
        const own = await context.http("GET", `${collectionsPath}/${id}`, { key: people.member.key });
        const given = await share([people.admin.membershipId]);
        const shown = await context.http("GET", `${collectionsPath}/${id}`, { key: people.admin.key });
        await share([]);
        return allOf("its owner sees it, and so does the one it is shared with", [
          [made.status === 201, `making a collection got ${said(made)}`],
          [own.status === 200, `its owner got ${said(own)}`],
          [given.status === 204, `sharing got ${said(given)}`],
          [shown.status === 200, `the one it is shared with got ${said(shown)}`],
        ]);
      },
      negative: async (context) => {
        const { people, id, share } = await privateCollection(context);
        await share([people.admin.membershipId]);
        await share([]);
        const checks: Check[] = [];
        for (const [who, { key, membershipId }] of [
          ["the workspace's owner", people.owner],
          ["an admin it was shared with before", people.admin],
        ] as const) {
          const list = await context.http("GET", `${collectionsPath}?limit=200`, { key });
          const tries = [
            ["reading", await context.http("GET", `${collectionsPath}/${id}`, { key })],
            ["its history", await context.http("GET", `${collectionsPath}/${id}/history`, { key })],
            [
              "changing it",
              await context.http("PATCH", `${collectionsPath}/${id}`, {
                key,
                headers: { "if-match": '"1"' },
                json: { name: "Taken", reason: "Probe" },
              }),
            ],
            ["who sees it", await context.http("GET", `${shares}/${id}`, { key })],
            ["sharing it to themselves", await share([membershipId], key)],
          ] as const;
          checks.push(
            ...tries.map(([what, answer]): Check => [answer.status === 404, `${who} got ${said(answer)} for ${what}`]),
            [list.status === 200 && !list.text.includes(id), `${who} found it in the list`],
          );
        }
        return allOf("the workspace's owner and an admin it was taken back from got 404 on every route", checks);
      },
    },
  ],
});
