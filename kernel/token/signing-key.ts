import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  type KeyObject,
} from "node:crypto";
import { sql } from "kysely";
import type { Kernel } from "../kernel.ts";
import { openValue, sealValue } from "../vault/seal.ts";
import { instanceTenantId } from "../work/credential.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";

/**
 * How signing keys follow each other. A key is published before it signs, so that whoever keeps our key set for a day
 * knows it by then, and stays published until the last token it signed has ended.
 */
export const signingKeyRule = { signsDays: 30, publishedAheadHours: 24, keptHours: 24 } as const;

export type SigningKey = {
  readonly kid: string;
  readonly publicKey: KeyObject;
  readonly jwk: { readonly kty: string; readonly crv: string; readonly x: string };
  readonly privateKey: KeyObject;
  readonly signsFrom: Date;
};

const day = 86_400_000;
const hour = 3_600_000;
/** How long one process believes its list: far shorter than a key is published ahead. */
const believedMs = 5 * 60_000;

/** The keys that sign access tokens, shared by all servers of the instance (IDN-09). The private halves are sealed at rest. */
export class SigningKeys {
  readonly #kernel: Pick<Kernel, "door" | "system" | "rootKey">;
  readonly #now: () => number;
  #keys: readonly SigningKey[] = [];
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<readonly SigningKey[]> | undefined;

  constructor(kernel: Pick<Kernel, "door" | "system" | "rootKey">, now: () => number = Date.now) {
    this.#kernel = kernel;
    this.#now = now;
  }

  /** Every published key, the newest first; a due one is made on the way. `fresh` asks the database now. */
  async all(fresh = false): Promise<readonly SigningKey[]> {
    // Somebody who sends made-up key ids must not make us ask the database each time.
    const enough = fresh ? 1_000 : believedMs;
    if (this.#now() - this.#readAt < enough) return this.#keys;
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  /** The newest key whose time to sign has come. */
  async current(): Promise<SigningKey> {
    const keys = await this.all();
    const now = this.#now();
    const found = keys.find((key) => key.signsFrom.getTime() <= now);
    if (found === undefined) throw new Error("No signing key is due yet");
    return found;
  }

  async #read(): Promise<readonly SigningKey[]> {
    const credential = this.#kernel.system(instanceTenantId, { address: null, requestId: "signing-key" });
    const keys = await this.#kernel.door.work(credential, "kernel.token.sign", async (tx) => {
      const found = await this.#stored(tx);
      const next = this.#due(found);
      if (next === undefined) return found;
      // Another server may have been faster: then its key is the one, and ours is forgotten.
      await this.#add(tx, next, found[0]?.kid ?? null);
      return this.#stored(tx);
    });
    this.#keys = keys;
    this.#readAt = this.#now();
    return keys;
  }

  /** When the next key begins to sign, if it is time to publish it. The first signs at once. */
  #due(keys: readonly SigningKey[]): Date | undefined {
    const newest = keys[0];
    if (newest === undefined) return new Date(this.#now());
    const signs = newest.signsFrom.getTime() + signingKeyRule.signsDays * day;
    const publish = signs - signingKeyRule.publishedAheadHours * hour;
    if (this.#now() < publish) return undefined;
    // After a long standstill too, a new key is published for its time before it signs.
    return new Date(Math.max(signs, this.#now() + signingKeyRule.publishedAheadHours * hour));
  }

  async #add(tx: Tx, signsFrom: Date, newest: string | null): Promise<void> {
    const pair = generateKeyPairSync("ed25519");
    const jwk = publicMembers(pair.publicKey);
    // RFC 7638 thumbprint: the id says which key it is, and nothing a caller sends is ever looked up by it in a file or table.
    const { crv, kty, x } = jwk;
    const kid = createHash("sha256").update(JSON.stringify({ crv, kty, x })).digest("base64url");
    const secret = pair.privateKey.export({ format: "der", type: "pkcs8" });
    const sealed = sealValue(this.#kernel.rootKey.key, secret, ["signing-key", kid]);
    const forgetBefore = new Date(this.#now() - signingKeyRule.keptHours * hour);
    await tx.record({
      action: "kernel.signing_key.create",
      rowId: randomUUID(),
      fields: { kid, signs_from: signsFrom },
    });
    await tx.all(
      query.selectNoFrom(
        sql<boolean>`kernel.add_signing_key(${kid}, ${JSON.stringify(jwk)}, ${sealed}, ${signsFrom}, ${newest}, ${forgetBefore})`.as(
          "added",
        ),
      ),
    );
  }

  async #stored(tx: Tx): Promise<SigningKey[]> {
    const asked = sql<{ kid: string; sealed: Buffer; signs_from: Date }>`
      select kid, sealed, signs_from from kernel.signing_keys()`;
    const rows = await tx.all({ compile: () => asked.compile(query) });
    return rows.map((row) => {
      const secret = openValue(this.#kernel.rootKey.key, row.sealed, ["signing-key", row.kid]);
      const privateKey = createPrivateKey({ key: secret, format: "der", type: "pkcs8" });
      const publicKey = createPublicKey(privateKey);
      return {
        kid: row.kid,
        privateKey,
        publicKey,
        jwk: publicMembers(publicKey),
        signsFrom: row.signs_from,
      };
    });
  }
}

/** The members that are named in RFC 8037 for the public half, and no other. */
function publicMembers(key: KeyObject): SigningKey["jwk"] {
  const { kty, crv, x } = key.export({ format: "jwk" });
  return { kty: String(kty), crv: String(crv), x: String(x) };
}
