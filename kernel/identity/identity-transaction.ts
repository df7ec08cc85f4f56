import type { PoolClient } from "pg";
import type { Kernel } from "../kernel.ts";

/** One transaction over people and their factors. It sees schema identity alone: no workspace, and no ledger. */
export async function inIdentity<T>(
  kernel: Pick<Kernel, "identityPool">,
  run: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await kernel.identityPool.connect();
  let broken: Error | undefined;
  try {
    await client.query("begin");
    const result = await run(client);
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch((failure: unknown) => {
      broken = failure instanceof Error ? failure : new Error("rollback failed");
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
