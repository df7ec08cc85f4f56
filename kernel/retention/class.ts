import type { PolicyName } from "../policy/policy.ts";

/** A class of data with its time, and what keeps to it. `enforced` null: nothing does yet, and the page says so. */
export type RetentionClass = {
  readonly id: string;
  readonly title: string;
  readonly policy: PolicyName | null;
  /** What is kept, where no policy of ours says how long. */
  readonly keeps: string | null;
  readonly enforced: string | null;
};

/** Every class of the product's promise (RET-01), those that nothing enforces yet too. */
export const retentionClasses = [
  {
    id: "access",
    title: "Access logs",
    policy: "retention.accessLogDays",
    keeps: null,
    enforced: "Who read what goes after this; the leaf of each batch stays in the log with its count and root.",
  },
  {
    id: "traces",
    title: "System logs",
    policy: "retention.systemLogDays",
    keeps: null,
    enforced: "Finished jobs and settled mails go after this. What the server prints to its console is its operator's.",
  },
  {
    id: "deleted",
    title: "Deleted items",
    policy: "retention.deletedItemDays",
    keeps: null,
    enforced: "A deleted row goes with its versions and sealed values, once nothing else needs it; a leaf says so.",
  },
  {
    id: "keys",
    title: "Keys of requests",
    policy: "retention.requestKeyDays",
    keeps: null,
    enforced:
      "What an Idempotency-Key was used for goes after this; eight bytes stay, by which the key is refused from then on.",
  },
  {
    id: "log",
    title: "Audit log",
    policy: "retention.ledgerYears",
    keeps: null,
    enforced: "Whole tiles at the log's beginning go after this, with a signed statement; zero keeps everything.",
  },
  {
    id: "analyses",
    title: "Analyses",
    policy: null,
    keeps: "While the account is active.",
    enforced: "Nothing removes them while the account is active.",
  },
  { id: "results", title: "Results", policy: null, keeps: "12 months.", enforced: null },
  { id: "contracts", title: "Contracts and what derives from them", policy: null, keeps: "90 days.", enforced: null },
  { id: "closed", title: "Closed accounts", policy: null, keeps: "30 days.", enforced: null },
] as const satisfies readonly RetentionClass[];
