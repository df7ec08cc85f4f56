import { createHash } from "node:crypto";

/** What identity.session keeps of a token: hex SHA-256, as the door computes it. A token has 190 random bits: no salt needed. */
export function sessionHash(token: string): string {
  return createHash("sha256").update(token, "utf8").digest("hex");
}
