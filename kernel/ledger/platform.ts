import { hashRow, inclusionRanges, leafHash, proofOf, utf8 } from "@probity/verify";
import { compute } from "@probity/verify/node";
import { canonicalText } from "./canonical.ts";
import { GrownTree } from "./publish-tree.ts";

/** The platform log bears this id where tenants bear theirs (RFC 9562 §5.10). */
export const platformLogId = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/** A log's name, which is its key's name too: under a host, and after a declared restore with the number of its epoch. */
export function originOf(host: string, logId: string, epoch: number): string {
  return `${host}/logs/${logId === platformLogId ? "platform" : logId}${epoch === 1 ? "" : `/${epoch}`}`;
}

export type HeadPlace = { readonly place: number; readonly count: number; readonly proof: Buffer };

/**
 * One leaf of the platform log: it commits to the texts (without signatures) of the checkpoints of one tick, by rising
 * origin, and tells nothing of whose they are. `placeOf` proves where one of them stands.
 */
export function platformLeaf(
  texts: readonly { readonly origin: string; readonly text: string }[],
  at: Date,
): { readonly bytes: Buffer; placeOf(origin: string): HeadPlace } {
  const sorted = texts.toSorted((a, b) => (a.origin < b.origin ? -1 : 1));
  const places = new Map(sorted.map(({ origin }, index) => [origin, index]));
  const tree = new GrownTree(
    0,
    [],
    sorted.map(({ text }) => compute(leafHash(utf8(text)))),
  );
  const body = {
    at: at.toISOString(),
    count: String(sorted.length),
    heads: tree.root().toString("hex"),
    v: "1",
  };
  return {
    bytes: Buffer.from(canonicalText(body), "utf8"),
    placeOf: (origin) => {
      const place = places.get(origin);
      if (place === undefined) throw new Error("This checkpoint is not among those of the tick");
      const proof = compute(proofOf(inclusionRanges(place, sorted.length), tree.at));
      return { place, count: sorted.length, proof: Buffer.from(hashRow(proof), "base64") };
    },
  };
}
