import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { isIP } from "node:net";
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from "@simplewebauthn/server";
import { Type, type Static } from "typebox";
import type { Pool, PoolClient } from "pg";
import { factorProblem } from "./factor-error.ts";

/** What a passkey is bound to (WebAuthn 5.1.2): a name, and the origins its pages come from. */
export type RelyingParty = { readonly id: string; readonly origin: string };
export type ChallengePurpose = "add" | "sign-in" | "factor" | "step-up" | "signing";
/** Whose challenge it is. A sign-in by passkey alone has nobody yet. */
export type ChallengeOwner = { readonly userId: string | null; readonly sessionId: string | null };

const challengeMinutes = 5;
const maxPasskeys = 20;
/** EdDSA, ES256, RS256: what authenticators speak (RFC 9053, RFC 8812). */
const algorithms = [-8, -7, -257];
const text = (maxLength: number) => Type.String({ maxLength, pattern: "^[A-Za-z0-9_-]*$" });
const common = { id: text(1400), rawId: text(1400), type: Type.Literal("public-key") };

/** What the browser made: PublicKeyCredential.toJSON(), the parts that count. */
export const registrationSchema = Type.Object(
  {
    ...common,
    response: Type.Object(
      {
        clientDataJSON: text(4000),
        attestationObject: text(20_000),
        transports: Type.Array(Type.String({ maxLength: 20 }), { maxItems: 10 }),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export const assertionSchema = Type.Object(
  {
    ...common,
    response: Type.Object(
      {
        clientDataJSON: text(4000),
        authenticatorData: text(4000),
        signature: text(4000),
        userHandle: Type.Union([text(100), Type.Null()]),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export type Registration = Static<typeof registrationSchema>;
export type Assertion = Static<typeof assertionSchema>;

/** The relying party of an instance at this address; undefined at a bare IP address, to which no passkey can be bound. */
export function relyingPartyOf(url: string): RelyingParty | undefined {
  const { hostname, origin, protocol, port } = new URL(url);
  if (isIP(hostname.replaceAll(/[[\]]/g, "")) === 0) return { id: hostname, origin };
  // Loopback has a name of its own that browsers bind passkeys to.
  if (!hostname.startsWith("127.") && hostname !== "[::1]") return undefined;
  return { id: "localhost", origin: `${protocol}//localhost${port === "" ? "" : `:${port}`}` };
}

/** Options for making a passkey: discoverable, and with the person verified by it (PIN, finger, face). */
export async function passkeyCreation(
  client: PoolClient,
  party: RelyingParty,
  own: { userId: string; sessionId: string; email: string; name: string },
): Promise<object> {
  const known = await client.query<{ credential_id: string; transports: string[] }>(
    "select credential_id, transports from identity.passkey where user_id = $1",
    [own.userId],
  );
  if (known.rows.length >= maxPasskeys) throw factorProblem.passkey_many({ values: { limit: maxPasskeys } });
  const options = await generateRegistrationOptions({
    rpName: "Probity",
    rpID: party.id,
    userName: own.email,
    userDisplayName: own.name,
    userID: new Uint8Array(Buffer.from(own.userId)),
    attestationType: "none",
    supportedAlgorithmIDs: algorithms,
    excludeCredentials: known.rows.map((row) => ({ id: row.credential_id, transports: row.transports })),
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
  });
  await keepChallenge(client, options.challenge, "add", own);
  return options;
}

export type NewPasskey = {
  readonly credentialId: string;
  readonly publicKey: Buffer;
  readonly counter: number;
  readonly transports: readonly string[];
};

/** A new passkey that answered this session's own challenge. The challenge is used up, whatever comes of it. */
export async function checkedPasskey(
  database: Pool,
  party: RelyingParty,
  own: { userId: string; sessionId: string },
  response: Registration,
): Promise<NewPasskey> {
  const challenge = await takeChallenge(database, response.response.clientDataJSON, "add", own);
  if (challenge === undefined) throw factorProblem.passkey_refused();
  const verified = await verifyRegistrationResponse({
    response: { ...response, clientExtensionResults: {} },
    supportedAlgorithmIDs: algorithms,
    expectedChallenge: challenge,
    expectedOrigin: party.origin,
    expectedRPID: party.id,
    requireUserVerification: true,
  }).catch((cause: unknown) => {
    throw factorProblem.passkey_refused({ cause });
  });
  if (!verified.verified) throw factorProblem.passkey_refused();
  const { id, publicKey, counter } = verified.registrationInfo.credential;
  const { transports } = response.response;
  return { credentialId: id, publicKey: Buffer.from(publicKey), counter, transports };
}

/** Stores it under its person; gives its id. */
export async function storePasskey(
  client: PoolClient,
  userId: string,
  name: string,
  made: NewPasskey,
): Promise<string> {
  const id = uuidv7();
  const stored = await client.query(
    `insert into identity.passkey (id, user_id, name, credential_id, public_key, counter, transports)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict (credential_id) do nothing`,
    [id, userId, name, made.credentialId, made.publicKey, made.counter, [...made.transports]],
  );
  if (stored.rowCount !== 1) throw factorProblem.passkey_taken();
  return id;
}

/** Options for using a passkey. Of nobody in particular, they name none: they tell nothing about who has an account. */
export async function passkeyRequest(
  database: Pool | PoolClient,
  party: RelyingParty,
  purpose: "sign-in" | "factor" | "step-up" | "signing",
  owner: ChallengeOwner,
  /** What the authenticator signs; random bytes where nothing is named. */
  challenge?: Buffer,
): Promise<object> {
  const known =
    owner.userId === null
      ? { rows: [] }
      : await database.query<{ credential_id: string; transports: string[] }>(
          "select credential_id, transports from identity.passkey where user_id = $1",
          [owner.userId],
        );
  const options = await generateAuthenticationOptions({
    rpID: party.id,
    userVerification: "required",
    ...(challenge === undefined ? {} : { challenge: new Uint8Array(challenge) }),
    allowCredentials: known.rows.map((row) => ({ id: row.credential_id, transports: row.transports })),
  });
  await keepChallenge(database, options.challenge, purpose, owner);
  return options;
}

/** Whose passkey answered the challenge of this purpose and owner; undefined for anything else. A challenge is good once. */
export async function takePasskey(
  database: Pool | PoolClient,
  party: RelyingParty,
  purpose: "sign-in" | "factor" | "step-up" | "signing",
  owner: ChallengeOwner,
  response: Assertion,
): Promise<string | undefined> {
  const challenge = await takeChallenge(database, response.response.clientDataJSON, purpose, owner);
  if (challenge === undefined) return undefined;
  const found = await database.query<{
    id: string;
    user_id: string;
    public_key: Buffer;
    counter: string;
  }>("select id, user_id, public_key, counter from identity.passkey where credential_id = $1", [response.id]);
  const passkey = found.rows[0];
  if (passkey === undefined || (owner.userId !== null && owner.userId !== passkey.user_id)) return undefined;
  const { userHandle, ...answer } = response.response;
  // WebAuthn 7.2 step 6: the person the authenticator names is the one the key is kept for.
  if (userHandle !== null && Buffer.from(userHandle, "base64url").toString() !== passkey.user_id) return undefined;
  const verified = await verifyAuthenticationResponse({
    response: { ...response, response: answer, clientExtensionResults: {} },
    expectedChallenge: challenge,
    expectedOrigin: party.origin,
    expectedRPID: party.id,
    requireUserVerification: true,
    credential: {
      id: response.id,
      publicKey: new Uint8Array(passkey.public_key),
      counter: Number(passkey.counter),
    },
  }).catch(() => undefined);
  if (verified?.verified !== true) return undefined;
  // A counter that does not grow is a copy of the key (WebAuthn 6.1.1); one that is always zero is none.
  const used = await database.query(
    `update identity.passkey set counter = $2, last_used_at = now() where id = $1 and (counter < $2 or (counter = 0 and $2 = 0))`,
    [passkey.id, verified.authenticationInfo.newCounter],
  );
  return used.rowCount === 1 ? passkey.user_id : undefined;
}

async function keepChallenge(
  database: Pool | PoolClient,
  challenge: string,
  purpose: ChallengePurpose,
  owner: ChallengeOwner,
): Promise<void> {
  await database.query("delete from identity.passkey_challenge where expires_at < now()");
  await database.query(
    `insert into identity.passkey_challenge (challenge, purpose, user_id, session_id, expires_at)
     values ($1, $2, $3, $4, now() + make_interval(mins => $5)) on conflict (challenge) do nothing`,
    [challenge, purpose, owner.userId, owner.sessionId, challengeMinutes],
  );
}

/** Uses up the challenge the answer names, if it was given for this purpose to this owner. */
async function takeChallenge(
  database: Pool | PoolClient,
  clientData: string,
  purpose: ChallengePurpose,
  { userId, sessionId }: ChallengeOwner,
): Promise<string | undefined> {
  const taken = await database.query<{ challenge: string }>(
    `delete from identity.passkey_challenge where challenge = $1 and purpose = $2
       and user_id is not distinct from $3 and session_id is not distinct from $4 and expires_at > now() returning challenge`,
    [challengeIn(clientData), purpose, userId, sessionId],
  );
  return taken.rows[0]?.challenge;
}

function challengeIn(clientData: string): string {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(clientData, "base64url").toString("utf8"));
    const named: unknown = typeof parsed === "object" && parsed !== null ? Reflect.get(parsed, "challenge") : "";
    return typeof named === "string" && !named.includes("\0") ? named.slice(0, 200) : "";
  } catch {
    return "";
  }
}
