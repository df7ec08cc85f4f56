import { createHash, createHmac, hash, randomBytes, randomInt, timingSafeEqual, type KeyObject } from "node:crypto";
import type { Pool } from "pg";

/** Find `number` (0 to `max`) so that SHA-256(salt ‖ number) is `target`. Half of `max` hashes on average. */
export type Challenge = {
  readonly salt: string;
  readonly target: string;
  readonly max: number;
  /** Milliseconds since 1970. */
  readonly expires: number;
  readonly signature: string;
};

/** Less than a second for a browser; a robot pays it for each of its tries. */
const maxNumber = 100_000;
const lifeMs = 10 * 60_000;

/**
 * Work as a check against robots: nobody else is asked, no cookie is set, and it works offline. The challenge carries its
 * own signature, so handing it out stores nothing; a solved one is remembered until it would have expired.
 */
export class ProofOfWork {
  readonly #pool: Pool;
  readonly #key: Buffer;

  constructor(pool: Pool, rootKey: KeyObject) {
    this.#pool = pool;
    this.#key = createHmac("sha256", rootKey).update("probity proof of work").digest();
  }

  challenge(now = Date.now()): Challenge {
    const salt = randomBytes(16).toString("base64url");
    const target = workOf(salt, randomInt(maxNumber + 1));
    const expires = now + lifeMs;
    return { salt, target, max: maxNumber, expires, signature: this.#sign(salt, target, maxNumber, expires) };
  }

  /** True for a challenge of ours, solved in time, for the first time. The answer is `salt.target.max.expires.signature.number`. */
  async check(answer: string, now = Date.now()): Promise<boolean> {
    const [, salt = "", target = "", max = "", expires = "", signature = "", number = ""] =
      /^([\w-]{22})\.([0-9a-f]{64})\.(\d{1,9})\.(\d{13})\.([\w-]{43})\.(\d{1,9})$/.exec(answer) ?? [];
    const signed = Buffer.from(this.#sign(salt, target, Number(max), Number(expires)));
    const given = Buffer.from(signature);
    if (given.length !== signed.length || !timingSafeEqual(given, signed)) return false;
    if (Number(expires) < now || workOf(salt, Number(number)) !== target) return false;
    const spent = await this.#pool.query(
      `with old as (delete from identity.spent_proof where expires_at < now() - interval '1 minute')
       insert into identity.spent_proof (proof_hash, expires_at) values ($1, to_timestamp($2 / 1000.0))
       on conflict do nothing`,
      [createHash("sha256").update(target).digest(), Number(expires)],
    );
    return spent.rowCount === 1;
  }

  #sign(salt: string, target: string, max: number, expires: number): string {
    return createHmac("sha256", this.#key).update(`${salt}.${target}.${max}.${expires}`).digest("base64url");
  }
}

function workOf(salt: string, number: number): string {
  return hash("sha256", `${salt}.${number}`, "hex");
}
