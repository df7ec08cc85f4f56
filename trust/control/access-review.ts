import { openAccessScratch } from "@probity/kernel";
import { defineControl, type ProbeContext } from "../control.ts";
import { said } from "./browser.ts";
import { allOf } from "./outcome.ts";

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

export const accessReview = defineControl({
  id: "ACC-03",
  standards: ["SOC 2 CC6.2", "ISO 27001 A.5.18", "HIPAA §164.308(a)(4)"],
  yourPart: "Have two people at least who may review, and decide before the date.",
  notProbed: ["the opening of a review by time (tested before each release)", "the signature on a finished review"],
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
  ],
});

function recordsOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "object" && each !== null) : [];
}
