import { openAccessScratch } from "@probity/kernel";
import { defineControl } from "../control.ts";
import { collectionsPath } from "../scratch-document.ts";
import { said } from "./browser.ts";
import { allOf, type Check } from "./outcome.ts";

export const roleCheck = defineControl({
  id: "ACC-01",
  standards: ["SOC 2 CC6.3", "ISO 27001 A.5.15", "ISO 27001 A.8.2", "HIPAA §164.308(a)(4)", "21 CFR 11.10(g)"],
  yourPart: "Give each person the smallest role that lets them work.",
  maxAgeMinutes: 45,
  probes: [
    {
      id: "member-refused",
      kind: "scratch",
      title: "A member is refused what is an admin's, whatever the key in their hand says",
      run: async ({ http, scratch, document }) => {
        await document();
        const owner = await http("GET", "/api/ledger/events?limit=1", { key: scratch.a.ownerKey });
        const member = await http("GET", `${collectionsPath}?limit=1`, { key: scratch.a.memberKey });
        return allOf("the owner reads the audit trail, the member reads collections", [
          [owner.status === 200, `the owner got ${owner.status} for the audit trail`],
          [member.status === 200, `the member got ${member.status} for collections`],
        ]);
      },
      negative: async ({ http, scratch, document }) => {
        const { collectionId } = await document();
        const key = scratch.a.memberKey;
        const invite = { email: "probe@probe.invalid", name: "Probe", role: "admin" };
        const tries = [
          ["reading the audit trail", await http("GET", "/api/ledger/events", { key })],
          ["exporting the audit trail", await http("GET", "/api/ledger/export?format=csv", { key })],
          [
            "deleting a collection",
            await http("DELETE", `${collectionsPath}/${collectionId}?reason=Probe`, {
              key,
              headers: { "if-match": '"1"' },
            }),
          ],
          [
            "removing a member",
            await http("DELETE", "/api/people/00000000-0000-7000-8000-000000000000", {
              key,
              headers: { "if-match": '"1"' },
            }),
          ],
          [
            "inviting an admin",
            await http("POST", "/api/people/invitations", { key, json: { email: invite.email, role: invite.role } }),
          ],
        ] as const;
        const nobody = await http("GET", collectionsPath);
        return allOf(
          `a member's key was refused ${tries.length} acts of an admin, and nobody's was refused altogether`,
          [
            ...tries.map(([what, answer]): Check => [
              answer.status === 403 && answer.body["code"] === "kernel.permission_missing",
              `${what} as a member got ${answer.status}${"code" in answer.body ? ` (${String(answer.body["code"])})` : ""}`,
            ]),
            [nobody.status === 401, `a call without a credential got ${nobody.status}`],
          ],
        );
      },
    },
    {
      id: "nobody-widens",
      kind: "scratch",
      title: "Who can do what, and why, is told as it is enforced; nobody gives more than they hold",
      run: async (context) => {
        const { people } = await openAccessScratch(context.kernel);
        const { key } = people.owner;
        const explain = (member: string, permission: string) =>
          context.http("GET", `/api/access/explain?member=${member}&permission=${permission}`, { key });
        const may = await explain(people.admin.membershipId, "kernel.ledger.read");
        const mayNot = await explain(people.member.membershipId, "kernel.ledger.read");
        const does = await context.http("GET", "/api/ledger/events?limit=1", { key: people.admin.key });
        const doesNot = await context.http("GET", "/api/ledger/events?limit=1", { key: people.member.key });
        return allOf("what the page tells of an admin and a member is what they meet", [
          [may.body["allowed"] === true && does.status === 200, `an admin is told ${said(may)} and got ${said(does)}`],
          [
            mayNot.body["allowed"] === false && doesNot.status === 403,
            `a member is told ${said(mayNot)} and got ${said(doesNot)}`,
          ],
        ]);
      },
      negative: async (context) => {
        const { people } = await openAccessScratch(context.kernel);
        const { key } = people.admin;
        const role = (permissions: readonly string[]) =>
          context.http("POST", "/api/roles", { key, json: { name: "Probe: stronger", description: "", permissions } });
        const access = (id: string) =>
          context.http("PUT", `/api/people/${id}/access`, { key, json: { apps: {}, customRoles: [] } });
        const tries = [
          ["a role with what only owners hold", await role(["kernel.operator.grant"]), 422],
          [
            "making a member an owner",
            await context.http("PATCH", `/api/people/${people.member.membershipId}`, { key, json: { role: "owner" } }),
            403,
          ],
          [
            "making the owner a member",
            await context.http("PATCH", `/api/people/${people.owner.membershipId}`, { key, json: { role: "member" } }),
            403,
          ],
          [
            "removing the owner",
            await context.http("DELETE", `/api/people/${people.owner.membershipId}`, { key }),
            403,
          ],
          ["changing the owner's access", await access(people.owner.membershipId), 403],
          ["changing their own access", await access(people.admin.membershipId), 409],
          [
            "handing the workspace to themselves",
            await context.http("POST", `/api/people/${people.admin.membershipId}/hand-over`, { key }),
            403,
          ],
        ] as const;
        return allOf(
          `an admin was refused ${tries.length} ways to more`,
          tries.map(([what, answer, status]): Check => [answer.status === status, `${what} got ${said(answer)}`]),
        );
      },
    },
  ],
});
