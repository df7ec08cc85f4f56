import type { Source } from "../work/credential.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { clientSecretOf, connectionOf, type SsoConnection } from "./connection.ts";
import { ssoProblem } from "./error.ts";
import type { OidcClient } from "./oidc.ts";
import type { SamlParty } from "./saml.ts";
import { addressesOf, type Sso } from "./sso.ts";

/** A connection as the server uses it, with its secret where it has one. */
export async function readConnection(sso: Sso, tenantId: string, connectionId: string, source: Source) {
  const { kernel } = sso;
  return kernel.door.work(kernel.system(tenantId, source), "kernel.sso.sign_in", async (tx) => {
    const connection = await connectionOf(tx, connectionId);
    if (connection === undefined) throw ssoProblem.not_offered();
    const secret = connection.kind === "oidc" ? await clientSecretOf(tx, kernel.keyring, connectionId) : "";
    return { connection, secret };
  });
}

/** Who we are to this workspace's provider. */
export function clientOf(
  sso: Pick<Sso, "origin">,
  connection: SsoConnection,
  { tenantId, secret }: { tenantId: string; secret: string },
): OidcClient {
  return {
    issuer: connection.issuer,
    clientId: connection.clientId ?? "",
    clientSecret: secret,
    redirectUri: addressesOf(sso, tenantId).oidcCallback,
    scope: "openid email profile",
  };
}

/** The same to its SAML provider. */
export function samlPartyOf(sso: Pick<Sso, "origin">, connection: SsoConnection, tenantId: string): SamlParty {
  const { samlEntity, samlAcs } = addressesOf(sso, tenantId);
  return { connection, entity: samlEntity, acs: samlAcs };
}

export type LinkedProvider = { readonly connectionId: string; readonly name: string };

/**
 * The workspace's identity provider that speaks for this person and has no password of theirs beside it: who has one proves
 * themselves by it. Of several, the one linked last.
 */
export async function providerOf(
  tx: Tx,
  { kernel }: Pick<Sso, "kernel">,
  userId: string,
): Promise<LinkedProvider | undefined> {
  const connections = await tx.all(
    query
      .selectFrom("kernel.sso_connection")
      .select(["id", "name"])
      .where("enabled", "=", true)
      .where("deleted_at", "is", null),
  );
  if (connections.length === 0) return undefined;
  const found = await kernel.identityPool.query<{ provider_id: string }>(
    `select a.provider_id from identity.account a where a.user_id = $1 and a.provider_id = any ($2)
       and not exists (select 1 from identity.account o where o.user_id = $1 and o.provider_id = 'credential' and o.password is not null)
     order by a.created_at desc limit 1`,
    [userId, connections.map(({ id }) => `sso:${id}`)],
  );
  const connection = connections.find(({ id }) => `sso:${id}` === found.rows[0]?.provider_id);
  return connection === undefined ? undefined : { connectionId: connection.id, name: connection.name };
}

/** Whether the provider's name for somebody is this person's. */
export async function isLinked(
  { kernel }: Pick<Sso, "kernel">,
  userId: string,
  connectionId: string,
  subject: string,
): Promise<boolean> {
  const found = await kernel.identityPool.query(
    "select 1 from identity.account where user_id = $1 and provider_id = $2 and account_id = $3",
    [userId, `sso:${connectionId}`, subject],
  );
  return found.rowCount === 1;
}
