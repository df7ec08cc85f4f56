import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { newSecret } from "../identity/api-key.ts";
import type { Kernel } from "../kernel.ts";
import { policyValue } from "../policy/store.ts";
import type { Credential, Source } from "../work/credential.ts";
import { doorProblem } from "../work/error.ts";
import { query } from "../work/query.ts";
import type { AccessTokens } from "./access-token.ts";
import { tokenProblem } from "./error.ts";

export type IssuedTokens = {
  readonly accessToken: string;
  readonly accessExpiresAt: Date;
  readonly refreshToken: string;
  readonly refreshExpiresAt: Date;
};

/** Makes the first pair of a family from an API key; the door checks the key as for any call. */
export async function exchangeKey(
  kernel: Kernel,
  tokens: AccessTokens,
  credential: Credential & { kind: "key" },
): Promise<IssuedTokens> {
  // 1. Any one thing the key may do: the door is entered for it.
  const [may] = await kernel.door.callFunction({
    sql: "select kernel.key_permission($1) as permission",
    parameters: [credential.token],
  });
  const permission = may?.["permission"];
  if (typeof permission !== "string") throw doorProblem.key_ended();
  await tokens.prepare();
  return kernel.door.work(credential, permission, async (tx) => {
    // 2. How long, by the workspace's policy; never beyond the key.
    const asked = sql<{ key_id: string; expires_at: Date }>`select * from kernel.bound_key(${credential.token})`;
    const [key] = await tx.all({ compile: () => asked.compile(query) });
    if (key === undefined) throw doorProblem.key_ended();
    const until = (ms: number) => new Date(Math.min(Date.now() + ms, key.expires_at.getTime()));
    const accessExpiresAt = until((await policyValue(tx, "token.accessMinutes")) * 60_000);
    const refreshExpiresAt = until((await policyValue(tx, "token.refreshDays")) * 86_400_000);
    // 3. Sign, keep the hashes, record.
    const id = uuidv7();
    const accessToken = await tokens.sign({
      id,
      membershipId: tx.who.actorId,
      workspaceId: tx.who.tenantId,
      keyId: key.key_id,
      expiresAt: accessExpiresAt,
    });
    const refresh = newSecret(refreshPrefix);
    await tx.record({ action: "kernel.token.issue", rowId: key.key_id, fields: { token: id } });
    await tx.all(
      query.selectNoFrom(
        sql<null>`kernel.issue_token(${id}, ${credential.token}, ${hashOf(accessToken)}, ${accessExpiresAt}, ${refresh.hash}, ${refreshExpiresAt})`.as(
          "issued",
        ),
      ),
    );
    return { accessToken, accessExpiresAt, refreshToken: refresh.token, refreshExpiresAt };
  });
}

/** Takes a refresh token once and gives the next pair. A second use ends the family, and says so in the workspace's log. */
export async function refreshTokens(
  kernel: Kernel,
  tokens: AccessTokens,
  refreshToken: string,
  source: Source,
): Promise<IssuedTokens> {
  const [subject] = await kernel.door.callFunction({
    sql: "select * from kernel.refresh_subject($1)",
    parameters: [refreshToken],
  });
  const refreshExpiresAt = subject?.["refresh_expires_at"];
  if (subject === undefined || !(refreshExpiresAt instanceof Date)) throw tokenProblem.refresh_ended();
  const id = uuidv7();
  const accessExpiresAt = new Date(
    Math.min(Date.now() + Number(subject["access_seconds"]) * 1000, refreshExpiresAt.getTime()),
  );
  const accessToken = await tokens.sign({
    id,
    membershipId: String(subject["membership_id"]),
    workspaceId: String(subject["tenant_id"]),
    keyId: String(subject["key_id"]),
    expiresAt: accessExpiresAt,
  });
  const next = newSecret(refreshPrefix);
  const [taken] = await kernel.door.callFunction({
    sql: "select kernel.refresh_token($1, $2, $3, $4, $5) as outcome",
    parameters: [refreshToken, id, hashOf(accessToken), accessExpiresAt, next.hash],
  });
  const outcome = taken?.["outcome"];
  if (outcome === "reused") await noteReuse(kernel, String(subject["tenant_id"]), String(subject["key_id"]), source);
  if (outcome !== "taken") throw tokenProblem.refresh_ended();
  await enterOnce(kernel, { kind: "token", token: accessToken, source }, String(subject["key_id"]), id);
  return { accessToken, accessExpiresAt, refreshToken: next.token, refreshExpiresAt };
}

/** The new token goes through the door before it is given out: key, member, workspace and address are as they must be. */
async function enterOnce(kernel: Kernel, credential: Credential, keyId: string, id: string): Promise<void> {
  const [may] = await kernel.door.callFunction({
    sql: "select kernel.key_permission($1) as permission",
    parameters: [credential.token],
  });
  const permission = may?.["permission"];
  if (typeof permission !== "string") throw doorProblem.key_ended();
  await kernel.door.work(credential, permission, (tx) =>
    tx.record({ action: "kernel.token.refresh", rowId: keyId, fields: { token: id } }),
  );
}

/** Ends every token of the family this access or refresh token belongs to. An unknown one is no error (RFC 7009). */
export async function endTokens(kernel: Kernel, token: string, source: Source): Promise<void> {
  const [ended] = await kernel.door.callFunction({
    sql: "select * from kernel.end_token_family($1)",
    parameters: [token],
  });
  if (ended === undefined) return;
  const credential = kernel.system(String(ended["tenant_id"]), source);
  await kernel.door.work(credential, "kernel.session.note", (tx) =>
    tx.record({ action: "kernel.token.end", rowId: String(ended["family_id"]) }),
  );
}

async function noteReuse(kernel: Kernel, tenantId: string, keyId: string, source: Source): Promise<void> {
  await kernel.door.work(kernel.system(tenantId, source), "kernel.session.note", (tx) =>
    tx.record({ action: "kernel.token.reuse", outcome: "refused", rowId: keyId }),
  );
}

const refreshPrefix = "probity_rt_";

function hashOf(token: string): Buffer {
  return createHash("sha256").update(token, "utf8").digest();
}
