import type { HomeItem } from "../app.ts";
import { signerStanding } from "../signing/standing.ts";
import type { Tx } from "../work/door.ts";
import { listReviews, reviewItems } from "./review.ts";

/** What access reviews ask of the person who looks at their home page: to decide, and to sign what is decided. */
export async function reviewHome(tx: Tx, workspaceSlug: string): Promise<HomeItem[]> {
  if (tx.who.role !== "owner" && tx.who.role !== "admin") return [];
  const reviews = await listReviews(tx);
  return [...(await toSign(tx, workspaceSlug, reviews)), ...(await toDecide(tx, workspaceSlug, reviews))];
}

type Reviews = Awaited<ReturnType<typeof listReviews>>;

async function toDecide(tx: Tx, workspaceSlug: string, reviews: Reviews): Promise<HomeItem[]> {
  const open = reviews.find((review) => review.closedAt === null);
  if (open === undefined) return [];
  const waiting = (await reviewItems(tx, open.id)).filter((item) => item.decision === null);
  const mine = waiting.filter((item) => item.reviewer?.id === tx.who.actorId).length;
  if (mine === 0 && !open.overdue) return [];
  return [
    {
      urgency: open.overdue ? "late" : "week",
      verb: "Review access",
      object: `Access review ${open.number}`,
      detail: `${waiting.length} of ${open.items} entries wait for a decision${mine > 0 ? `, ${mine} of them for yours` : ""}.`,
      reason: open.overdue ? "It is past its date." : "You are named as reviewer.",
      href: `/w/${workspaceSlug}/reviews/${open.id}`,
      act: "Open",
    },
  ];
}

/** The newest finished review, where nobody signed it yet, for who may sign at all. */
async function toSign(tx: Tx, workspaceSlug: string, reviews: Reviews): Promise<HomeItem[]> {
  const closed = reviews.find((review) => review.closedAt !== null);
  if (closed === undefined || closed.signedAt !== null) return [];
  if ((await signerStanding(tx)).status !== "enabled") return [];
  return [
    {
      urgency: "week",
      verb: "Sign",
      object: `Access review ${closed.number}`,
      detail: "every entry is decided",
      reason: "one signature closes the record",
      href: `/w/${workspaceSlug}/reviews/${closed.id}`,
      act: "Open",
    },
  ];
}
