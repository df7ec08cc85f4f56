import { issueProbeKey } from "@probity/kernel";
import { defineControl, type ProbeContext } from "../control.ts";
import { collectionsPath } from "../scratch-document.ts";
import { said } from "./browser.ts";
import { allOf } from "./outcome.ts";

/** Two collections of one member, and a key of theirs that is limited to the first. */
async function limitedKey(context: ProbeContext) {
  const make = (name: string) =>
    context.http("POST", collectionsPath, { key: context.scratch.a.memberKey, json: { name, description: null } });
  const [inside, outside] = [await make("Probe: inside a limit"), await make("Probe: outside a limit")];
  const ids = [String(inside.body["id"]), String(outside.body["id"])] as const;
  const key = await issueProbeKey(context.kernel, context.scratch.a.id, { records: [ids[0]], members: [] });
  const read = (id: string, token = key.token) => context.http("GET", `${collectionsPath}/${id}`, { key: token });
  const remove = async () => {
    await key.revoke();
    for (const id of ids)
      await context.http("DELETE", `${collectionsPath}/${id}?reason=Probed`, {
        key: context.scratch.a.ownerKey,
        headers: { "if-match": '"1"' },
      });
  };
  return { key: key.token, inside, outside, ids, read, remove };
}

export const keyLimit = defineControl({
  id: "ACC-04",
  standards: ["SOC 2 CC6.3", "ISO 27001 A.5.15", "OWASP LLM06:2025", "OWASP ASVS 8.2.2"],
  yourPart: "Limit each program's and agent's key to what it is for: its acts, its networks, its records, its days.",
  notProbed: [
    "limits to the records of people (the same policies; tested before each release)",
    "tools of the AI gateway, which is not there yet",
  ],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "key-limit",
      kind: "scratch",
      title:
        "A key limited to one collection reads it, and finds none of its person's others by any route or statement",
      run: async (context) => {
        const { inside, ids, read, remove } = await limitedKey(context);
        const own = await read(ids[0]);
        const unlimited = await read(ids[1], context.scratch.a.memberKey);
        await remove();
        return allOf("the limited key read its collection, and its person read the other", [
          [inside.status === 201, `making a collection got ${said(inside)}`],
          [own.status === 200, `the limited key got ${said(own)} for its own collection`],
          [unlimited.status === 200, `its person got ${said(unlimited)} for the other`],
        ]);
      },
      negative: async (context) => {
        const { key, ids, read, remove } = await limitedKey(context);
        // The first call judges the key, the next ones find it judged.
        const reads = [await read(ids[1]), await read(ids[1])];
        const list = await context.http("GET", `${collectionsPath}?limit=200`, { key });
        const change = await context.http("PATCH", `${collectionsPath}/${ids[1]}`, {
          key,
          headers: { "if-match": '"1"' },
          json: { name: "Taken", reason: "Probe" },
        });
        const grant = await context.http("POST", "/api/token", { key, json: {} });
        const byToken = await read(ids[1], String(grant.body["accessToken"]));
        const people = await context.http("GET", "/api/people", { key });
        await remove();
        return allOf("beyond its limit it got 404 to read and to change, and a token made from it no more", [
          ...reads.map((each) => [each.status === 404, `reading beyond the limit got ${said(each)}`] as const),
          [list.status === 200 && !list.text.includes(ids[1]), "the list showed what lies beyond the limit"],
          [change.status === 404, `changing beyond the limit got ${said(change)}`],
          [byToken.status === 404, `a token of the limited key got ${said(byToken)}`],
          [people.status === 403, `asking for people got ${said(people)}`],
        ]);
      },
    },
  ],
});
