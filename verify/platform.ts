import { fromHashRow, fromHex, utf8 } from "./encoding.ts";
import type { PlatformPart } from "./format.ts";
import { runLater, type HashAll, type HashAllLater } from "./hash.ts";
import { parseLeaf, type LeafBody } from "./leaf.ts";
import { leafHash, verifyInclusion } from "./merkle.ts";
import type { OpenCheckpoint } from "./trust.ts";

/**
 * Whether the text of a tenant's checkpoint is under the platform's: in the tick's heads at its place, and the tick in the
 * platform log. Answers the tick's leaf, or why not.
 */
export async function checkPlatform(
  part: PlatformPart,
  platform: OpenCheckpoint,
  tenantText: string,
  hashAll: HashAll | HashAllLater,
): Promise<LeafBody | string> {
  const leaf = parseLeaf(part.leaf);
  const heads = fromHex(leaf["heads"] ?? "");
  const [proof, placeProof] = [fromHashRow(part.proof), fromHashRow(part.placeProof)];
  if (heads === undefined || proof === undefined || placeProof === undefined) return "The platform part can't be read";
  const tick = await runLater(leafHash(utf8(part.leaf)), hashAll);
  const { size, root } = platform.checkpoint;
  if (!(await runLater(verifyInclusion(part.index, size, tick, proof, root), hashAll)))
    return "The platform's leaf is not in the platform log";
  const head = await runLater(leafHash(utf8(tenantText)), hashAll);
  if (!(await runLater(verifyInclusion(part.place, Number(leaf["count"]), head, placeProof, heads), hashAll)))
    return "The checkpoint is not among those the platform log recorded";
  return leaf;
}
