import { createHash, randomBytes } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import { query } from "../work/query.ts";
import type { Tx } from "../work/door.ts";

/** A fresh secret: 32 random bytes; only its SHA-256 is stored, as the door compares it. */
export function newSecret(prefix: string): { token: string; hash: Buffer } {
  const token = `${prefix}${randomBytes(32).toString("base64url")}`;
  return { token, hash: createHash("sha256").update(token, "utf8").digest() };
}

/**
 * Makes an API key for a member of the bound workspace. The key may do what is listed AND what its member's role still
 * may at the time of use. The token (`pk_…`) is given back once and can't be read again.
 */
export async function issueKey(
  tx: Tx,
  key: { membershipId: string; name: string; permissions: readonly string[]; expiresAt: Date },
): Promise<{ id: string; token: string }> {
  const id = uuidv7();
  const { token, hash } = newSecret("pk_");
  await tx.record({
    action: "kernel.api_key.create",
    record: "kernel.api_key",
    rowId: id,
    version: 1,
    fields: { name: key.name, permissions: key.permissions.join(" "), expires_at: key.expiresAt },
  });
  await tx.all(
    query.insertInto("kernel.api_key").values({
      id,
      membership_id: key.membershipId,
      name: key.name,
      secret_hash: hash,
      permissions: [...key.permissions],
      expires_at: key.expiresAt,
    }),
  );
  return { id, token };
}
