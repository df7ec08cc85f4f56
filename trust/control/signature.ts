import { defineControl, type ProbeContext } from "../control.ts";
import { listOf } from "../http.ts";
import { said } from "./browser.ts";
import { allOf } from "./outcome.ts";
import { answer, challenge, meaning, sign, signingWorld, unlock, type SigningWorld } from "./signing-world.ts";

/** Runs with a report nobody has signed, and leaves it so. */
export async function inWorld<T>(context: ProbeContext, run: (world: SigningWorld) => Promise<T>): Promise<T> {
  const world = await signingWorld(context);
  try {
    return await run(world);
  } finally {
    await world.end();
  }
}

export const signature = defineControl({
  id: "SIG-01",
  standards: ["21 CFR 11.50(a)", "21 CFR 11.70", "21 CFR 11.200(a)", "21 CFR 11.300(d)", "EU GMP Annex 11 §14"],
  yourPart: "Use your own account alone, and tell people what each meaning says before they sign with it.",
  notProbed: ["signing by a passkey", "the lock after wrong tries, and whom it tells"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "signed-and-bound",
      kind: "scratch",
      title: "A signature names who, when and what it means, and its bytes agree with the log",
      run: (context) =>
        inWorld(context, async (world) => {
          const { reviewer } = world.people;
          const made = await sign(world, reviewer, "review");
          const view = await reviewer.call("GET", `${world.one}/signing`);
          const opened = await reviewer.call("GET", `${world.one}/signatures/${String(made.body["id"])}`);
          const shown = listOf(listOf(view.body["steps"])[0]?.["signatures"])[0] ?? {};
          const check: unknown = opened.body["check"];
          const holds = (name: string) =>
            typeof check === "object" && check !== null ? Reflect.get(check, name) : undefined;
          return allOf(
            "a reviewer signed with name and password; name, meaning, UTC time and bytes are kept and agree",
            [
              [made.status === 201, `signing got ${said(made)}`],
              [
                shown["meaning"] === meaning.review && shown["zone"] === "UTC",
                "the signature shows no meaning or zone",
              ],
              [
                Math.abs(Date.parse(String(shown["signedAt"])) - Date.now()) < 300_000,
                "the time of signing is not now",
              ],
              [
                holds("manifest") === true && holds("record") === true && holds("leaf") !== false,
                "signature, bytes and leaf disagree",
              ],
            ],
          );
        }),
      negative: (context) =>
        inWorld(context, async (world) => {
          const { reviewer, approver } = world.people;
          const asked = (await challenge(world, reviewer, "review")).body["challenge"];
          const wrong = await answer(world, reviewer, asked, "wrong password");
          const byOther = await answer(world, approver, asked);
          const madeUp = await answer(world, reviewer, "A".repeat(43));
          const byKey = await context.http("POST", `${world.one}/signing/challenge`, {
            key: world.scratch.authorKey,
            headers: { "if-match": `"${world.at.version}"` },
            json: { step: "review", meaning: meaning.review },
          });
          const good = await answer(world, reviewer, asked);
          const replay = await answer(world, reviewer, asked);
          return allOf(
            "a wrong password, another person, a made-up challenge, an API key and a second use of one challenge signed nothing",
            [
              [wrong.body["code"] === "signing.refused", `a wrong password got ${said(wrong)}`],
              [byOther.body["code"] === "signing.challenge_ended", `another person's session got ${said(byOther)}`],
              [madeUp.body["code"] === "signing.challenge_ended", `a made-up challenge got ${said(madeUp)}`],
              [byKey.status === 403, `an API key got ${said(byKey)}`],
              [good.status === 201, `the right password got ${said(good)}`],
              [replay.body["code"] === "signing.challenge_ended", `the used challenge got ${said(replay)}`],
            ],
          );
        }),
    },
  ],
});

