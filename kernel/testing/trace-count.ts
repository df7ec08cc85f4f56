import { Client } from "pg";
import type { TestKernel } from "./kernel.ts";

/** Counts what all workspaces' logs hold, leaves on their way and access events included: before and after an act. */
export async function openTraceCount(
  kernel: Pick<TestKernel, "admin" | "access">,
): Promise<{ count(): Promise<number>; close(): Promise<void> }> {
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
    close: () => door.end(),
  };
}
