import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { newSecret } from "../identity/api-key.ts";
import type { Kernel } from "../kernel.ts";
import type { Source } from "../work/credential.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { scimProblem } from "./error.ts";

export type ScimToken = {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
};

const lifeDays = 365;
const record = "kernel.scim_token";

/** Makes a token for the workspace's directory; it is given back once, only its hash is stored (ENC-03). */
export async function issueScimToken(tx: Tx, name: string): Promise<{ id: string; token: string; expiresAt: Date }> {
  const id = uuidv7();
  const { token, hash } = newSecret("sc_");
  const expiresAt = new Date(Date.now() + lifeDays * 86_400_000);
  await tx.record({
    action: "kernel.scim_token.create",
    record,
    rowId: id,
    version: 1,
    fields: { name, expires_at: expiresAt },
  });
  await tx.all(query.insertInto(record).values({ id, name, secret_hash: hash, expires_at: expiresAt }));
  return { id, token, expiresAt };
}

export async function listScimTokens(tx: Tx): Promise<ScimToken[]> {
  const rows = await tx.all(
    query.selectFrom(record).select(["id", "name", "created_at", "expires_at"]).where("revoked_at", "is", null),
  );
  return rows.map((row) => ({ id: row.id, name: row.name, createdAt: row.created_at, expiresAt: row.expires_at }));
}

export async function revokeScimToken(tx: Tx, id: string): Promise<void> {
  const open = query.selectFrom(record).select(["version"]).where("id", "=", id).where("revoked_at", "is", null);
  const row = await tx.first(open.forUpdate());
  if (row === undefined) throw scimProblem.token_unknown();
  await tx.record({ action: "kernel.scim_token.revoke", record, rowId: id, version: row.version + 1 });
  await tx.all(query.updateTable(record).set({ revoked_at: new Date() }).where("id", "=", id));
}

/** Whose directory a token speaks for. Unknown, revoked, ended, of a frozen workspace or from elsewhere: nobody's. */
export async function directoryOf(
  kernel: Pick<Kernel, "door">,
  token: string,
  source: Source,
): Promise<{ tenantId: string; tokenId: string }> {
  const [row] = await kernel.door.callFunction({
    sql: "select * from kernel.scim_of_token($1, $2)",
    parameters: [token, source.address],
  });
  if (row === undefined) throw scimProblem.token_refused();
  return { tenantId: String(row["tenant_id"]), tokenId: String(row["token_id"]) };
}
