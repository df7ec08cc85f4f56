import type { Pool } from "pg";
import type { JobHandler } from "../jobs/worker.ts";
import type { Post } from "./post.ts";
import type { SmtpSender } from "./smtp.ts";

/** Seconds until the next try; after the last one the mail has failed, about a day after it was written. */
const pausesSeconds = [30, 120, 600, 1800, 7200, 28_800, 43_200] as const;

/**
 * Sends one mail that waits. Without a mail server it is kept for the outbox. A mail that left but whose row could not be
 * marked leaves again, under the same message id.
 */
export function mailJob(identityPool: Pool, post: Post, sender: SmtpSender | undefined): JobHandler {
  return async ({ subjectId: id }) => {
    const found = await identityPool.query<{ sealed: Buffer; attempts: number }>(
      "select sealed, attempts from identity.mail where id = $1 and state = 'waiting'",
      [id],
    );
    const [mail] = found.rows;
    if (mail === undefined) return;
    if (sender === undefined) {
      await identityPool.query("update identity.mail set state = 'kept' where id = $1 and state = 'waiting'", [id]);
      await forgetOld(identityPool);
      return;
    }
    const { to, ...content } = post.open(id, mail.sealed);
    const delivery = await sender.send(id, to, { template: "", ...content });
    const pause = pausesSeconds[mail.attempts];
    if (delivery.state === "again" && pause !== undefined) {
      // The new time makes the next job, in the same statement.
      await identityPool.query(
        `update identity.mail set attempts = attempts + 1, problem = $2, next_at = now() + make_interval(secs => $3)
         where id = $1 and state = 'waiting'`,
        [id, delivery.problem, pause],
      );
      return;
    }
    await identityPool.query(
      `update identity.mail set state = $2, problem = $3, attempts = attempts + 1, sealed = null, settled_at = now()
       where id = $1 and state = 'waiting'`,
      [id, delivery.state === "sent" ? "sent" : "failed", delivery.state === "sent" ? null : delivery.problem],
    );
    await forgetOld(identityPool);
  };
}

/** The text of a kept mail goes after 8 days: its links have ended by then. Its line goes after 90. */
async function forgetOld(identityPool: Pool): Promise<void> {
  await identityPool.query(
    `update identity.mail set sealed = null, state = 'failed', problem = 'not handed on', settled_at = now()
     where state = 'kept' and created_at < now() - interval '8 days'`,
  );
  await identityPool.query("delete from identity.mail where created_at < now() - interval '90 days'");
}
