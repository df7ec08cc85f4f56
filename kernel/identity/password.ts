import { hash, verify } from "@node-rs/argon2";
import { verify as verifyBcrypt } from "@node-rs/bcrypt";

/**
 * OWASP Password Storage names five costs of Argon2id of equal defence. Of these, 9 MiB in four passes is what a small
 * server does best: a third of the time 19 MiB take goes to fetching the memory, which costs who guesses nothing.
 */
const cost = { memoryCost: 9_216, timeCost: 4, parallelism: 1 };
const ours = "$argon2id$v=19$m=9216,t=4,p=1$";
/** As good, and what was used before: hashed anew at the next sign-in, so that all take the same time. */
const before = ["$argon2id$v=19$m=19456,t=2,p=1$", "$argon2id$v=19$m=12288,t=3,p=1$"];
/** Modular crypt format of bcrypt; 2a, 2b and 2y are the same for what passwords hold. */
const bcrypt = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/** PHC string of a password, with a salt of its own. NFKC first (NIST SP 800-63B-4 §3.1.1.2): the same word typed on another keyboard is the same. */
export function hashPassword(password: string): Promise<string> {
  return hash(password.normalize("NFKC"), cost);
}

/** True when the password made this hash. A hash of another kind is a wrong password, not an error. */
export async function verifyPassword(stored: string, password: string): Promise<boolean> {
  try {
    // An imported hash was made from what was typed, as it was.
    if (bcrypt.test(stored)) return await verifyBcrypt(password, stored);
    return await verify(stored, password.normalize("NFKC"));
  } catch {
    return false;
  }
}

/** Whether a right password is to be hashed anew: the stored hash is an import, or of an older cost. */
export function isOutdated(stored: string): boolean {
  return !stored.startsWith(ours);
}

/** What an import may bring: bcrypt of cost 10 to 12. Below it is too weak, above it the answer would take visibly longer. */
export function isImportable(stored: string): boolean {
  const rounds = Number(bcrypt.exec(stored)?.[1] ?? 0);
  return (rounds >= 10 && rounds <= 12) || stored.startsWith(ours) || before.some((each) => stored.startsWith(each));
}

let nobodys: Promise<string> | undefined;

/** Hashes the password for an account that is not there, so that it takes as long. Always false. */
export async function verifyNobody(password: string): Promise<false> {
  nobodys ??= hashPassword(crypto.randomUUID());
  await verifyPassword(await nobodys, password);
  return false;
}
