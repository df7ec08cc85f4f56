import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { DatabaseError, type Pool, type PoolClient } from "pg";
import { identityProblem } from "./error.ts";
import { hashPassword } from "./password.ts";
import { checkPassword } from "./password-rule.ts";
import { plainName } from "./plain-name.ts";

export type NewPerson = { readonly name: string; readonly email: string; readonly password: string };

/** The address as it is stored: trimmed, lower case; undefined when it can't be one. RFC 5321 allows 254 characters. */
export function cleanEmail(email: string): string | undefined {
  const clean = email.trim().toLowerCase();
  if (
    clean.length > 254 ||
    // Shown beside names, it says as plainly who somebody is.
    plainName(clean) !== clean.normalize("NFC") ||
    !/^[^\s@<>(),;:"\\[\]]{1,64}@[^\s@<>(),;:"\\[\]]+\.[^\s@.<>(),;:"\\[\]]{2,}$/u.test(clean)
  ) {
    return undefined;
  }
  return clean;
}

/** Checks a new person's name, address and password before anything is stored; gives them back as they are stored. */
export function checkedPerson(person: NewPerson): NewPerson {
  const email = cleanEmail(person.email);
  if (email === undefined) throw identityProblem.email_unreadable();
  const name = plainName(person.name);
  if (name.length === 0 || name.length > 200) throw identityProblem.name_missing();
  checkPassword(person.password, { name, email });
  return { name, email, password: person.password };
}

/**
 * Stores a person with their password, both or neither. Undefined when the address is taken.
 */
export async function insertPerson(database: Pool | PoolClient, person: NewPerson): Promise<string | undefined> {
  const userId = uuidv7();
  try {
    await database.query(
      `with made as (insert into identity."user" (id, name, email) values ($1, $2, $3) returning id)
       insert into identity.account (id, user_id, account_id, provider_id, password) select $4, id, id::text, 'credential', $5 from made`,
      [userId, person.name, person.email, uuidv7(), await hashPassword(person.password)],
    );
    return userId;
  } catch (error) {
    if (error instanceof DatabaseError && error.code === "23505") return undefined;
    throw error;
  }
}
