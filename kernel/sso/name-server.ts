import { Resolver } from "node:dns/promises";

/** What the name servers say of a TXT name: its texts, none, or nothing that can be relied on. */
export type TxtAnswer = { readonly texts: readonly string[] } | "silent";
export type TxtLookup = (name: string) => Promise<TxtAnswer>;

/** Codes that say the name or record is not there (RFC 1035, 4.1.1); anything else says only that nobody answered. */
const absent = new Set(["ENODATA", "ENOTFOUND"]);

/** Looks TXT records up; `servers` stands in for the machine's own in tests. */
export function txtLookup(servers?: readonly string[]): TxtLookup {
  return async (name) => {
    // One for each question: a resolver remembers nothing that way, and its time is bounded.
    const resolver = new Resolver({ timeout: 3000, tries: 2 });
    if (servers) resolver.setServers([...servers]);
    try {
      const records = await resolver.resolveTxt(name);
      return { texts: records.map((parts) => parts.join("")) };
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "";
      return absent.has(code) ? { texts: [] } : "silent";
    }
  };
}
