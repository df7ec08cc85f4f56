import { Client } from "pg";
import type { TestKernel } from "./kernel.ts";

/** Counts what all workspaces' logs hold, leaves on their way and access events included: before and after an act. */
export async function openTraceCount(
  kernel: Pick<TestKernel, "admin" | "access">,
): Promise<{ count(): Promise<number>; acts(): Promise<number>; close(): Promise<void> }> {
  const door = new Client(kernel.admin);
  await door.connect();
  await door.query("set role probity_door");
  return {
    count: async () => {
      await kernel.access.flush();
      const counted = await door.query<{ traces: string }>(
        `select (select count(*) from kernel.ledger_inbox) + (select count(*) from kernel.ledger_event)
           + (select coalesce(sum(count), 0) from kernel.access_event) as traces`,
      );
      return Number(counted.rows[0]?.traces);
    },
    /** Leaves of acts alone: what leaves this server is one of its own, not a reading among others. */
    acts: async () => {
      const counted = await door.query<{ acts: string }>(
        `select (select count(*) from kernel.ledger_inbox i where i.action not like 'kernel.access.%')
           + (select count(*) from kernel.ledger_event e where e.action not like 'kernel.access.%') as acts`,
      );
      return Number(counted.rows[0]?.acts);
    },
    close: () => door.end(),
  };
}
