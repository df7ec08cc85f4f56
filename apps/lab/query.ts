import { queryFor } from "@probity/kernel";
import type { DB } from "./schema.generated.ts";

/** What this app reads of the kernel's own tables: names of members, and the versions and leaves of its rows. */
type KernelTables = {
  "kernel.membership": { id: string; name: string };
  "kernel.version_history": {
    tenant_id: string;
    row_id: string;
    version: number;
    record: string;
    at: Date;
    actor_id: string;
    body: Record<string, unknown>;
  };
  "kernel.ledger_event": {
    tenant_id: string;
    row_id: string | null;
    version: number | null;
    seq: string;
    action: string;
  };
};
export type Tables = DB & KernelTables;

/** This app's tables. */
export const query = queryFor<Tables>();
