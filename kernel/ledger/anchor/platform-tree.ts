import { consistencyRanges } from "@probity/verify";
import type { Kernel } from "../../kernel.ts";
import { proofFromTiles, publicPlatform } from "../tile-source.ts";

/** The newest signed checkpoint of the platform log, kept with what witnesses write under it. */
export type PlatformCheckpoint = { readonly epoch: number; readonly size: number; readonly note: string };

/** The platform's newest checkpoint, kept so that cosignatures find it; undefined before the first is signed. */
export async function keptPlatformCheckpoint(kernel: Pick<Kernel, "door">): Promise<PlatformCheckpoint | undefined> {
  const [row] = await kernel.door.callFunction({
    sql: "select epoch, size, note from kernel.keep_platform_checkpoint()",
    parameters: [],
  });
  return row === undefined
    ? undefined
    : { epoch: Number(row["epoch"]), size: Number(row["size"]), note: String(row["note"]) };
}

/** The consistency proof of the platform log between two sizes (RFC 6962 §2.1.2), from its tiles. */
export async function platformConsistency(
  kernel: Pick<Kernel, "door">,
  from: number,
  to: number,
): Promise<Uint8Array[]> {
  return proofFromTiles(publicPlatform(kernel), to, consistencyRanges(from, to));
}
