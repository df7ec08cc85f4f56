import { createHmac, type KeyObject } from "node:crypto";
import { isIPv6 } from "node:net";
import type { PoolClient } from "pg";
import type { Kernel } from "../kernel.ts";

export type GuardKeys = { readonly source: string; readonly account: string };

/** Keys of the lockout: keyed hashes, so the table holds no address and no account name. */
export function guardKeys(rootKey: KeyObject, address: string | null, email: string): GuardKeys {
  const key = (kind: string, value: string) =>
    createHmac("sha256", rootKey).update(`sign-in-guard:${kind}:${value}`).digest("base64url");
  return { source: key("source", network(address)), account: key("account", email) };
}

/**
 * Counts an attempt before its password is looked at. False: so many failed within the window that account or source is
 * locked, and nothing may be checked; it opens by itself (IDN-05).
 */
export async function claimAttempt(kernel: Kernel, keys: GuardKeys): Promise<boolean> {
  const { attempts, windowMinutes } = kernel.accountLimits.signIn;
  const found = await kernel.identityPool.query<{ allowed: boolean }>({
    name: "claim_sign_in",
    text: "select identity.claim_sign_in($1, $2, $3, make_interval(mins => $4)) as allowed",
    values: [keys.source, keys.account, attempts, windowMinutes],
  });
  return found.rows[0]?.allowed === true;
}

/** Gives the attempt back: its password was right. */
export async function forgiveAttempt(kernel: Kernel, keys: GuardKeys): Promise<void> {
  await kernel.identityPool.query({
    name: "forgive_sign_in",
    text: "select identity.forgive_sign_in($1, $2)",
    values: [keys.source, keys.account],
  });
}

/**
 * What counts as one source: an IPv4 address; of IPv6 the /64, since one host owns all of it (RFC 6177). The URL parser
 * writes an IPv6 address in its one short form (RFC 5952), an IPv4-mapped one is the IPv4 address it holds.
 */
export function network(address: string | null): string {
  if (address === null) return "none";
  const zone = address.indexOf("%");
  const bare = zone === -1 ? address : address.slice(0, zone);
  if (!bare.includes(":") || !isIPv6(bare)) return bare;
  const short = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const [head = "", tail] = short.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill("0"), ...right];
  if (groups.slice(0, 5).every((group) => group === "0") && groups[5] === "ffff") {
    const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16));
    return [high >> 8, high & 255, low >> 8, low & 255].join(".");
  }
  return `${groups.slice(0, 4).join(":")}::/64`;
}

/** Opens a locked account for somebody who has just read its mailbox. The source stays counted. */
export async function releaseAccount(client: PoolClient, rootKey: KeyObject, email: string): Promise<void> {
  await client.query("delete from identity.sign_in_guard where key = $1", [guardKeys(rootKey, null, email).account]);
}
