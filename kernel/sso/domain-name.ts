import { domainToASCII } from "node:url";

const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const shape = new RegExp(`^(?:${label}\\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$`, "u");

/** A domain as it is stored: lower case, ASCII (RFC 5890); undefined when it can't be one that people have addresses at. */
export function cleanDomain(text: string): string | undefined {
  // The URL parser would cut what follows these off and judge the rest.
  if (/[/\\?#:@%\s]/u.test(text.trim())) return undefined;
  const plain = domainToASCII(text.trim().replace(/\.$/, "").toLowerCase());
  return plain.length <= 253 && shape.test(plain) ? plain : undefined;
}

/** The domain of an e-mail address as it is stored: everything after its only @. */
export function domainOf(email: string): string {
  return email.slice(email.lastIndexOf("@") + 1);
}
