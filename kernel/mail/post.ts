import { createHmac, createSecretKey, type KeyObject, randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import type { Pool, PoolClient } from "pg";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { openValue, sealValue } from "../vault/seal.ts";
import type { Mail } from "./template.ts";

export type Recipient = { readonly address: string; readonly userId: string | null };
/** What the outbox keeps under seal. */
export type SealedMail = {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
};
/** A mail as a row of identity.mail, for functions that write it together with something else. */
export type QueuedMail = {
  readonly id: string;
  readonly template: string;
  readonly sealed: Buffer;
  readonly userId: string | null;
};

/** Puts mails into the outbox, in the transaction of the act they tell of. */
export class Post {
  readonly #key: KeyObject;

  constructor(rootKey: KeyObject) {
    this.#key = createSecretKey(createHmac("sha256", rootKey).update("probity mail").digest());
  }

  seal(mail: Mail, { address, userId }: Recipient): QueuedMail {
    const id = uuidv7();
    const { template, subject, text, html } = mail;
    const content: SealedMail = { to: address, subject, text, html };
    const sealed = sealValue(this.#key, Buffer.from(JSON.stringify(content)), ["identity.mail", id]);
    return { id, template, sealed, userId };
  }

  open(id: string, sealed: Buffer): SealedMail {
    const content: SealedMail = JSON.parse(openValue(this.#key, sealed, ["identity.mail", id]).toString("utf8"));
    return content;
  }

  /** On the identity's own connection: mail to a person, no workspace's. */
  async queue(database: Pool | PoolClient, mail: Mail, recipient: Recipient): Promise<void> {
    const { id, template, sealed, userId } = this.seal(mail, recipient);
    await database.query("insert into identity.mail (id, template, sealed, user_id) values ($1, $2, $3, $4)", [
      id,
      template,
      sealed,
      userId,
    ]);
  }

  /** In a transaction of the door: the bound workspace's own mail. */
  async queueIn(tx: Tx, mail: Mail, recipient: Recipient): Promise<void> {
    const { id, template, sealed, userId } = this.seal(mail, recipient);
    const call = sql`select kernel.queue_mail(${id}, ${template}, ${sealed}, ${userId})`;
    await tx.all({ compile: () => call.compile(query) });
  }
}
