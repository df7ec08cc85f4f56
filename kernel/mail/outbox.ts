import { sql } from "kysely";
import { query } from "../work/query.ts";
import type { Tx } from "../work/door.ts";
import { accountProblem } from "../identity/account-error.ts";
import type { Post, SealedMail } from "./post.ts";

export type OutboxLine = {
  readonly id: string;
  readonly template: string;
  /** waiting, kept (no mail server), sent or failed. */
  readonly state: string;
  readonly attempts: number;
  /** What the mail server said, as codes. */
  readonly problem: string | null;
  readonly createdAt: Date;
  readonly settledAt: Date | null;
  /** While the text is still here. */
  readonly to: string | null;
  readonly subject: string | null;
  /** Whether the reader may open it. */
  readonly opens: boolean;
};

type Row = {
  id: string;
  template: string;
  state: string;
  attempts: number;
  problem: string | null;
  created_at: Date;
  settled_at: Date | null;
  sealed: Buffer | null;
  opens: boolean;
};

/** The mails the bound workspace may see (kernel.outbox.read), newest first: which ones is the database's judgement. */
export async function listOutbox(tx: Tx, post: Post): Promise<OutboxLine[]> {
  return (await rows(tx)).map((row) => {
    const content = row.sealed === null ? undefined : post.open(row.id, row.sealed);
    return {
      id: row.id,
      template: row.template,
      state: row.state,
      attempts: row.attempts,
      problem: row.problem,
      createdAt: row.created_at,
      settledAt: row.settled_at,
      to: content?.to ?? null,
      subject: content?.subject ?? null,
      opens: row.opens,
    };
  });
}

/** Opens one mail with its link (kernel.outbox.open), and leaves the leaf that says so. */
export async function openOutbox(tx: Tx, post: Post, id: string): Promise<Omit<SealedMail, "html">> {
  const row = (await rows(tx)).find((each) => each.id === id && each.opens);
  if (row === undefined || row.sealed === null) throw accountProblem.mail_unknown();
  await tx.record({ action: "kernel.outbox.open", fields: { mail: id, template: row.template } });
  const { to, subject, text } = post.open(row.id, row.sealed);
  return { to, subject, text };
}

async function rows(tx: Tx): Promise<Row[]> {
  const call = sql<Row>`select * from kernel.outbox()`;
  return tx.all({ compile: () => call.compile(query) });
}
