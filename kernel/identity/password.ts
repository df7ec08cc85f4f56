import { hash, verify } from "@node-rs/argon2";

/** OWASP Password Storage: Argon2id, 19 MiB, two passes, one lane. About 6 ms on one core. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** PHC string of a password, with a salt of its own. NFKC first (NIST SP 800-63B-4 §3.1.1.2): the same word typed on another keyboard is the same. */
export function hashPassword(password: string): Promise<string> {
  return hash(password.normalize("NFKC"), cost);
}

/** True when the password made this hash. A hash of another kind is a wrong password, not an error. */
export async function verifyPassword(stored: string, password: string): Promise<boolean> {
  try {
    return await verify(stored, password.normalize("NFKC"));
  } catch {
    return false;
  }
}
