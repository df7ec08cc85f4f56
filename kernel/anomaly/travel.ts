import { isIPv4, isIPv6 } from "node:net";

/** Somebody seen from a network at a moment. */
export type Sighting = { readonly network: string; readonly at: Date };

/**
 * There is no map of addresses here, so distance is not known: what counts as far apart is another IPv4 /16 or IPv6 /32,
 * about a provider's block. Private and loopback addresses tell nothing of where somebody is and don't count.
 */
export function farNetwork(address: string | null): string | null {
  if (address === null) return null;
  const bare = address.replace(/^::ffff:(?=\d+\.)/i, "");
  if (isIPv4(bare)) {
    const [a = 0, b = 0] = bare.split(".").map(Number);
    const isLocal =
      a === 10 || a === 127 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 169 && b === 254);
    return isLocal ? null : `${a}.${b}.0.0/16`;
  }
  if (!isIPv6(bare)) return null;
  const head = new URL(`http://[${bare.split("%", 1)[0] ?? bare}]`).hostname.slice(1, -1).split("::", 1)[0] ?? "";
  const [first = "", second = "0"] = head.split(":");
  // fc00::/7 is private, fe80::/10 link-local (RFC 4193, RFC 4291).
  return first === "" || /^f[cde]/.test(first) ? null : `${first}:${second}::/32`;
}

/**
 * One change of network is a train, a telephone or a VPN. Back and forth is two places at once: A, B and A again within the
 * time looked at, twice over, is what is told. It is conservative and says so: a thief who waits is not seen by it.
 */
export function takesTurns(
  sightings: readonly Sighting[],
): { networks: string[]; firstAt: Date; lastAt: Date; seen: number } | null {
  const changes = sightings.filter(({ network }, index) => network !== sightings[index - 1]?.network);
  const networks = [...new Set(changes.map(({ network }) => network))];
  const first = changes[0];
  const last = sightings.at(-1);
  // A B A B: each of two networks left and come back to.
  if (changes.length < 4 || networks.length < 2 || first === undefined || last === undefined) return null;
  return { networks: networks.slice(0, 10), firstAt: first.at, lastAt: last.at, seen: changes.length };
}
