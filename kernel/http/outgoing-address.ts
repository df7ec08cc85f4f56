import { BlockList, isIP } from "node:net";

/**
 * IPv4 that is not the public internet: the entries of the IANA special-purpose registry (RFC 6890) that are not globally
 * reachable, multicast, and the retired 6to4 relays.
 */
const special4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
];
/** Within 2000::/3, what holds an IPv4 address (Teredo, 6to4), is documentation, or is not routed. */
const special6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

const refused4 = listOf(special4, "ipv4");
const refused6 = listOf(special6, "ipv6");
/**
 * IPv6 is taken by what is handed out (RFC 4291, global unicast), not by what is known to be bad: loopback, unique local,
 * link-local, multicast, IPv4-mapped, NAT64 (64:ff9b::) and ranges of the future all lie outside.
 */
const unicast6 = listOf(["2000::/3"], "ipv6");

function listOf(networks: readonly string[], family: "ipv4" | "ipv6"): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [start = "", bits = ""] = network.split("/");
    list.addSubnet(start, Number(bits), family);
  }
  return list;
}

/** Whether an address is one of the public internet: not this machine, not a network beside it, not a way around (SSRF, APP-06). */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 4) return !refused4.check(address, "ipv4");
  // A zone index names an interface of this machine.
  if (version === 6 && !address.includes("%")) {
    return unicast6.check(address, "ipv6") && !refused6.check(address, "ipv6");
  }
  return false;
}
