import { queryFor } from "@probity/kernel";
import type { DB } from "./schema.generated.ts";

/** What this app reads of the kernel's own tables: names of members, and the versions and leaves of its rows. */
type KernelTables = {
  "kernel.membership": {
    id: string;
    user_id: string;
    name: string;
    email: string;
    role: string;
    status: string;
    deleted_at: Date | null;
  };
  "kernel.version_history": {
    tenant_id: string;
    row_id: string;
    version: number;
    record: string;
    at: Date;
    actor_id: string;
    body: Record<string, unknown>;
  };
  "kernel.link": { id: string; revoked_at: Date | null };
  "kernel.invitation": {
    id: string;
    membership_id: string | null;
    accepted_at: Date | null;
    expires_at: Date;
    deleted_at: Date | null;
  };
  "kernel.idempotency_key": { tenant_id: string; actor_id: string; key: string; fingerprint: string; row_id: string };
  "kernel.job": { tenant_id: string; id: string; state: string; stage: string; done: number; total: number };
  "kernel.ledger_event": {
    tenant_id: string;
    row_id: string | null;
    version: number | null;
    seq: string;
    action: string;
  };
  "kernel.signature": {
    tenant_id: string;
    row_id: string;
    signed_version: number;
    printed_name: string;
    meaning: string;
    signed_at: Date;
  };
};
export type Tables = DB & KernelTables;

/** This app's tables. */
export const query = queryFor<Tables>();
