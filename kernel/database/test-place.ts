import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, statfsSync } from "node:fs";
import { totalmem, userInfo } from "node:os";
import { join } from "node:path";
import { errorCode } from "./cluster-error.ts";

const MEMORY = "/dev/shm";
const NEEDED_BYTES = 4 * 2 ** 30;

/**
 * A folder in memory for what a checkout's tests write and nobody keeps, or undefined where there is none or too little:
 * a database is a thousand files, and making them on a disk takes thirty times as much of the processor as in memory. The
 * answer depends on nothing that changes while tests run, since every process must come to the same one.
 */
export function testMemory(root: string): string | undefined {
  if (process.platform !== "linux" || totalmem() < 2 * NEEDED_BYTES) return undefined;
  try {
    const { bsize, blocks } = statfsSync(MEMORY);
    if (bsize * blocks < NEEDED_BYTES) return undefined;
    const { uid } = userInfo();
    const name = createHash("sha256").update(root).digest("hex").slice(0, 12);
    const folder = join(MEMORY, `probity-test-${uid}-${name}`);
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    // Anybody may write beside it: a folder of this name that somebody else made is left alone.
    const found = lstatSync(folder);
    return found.isDirectory() && found.uid === uid ? folder : undefined;
  } catch (error) {
    if (["ENOENT", "EACCES", "EROFS", "EPERM", "ENOSPC", "EEXIST"].includes(errorCode(error) ?? "")) return undefined;
    throw error;
  }
}
