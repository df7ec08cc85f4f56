import { defineControl, type Probe } from "../control.ts";
import { listOf } from "../http.ts";
import { said } from "./browser.ts";
import { allOf } from "./outcome.ts";
import { inWorld } from "./signature.ts";
import { collectionsPath } from "../scratch-document.ts";
import { challenge, sign, unlock } from "./signing-world.ts";

/** SIG-06: what a quality system stands on is asked for its reason, by page and by statement. */
export const reasonForChange: Probe = {
  id: "reason-for-change",
  kind: "scratch",
  title: "A record of a quality system changes for a reason alone, and its history says why",
  run: async ({ http, scratch }) => {
    const key = scratch.a.ownerKey;
    const made = await http("POST", collectionsPath, { key, json: { name: "Probe of reasons" } });
    const one = `${collectionsPath}/${String(made.body["id"])}`;
    const json = { name: "Probe of reasons, renamed", reason: "The procedure has another name now" };
    const changed = await http("PATCH", one, { key, headers: { "if-match": '"1"' }, json });
    const history = listOf((await http("GET", `${one}/history`, { key })).body["items"]);
    const away = await http("DELETE", `${one}?reason=Probed`, { key, headers: { "if-match": '"2"' } });
    return allOf("a collection was renamed and deleted with reasons, and its history tells the first", [
      [made.status === 201, `making a collection got ${said(made)}`],
      [changed.status === 200, `renaming it with a reason got ${said(changed)}`],
      [history.some((each) => each["reason"] === json.reason), "why it was renamed is not in its history"],
      [away.status === 204, `deleting it with a reason got ${said(away)}`],
    ]);
  },
  negative: async ({ http, scratch, database }) => {
    const key = scratch.a.ownerKey;
    const made = await http("POST", collectionsPath, { key, json: { name: "Probe of reasons" } });
    const one = `${collectionsPath}/${String(made.body["id"])}`;
    const headers = { "if-match": '"1"' };
    const silent = await http("PATCH", one, { key, headers, json: { name: "Renamed" } });
    const blank = await http("PATCH", one, { key, headers, json: { name: "Renamed", reason: " " } });
    const deleted = await http("DELETE", one, { key, headers });
    const stands = await http("GET", one, { key });
    await http("DELETE", `${one}?reason=Probed`, { key, headers });
    const guards = await database.attempt("setup", (connection) =>
      connection.query(
        `select t.tgrelid::regclass::text as name from pg_trigger t
         where t.tgname like 'reason_given%' and t.tgenabled = 'O' and t.tgrelid::regclass::text like 'regulatory_docs.%'`,
      ),
    );
    const named = guards.map((row) => String(row["name"]).slice("regulatory_docs.".length)).toSorted();
    return allOf("without its reason nothing was renamed or deleted, whichever statement would do it", [
      [silent.status === 422, `renaming without a reason got ${said(silent)}`],
      [blank.status === 400, `renaming with a blank reason got ${said(blank)}`],
      [deleted.status === 422, `deleting without a reason got ${said(deleted)}`],
      [stands.body["name"] === "Probe of reasons", "it was renamed or is gone"],
      [
        named.join() === "collection,document,document,finding",
        `the database asks for reasons of ${named.join(", ") || "nothing"}`,
      ],
    ]);
  },
};

export const verifiedSigner = defineControl({
  id: "SIG-06",
  standards: ["21 CFR 11.100(b)", "21 CFR 11.100(c)", "21 CFR 11.10(e)", "EU GMP Annex 11 §12.2"],
  yourPart:
    "Look at an identity document before you vouch for somebody, and certify to the FDA once that your electronic signatures are binding.",
  maxAgeMinutes: 45,
  probes: [
    {
      id: "verified-before-signing",
      kind: "scratch",
      title: "Who may sign was verified by somebody else, when and how is recorded, and they acknowledged it",
      run: (context) =>
        inWorld(context, async (world) => {
          const { owner, reviewer } = world.people;
          await sign(world, reviewer, "review");
          await unlock(world, owner, { reason: "New evidence came in" });
          const items = listOf((await reviewer.call("GET", `${world.one}/history`)).body["items"]);
          const listed = listOf((await owner.call("GET", "/api/signing/signers")).body["items"]);
          const row = listed.find((each) => each["membershipId"] === reviewer.membershipId) ?? {};
          const asked = await challenge(world, reviewer, "review");
          return allOf("a verified and acknowledged person may begin to sign", [
            [row["status"] === "enabled", `the reviewer is ${String(row["status"])}`],
            [
              row["verifiedBy"] !== null && row["verifiedAt"] !== null && row["method"] === "in-person",
              "who verified, when and how is not recorded",
            ],
            [row["acknowledgedAt"] !== null, "the acknowledgement is not recorded"],
            [asked.status === 201, `beginning to sign got ${said(asked)}`],
            [items[0]?.["reason"] === "New evidence came in", "why the newest version began is not in the history"],
          ]);
        }),
      negative: (context) =>
        inWorld(context, async (world) => {
          const { owner, author } = world.people;
          const body = { printedName: "Probe", method: "in-person", evidence: "Probe" };
          const unverified = await challenge(world, owner, "review");
          const himself = await owner.call("POST", `/api/signing/signers/${owner.membershipId}/verify`, body);
          const unproved = await author.browser.call("POST", `/api/signing/signers/${owner.membershipId}/verify`, body);
          const early = await owner.call("POST", "/api/signing/acknowledge");
          await sign(world, world.people.reviewer, "review");
          const silent = await unlock(world, owner, {});
          const blank = await unlock(world, owner, { reason: " " });
          return allOf(
            "who is not verified signs nothing; nobody verifies themselves, without fresh proof, or acknowledges before; no signed report opens without a reason",
            [
              [silent.status === 400, `opening without a reason got ${said(silent)}`],
              [blank.status === 400, `opening with a blank reason got ${said(blank)}`],
              [
                unverified.body["code"] === "signing.not_verified",
                `an unverified person's signature got ${said(unverified)}`,
              ],
              [himself.body["code"] === "signing.signer_unknown", `verifying oneself got ${said(himself)}`],
              [
                unproved.body["code"] === "kernel.step_up_required",
                `verifying without fresh proof got ${said(unproved)}`,
              ],
              [early.body["code"] === "signing.nothing_to_acknowledge", `acknowledging unverified got ${said(early)}`],
            ],
          );
        }),
    },
    reasonForChange,
  ],
});
