import { BlockList, isIP } from "node:net";

/**
 * An address as everybody else writes it: an IPv4 address that came through an IPv6 socket (::ffff:192.0.2.1) is that
 * IPv4 address, or a list of networks would not know it. A zone index (fe80::1%eth0) names an interface of ours.
 */
export function plainAddress(address: string): string {
  const zone = address.indexOf("%");
  const bare = zone === -1 ? address : address.slice(0, zone);
  if (!bare.includes(":")) return bare;
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1] ?? bare;
}

/** Whether a plain address is this machine's own. */
export function isLoopback(plain: string): boolean {
  return plain === "::1" || plain.startsWith("127.");
}

/** Whether a text is a network as PostgreSQL's cidr takes it: address, slash, prefix, and no bit set beyond the prefix. */
export function isNetwork(text: string): boolean {
  const [start = "", bits = "", ...rest] = text.split("/");
  const version = isIP(start);
  const width = version === 4 ? 32 : 128;
  if (version === 0 || rest.length > 0 || start.includes("%") || !/^\d{1,3}$/.test(bits) || Number(bits) > width) {
    return false;
  }
  const value = valueOf(start, version);
  return (value & ((1n << BigInt(width - Number(bits))) - 1n)) === 0n;
}

/** Whether one of these networks holds the address. */
export function holdsAddress(networks: readonly string[], address: string): boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [start = "", bits = ""] = network.split("/");
    list.addSubnet(start, Number(bits), isIP(start) === 6 ? "ipv6" : "ipv4");
  }
  const plain = plainAddress(address);
  return isIP(plain) !== 0 && list.check(plain, isIP(plain) === 6 ? "ipv6" : "ipv4");
}

function valueOf(address: string, version: number): bigint {
  if (version === 4) return address.split(".").reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
  // The URL parser writes any form of an IPv6 address, also one that ends in an IPv4 address, in its one short form.
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill("0"), ...right];
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}
