import { Type } from "typebox";
import { readSealed, writeSealed } from "../../vault/sealed-field.ts";
import type { TenantKeyring } from "../../vault/tenant-key.ts";
import type { Tx } from "../../work/door.ts";
import { query } from "../../work/query.ts";
import { newSecret } from "./webhook.ts";

const hourMs = 3_600_000;

/** What a call says that gives a webhook another secret. */
export const renewBody = Type.Object(
  {
    overlapHours: Type.Integer({
      minimum: 0,
      maximum: 168,
      description: "how long the secret before signs too; 0: no longer, as after a leak",
    }),
  },
  { additionalProperties: false },
);
export const renewAnswer = Type.Object({
  secret: Type.String(),
  previousUntil: Type.Union([Type.String(), Type.Null()]),
});

type Receiver = {
  readonly record: "kernel.stream" | "kernel.anchor_target";
  readonly action: string;
  readonly id: string;
  /** As locked by the caller. */
  readonly version: number;
};

/**
 * Gives a webhook another secret, shown this once and sealed (ENC-03). For the overlap both sign every message, so that the
 * receiver can change over without losing one (Standard Webhooks); without one the old secret is worth nothing at once.
 */
export async function renewSecret(
  tx: Tx,
  keyring: TenantKeyring,
  { record, action, id, version: found }: Receiver,
  overlapHours: number,
): Promise<{ secret: string; previousUntil: Date | null }> {
  const before = (await readSealed(tx, keyring, record, [id])).get(id)?.["secret"];
  const previousUntil = overlapHours === 0 ? null : new Date(Date.now() + overlapHours * hourMs);
  const secret = newSecret();
  const version = found + 1;
  await tx.record({ action, record, rowId: id, version, fields: { overlapHours } });
  await tx.all(query.updateTable(record).set({ previous_until: previousUntil }).where("id", "=", id));
  // What no longer signs is kept nowhere as the newest value: a rotation without overlap forgets it.
  const previous = previousUntil === null ? "" : before;
  await writeSealed(tx, keyring, { record, rowId: id, version }, { secret, previous });
  return { secret, previousUntil };
}
