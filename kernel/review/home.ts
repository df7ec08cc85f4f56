import type { HomeItem } from "../app.ts";
import type { Tx } from "../work/door.ts";
import { listReviews, reviewItems } from "./review.ts";

/** What an open access review asks of the person who looks at their home page. */
export async function reviewHome(tx: Tx, workspaceSlug: string): Promise<HomeItem[]> {
  if (tx.who.role !== "owner" && tx.who.role !== "admin") return [];
  const open = (await listReviews(tx)).find((review) => review.closedAt === null);
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