export const severalSigners = defineControl({
  id: "SIG-05",
  standards: ["21 CFR 11.10(f)", "21 CFR 11.10(g)", "21 CFR 11.200(a)(2)", "ISO 13485 4.2.4"],
  yourPart: "Give the steps to different people; the product refuses one person both, it can't choose them.",
  notProbed: ["reason codes"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "order-and-four-eyes",
      kind: "scratch",
      title: "Signatures come in their order, from different people who did not do the work",
      run: (context) =>
        inWorld(context, async (world) => {
          const { reviewer, approver } = world.people;
          const first = await sign(world, reviewer, "review");
          const second = await sign(world, approver, "approve");
          const view = await reviewer.call("GET", `${world.one}/signing`);
          return allOf("reviewed by one person, then approved by another", [
            [first.status === 201, `the review got ${said(first)}`],
            [second.status === 201, `the approval got ${said(second)}`],
            [view.body["state"] === "approved", `the report is ${String(view.body["state"])}`],
          ]);
        }),
      negative: (context) =>
        inWorld(context, async (world) => {
          const { author, approver, reviewer } = world.people;
          const early = await sign(world, approver, "approve");
          const own = await sign(world, author, "review");
          const listed = await challenge(world, approver, "review", "Whatever I like");
          const reviewed = await sign(world, approver, "review");
          const twice = await sign(world, approver, "approve");
          const weak = await sign(world, reviewer, "approve");
          return allOf(
            "approval before review, one's own work, a meaning off the list, one person twice and a role without the permission: refused",
            [
              [early.body["code"] === "signing.out_of_order", `approval before review got ${said(early)}`],
              [own.body["code"] === "signing.own_work", `the author's own review got ${said(own)}`],
              [listed.body["code"] === "signing.meaning_unknown", `a meaning off the list got ${said(listed)}`],
              [reviewed.status === 201, `the review got ${said(reviewed)}`],
              [twice.body["code"] === "signing.signed_before", `the same person's approval got ${said(twice)}`],
              [weak.body["code"] === "kernel.permission_missing", `a member's approval got ${said(weak)}`],
            ],
          );
        }),
    },
  ],
});

export const manifestation = defineControl({
  id: "SIG-04",
  standards: ["21 CFR 11.50(b)", "21 CFR 11.10(b)", "EU GMP Annex 11 §14(c)"],
  yourPart: "Check a printed copy against the record's page when it matters: the hash on both is the same.",
  notProbed: ["the words inside the PDF"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "shown-on-copies",
      kind: "scratch",
      title: "Name, meaning and time stand on the page and on the CSV and JSON copies",
      run: (context) =>
        inWorld(context, async (world) => {
          const { reviewer } = world.people;
          const made = await sign(world, reviewer, "review");
          const hash = String(made.body["recordHash"]);
          const copies = [];
          for (const format of ["csv", "json"])
            copies.push([format, (await reviewer.call("GET", `${world.one}/report?format=${format}`)).text] as const);
          const wanted = [meaning.review, "UTC", hash];
          return allOf("the signature stands on the page's data and on both copies", [
            [made.status === 201, `signing got ${said(made)}`],
            ...copies.map(
              ([format, text]) =>
                [
                  wanted.every((words) => text.includes(words)),
                  `the ${format} copy does not show the signature`,
                ] as const,
            ),
          ]);
        }),
      negative: (context) =>
        inWorld(context, async (world) => {
          const { reviewer, owner } = world.people;
          const made = await sign(world, reviewer, "review");
          const signed = (await reviewer.call("GET", `${world.one}/report?format=csv`)).text;
          const opened = await unlock(world, owner);
          const csv = (await reviewer.call("GET", `${world.one}/report?format=csv`)).text;
          const json = (await reviewer.call("GET", `${world.one}/report?format=json`)).body;
          return allOf("after the unlocking no copy of the new version shows the signature of the old one", [
            [made.status === 201, `signing got ${said(made)}`],
            [signed.includes(meaning.review), "the CSV copy of the signed version shows no signature"],
            [opened.status === 200, `the unlocking got ${said(opened)}`],
            [!csv.includes(meaning.review), "the CSV copy of an unsigned version shows a signature"],
            [listOf(json["signatures"]).length === 0, "the JSON copy of an unsigned version shows a signature"],
          ]);
        }),
    },
  ],
});
