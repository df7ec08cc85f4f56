import { jwtVerify, SignJWT } from "jose";
import type { SigningKey, SigningKeys } from "./signing-key.ts";

/** What an access token says of itself (RFC 9068). It is for its reader: what it opens, the database decides by its hash. */
export type AccessClaims = {
  readonly id: string;
  readonly membershipId: string;
  readonly workspaceId: string;
  readonly keyId: string;
  readonly expiresAt: Date;
};

const algorithm = "EdDSA";
const type = "at+jwt";

/** Signs access tokens and tells our own from all others. */
export class AccessTokens {
  readonly #keys: Pick<SigningKeys, "all" | "current">;
  readonly #issuer: string;

  constructor(keys: Pick<SigningKeys, "all" | "current">, origin: string) {
    this.#keys = keys;
    this.#issuer = origin;
  }

  /** Reads the keys before a transaction opens, so that none waits for a second one inside. */
  async prepare(): Promise<void> {
    await this.#keys.current();
  }

  async sign(claims: AccessClaims): Promise<string> {
    const key = await this.#keys.current();
    return new SignJWT({ client_id: claims.keyId, workspace: claims.workspaceId })
      .setProtectedHeader({ alg: algorithm, typ: type, kid: key.kid })
      .setIssuer(this.#issuer)
      .setAudience(`${this.#issuer}/api`)
      .setSubject(claims.membershipId)
      .setJti(claims.id)
      .setIssuedAt()
      .setNotBefore("0s")
      .setExpirationTime(claims.expiresAt)
      .sign(key.privateKey);
  }

  /**
   * Whether a token is one of ours and in its time. Its header is never interpreted: it must be, byte for byte, one that we
   * write. So there is no algorithm to choose, no key to bring along (jwk, jku, x5u), no path in a key id and no crit.
   */
  async isOurs(token: string): Promise<boolean> {
    if (!hasCompactForm(token)) return false;
    const header = token.split(".", 1)[0] ?? "";
    const key = find(await this.#keys.all(), header) ?? find(await this.#keys.all(true), header);
    if (key === undefined) return false;
    try {
      await jwtVerify(token, key.publicKey, {
        algorithms: [algorithm],
        typ: type,
        issuer: this.#issuer,
        audience: `${this.#issuer}/api`,
        requiredClaims: ["exp", "nbf", "iat", "sub", "jti"],
        clockTolerance: 5,
      });
      return true;
    } catch {
      return false;
    }
  }

  /** The public halves, for anybody who checks a token of ours (RFC 7517). */
  async keySet(): Promise<{ keys: Record<string, unknown>[] }> {
    const keys = await this.#keys.all();
    return { keys: keys.map((key) => ({ ...key.jwk, kid: key.kid, alg: algorithm, use: "sig" })) };
  }
}

/** Three parts of base64url as RFC 7515 writes them: no padding, no white space, nothing that decodes in two ways. */
export function hasCompactForm(token: string): boolean {
  return (
    /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token) &&
    token.split(".").every((part) => Buffer.from(part, "base64url").toString("base64url") === part)
  );
}

function find(keys: readonly SigningKey[], header: string): SigningKey | undefined {
  return keys.find((key) => headerOf(key.kid) === header);
}

function headerOf(kid: string): string {
  return Buffer.from(JSON.stringify({ alg: algorithm, typ: type, kid })).toString("base64url");
}
