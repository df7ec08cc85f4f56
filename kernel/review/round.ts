import type { Kernel } from "../kernel.ts";
import { instanceTenantId } from "../work/credential.ts";
import { isReviewDue, openReview } from "./review.ts";

/** Opens the access review of every workspace where it is due (ACC-03). Gives how many it opened. */
export async function openDueReviews(kernel: Kernel, now = new Date()): Promise<number> {
  const rows = await kernel.door.callFunction({
    sql: "select id from kernel.standing_workspaces($1) as w (id)",
    parameters: [kernel.system(instanceTenantId).token],
  });
  let opened = 0;
  for (const { id } of rows) {
    opened += await kernel.door.work(kernel.system(String(id)), "kernel.review.open", async (tx) => {
      if (!(await isReviewDue(tx, now))) return 0;
      await openReview(tx);
      return 1;
    });
  }
  return opened;
}
