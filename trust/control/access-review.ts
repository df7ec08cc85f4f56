import { openAccessScratch } from "@probity/kernel";
import { type Control, defineControl, type ProbeContext } from "../control.ts";
import { said } from "./browser.ts";
import { allOf } from "./outcome.ts";
import { signingPeople } from "./signing-world.ts";

type Entry = {
  readonly id: string;
  readonly memberId: string;
  readonly reviewerId: string | null;
  readonly decision: unknown;
};

/** The open review of the scratch workspace with its entries; opened when none is. */
async function openReview(context: ProbeContext) {
  const { people } = await openAccessScratch(context.kernel);
  const { key } = people.owner;
  const opened = await context.http("POST", "/api/reviews", { key });
  const list = await context.http("GET", "/api/reviews", { key });
  const [newest] = recordsOf(list.body["items"]);
  const reviewId = String(newest?.["id"]);
  const detail = await context.http("GET", `/api/reviews/${reviewId}`, { key });
  const entries = recordsOf(detail.body["items"]).map((item): Entry => {
    const [reviewer] = recordsOf([item["reviewer"]]);
    return {
      id: String(item["id"]),
      memberId: String(item["memberId"]),
      reviewerId: reviewer === undefined ? null : String(reviewer["id"]),
      decision: item["decision"],
    };
  });
  const decide = (entry: Entry, by: string) =>
    context.http("POST", `/api/review-items/${entry.id}/decide`, { key: by, json: { decision: "confirmed" } });
  return { people, opened, reviewId, entries, decide };
}

/** The open review of the workspace of signatures, and the people around it; opened when none is. */
async function openToSign(context: ProbeContext) {
  const { scratch, people } = await signingPeople(context);
  await people.owner.call("POST", "/api/reviews");
  const list = recordsOf((await people.owner.call("GET", "/api/reviews")).body["items"]);
  const id = String(list.find((each) => each["closedAt"] === null)?.["id"]);
  const one = `/api/reviews/${id}`;
  const ask = async (headers: Record<string, string> = {}) => {
    const view = await people.approver.call("GET", `${one}/signing`);
    const body = { step: "conclude", meaning: "Reviewed: follow-up is needed, as said in the notes" };
    return { body, headers: { "if-match": `"${Number(view.body["version"])}"`, ...headers } };
  };
  const end = async () => {
    for (const person of Object.values(people)) await person.browser.call("DELETE", "/api/session");
  };
  return { scratch, people, id, one, ask, end };
}

const signedWhenFinished: Control["probes"][number] = {
  id: "signed-when-finished",
  kind: "scratch",
  title: "A finished review is closed by one signature, which locks it",
  run: async (context) => {
    const { people, id, one, ask, end } = await openToSign(context);
    const { owner, approver } = people;
    for (const item of recordsOf((await owner.call("GET", one)).body["items"])) {
      const by = item["memberId"] === owner.membershipId ? approver : owner;
      await by.call("POST", `/api/review-items/${String(item["id"])}/decide`, { decision: "confirmed" });
    }
    const asked = await ask();
    const challenge = await approver.call("POST", `${one}/signing/challenge`, asked.body, asked.headers);
    const proof = {
      challenge: challenge.body["challenge"],
      userName: approver.email,
      password: approver.password,
    };
    const made = await approver.call("POST", `${one}/signatures`, proof);
    const view = (await approver.call("GET", `${one}/signing`)).body;
    const listed = recordsOf((await owner.call("GET", "/api/reviews")).body["items"]).find((each) => each["id"] === id);
    await end();
    return allOf("every entry was decided, one signature closed the record, and it is locked", [
      [made.status === 201, `signing got ${said(challenge.status === 201 ? made : challenge)}`],
      [view["state"] === "signed" && view["locked"] === true, `the review is ${String(view["state"])}`],
      [typeof listed?.["signedAt"] === "string", "the list does not show it as signed"],
    ]);
  },
  negative: async (context) => {
    const { scratch, people, one, ask, end } = await openToSign(context);
    const asked = await ask();
    const early = await people.approver.call("POST", `${one}/signing/challenge`, asked.body, asked.headers);
    const key = await context.http("POST", `${one}/signing/challenge`, {
      key: scratch.authorKey,
      headers: asked.headers,
      json: asked.body,
    });
    await end();
    return allOf("a review that is not finished is not signed, and a key signs none", [
      [early.body["code"] === "review.unfinished", `signing an unfinished review got ${said(early)}`],
      [key.body["code"] === "signing.person_only", `a key signing got ${said(key)}`],
    ]);
  },
};

export const accessReview = defineControl({
  id: "ACC-03",
  standards: ["SOC 2 CC6.2", "ISO 27001 A.5.18", "HIPAA §164.308(a)(4)"],
  yourPart: "Have two people at least who may review, and decide before the date.",
  notProbed: ["the opening of a review by time (tested before each release)"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "named-reviewer",
      kind: "scratch",
      title: "Every member and key has an entry with a reviewer who is somebody else, and nobody decides on themselves",
      run: async (context) => {
        const { people, opened, entries } = await openReview(context);
        const members = Object.values(people).filter((person) =>
          entries.some((entry) => entry.memberId === person.membershipId),
        );
        return allOf(`${entries.length} entries, each with a reviewer who is somebody else`, [
          [[201, 409].includes(opened.status), `opening a review got ${said(opened)}`],
          [members.length === 3, `${members.length} of 3 members have an entry`],
          [
            entries.every((entry) => entry.reviewerId !== null && entry.reviewerId !== entry.memberId),
            "an entry has no reviewer, or its own person",
          ],
        ]);
      },
      negative: async (context) => {
        const { people, reviewId, entries, decide } = await openReview(context);
        const waiting = entries.filter((entry) => entry.decision === null);
        const own = waiting.find((entry) => entry.memberId === people.admin.membershipId);
        const other = waiting.find((entry) => entry.memberId !== people.member.membershipId);
        const self = own === undefined ? undefined : await decide(own, people.admin.key);
        const lowly = other === undefined ? undefined : await decide(other, people.member.key);
        // Everything else is decided by somebody else, so that the next run opens a new review.
        for (const entry of waiting)
          await decide(entry, entry.memberId === people.owner.membershipId ? people.admin.key : people.owner.key);
        const list = await context.http("GET", "/api/reviews", { key: people.owner.key });
        const closed = recordsOf(list.body["items"]).find((review) => review["id"] === reviewId);
        return allOf(
          "an admin was refused on their own entry, a member on any; decided by others the review closed with its outcome",
          [
            [self?.status === 403, `deciding on oneself got ${self === undefined ? "no entry to try" : said(self)}`],
            [lowly?.status === 403, `a member's decision got ${lowly === undefined ? "no entry to try" : said(lowly)}`],
            [closed?.["outcome"] !== null && closed?.["closedAt"] !== null, "the review did not close"],
          ],
        );
      },
    },
    signedWhenFinished,
  ],
});

function recordsOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "object" && each !== null) : [];
}
