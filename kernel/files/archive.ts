import { crc32, inflateRaw } from "node:zlib";
import { promisify } from "node:util";
import type { RefusalCode, RefusalDetail } from "./error.ts";
import type { FileLimits } from "./limit.ts";

/**
 * Reads a ZIP without trusting it (APPNOTE 6.3.10). Stricter than the format on purpose: where two readers could
 * disagree about what the archive holds (prefix, gap, duplicate or differing names), it is refused.
 */

const inflateRawAsync = promisify(inflateRaw);

const localHeaderSignature = 0x04034b50;
const centralHeaderSignature = 0x02014b50;
const endSignature = 0x06054b50;
const zip64EndSignature = 0x06064b50;
const zip64LocatorSignature = 0x07064b50;
const uint32Max = 0xffffffff;

/** Archives in archives: the document, a file embedded in it, and one embedded in that. */
const maxDepth = 3;

export interface ArchiveEntry {
  readonly name: string;
  readonly method: 0 | 8;
  readonly crc: number;
  /** Unpacked size as the directory states it; `inflateEntry` refuses any other. */
  readonly size: number;
  /** Still packed; a view into the archive. */
  readonly packed: Uint8Array;
}

/** The archive can't be taken; the caller knows the file's name and turns this into a refusal. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
  readonly code: RefusalCode;
  readonly detail: RefusalDetail;

  constructor(code: RefusalCode, detail: RefusalDetail = {}) {
    super(`archive: ${code} ${JSON.stringify(detail)}`);
    this.code = code;
    this.detail = detail;
  }
}

/** What archives nested in one file may use together. */
export interface ArchiveBudget {
  entries: number;
  inflatedBytes: number;
  readonly depth: number;
}

export function freshBudget(): ArchiveBudget {
  return { entries: 0, inflatedBytes: 0, depth: 1 };
}

export function isArchive(bytes: Uint8Array): boolean {
  return bytes.length >= 22 && view(bytes).getUint32(0, true) === localHeaderSignature;
}

/**
 * The entries of an archive, from its central directory. Declared sizes, counts, names and positions are all checked
 * before one byte is inflated. Throws `ArchiveError`.
 */
export function readDirectory(bytes: Uint8Array, limits: FileLimits, budget: ArchiveBudget): ArchiveEntry[] {
  if (budget.depth > maxDepth) throw new ArchiveError("bomb", { bomb: "depth" });
  const end = findEnd(bytes);
  budget.entries += end.count;
  if (budget.entries > limits.maxArchiveEntries) throw new ArchiveError("bomb", { bomb: "entries" });

  const data = view(bytes);
  const names = new Set<string>();
  const entries: ArchiveEntry[] = [];
  const ranges: { start: number; end: number }[] = [];
  let declared = 0;
  let position = end.start;
  for (let index = 0; index < end.count; index += 1) {
    if (position + 46 > end.stop || data.getUint32(position, true) !== centralHeaderSignature) throw corrupt();
    const central = readCentral(bytes, position, end.stop);
    position = central.next;
    checkName(central.name);
    // Part names are compared without regard to case (ECMA-376-2 §6.2.2.3).
    const folded = central.name.toLowerCase();
    if (names.has(folded)) throw new ArchiveError("unsafe-content", { unsafe: "holds two parts of one name" });
    names.add(folded);

    declared += central.size;
    if (budget.inflatedBytes + declared > limits.maxInflatedBytes) throw new ArchiveError("bomb", { bomb: "size" });
    if ((central.flags & 1) !== 0) throw new ArchiveError("password-protected");
    if (central.method !== 0 && central.method !== 8) throw corrupt();

    const start = dataStart(bytes, central.offset, central.rawName);
    const stop = start + central.packedSize;
    if (stop > end.start) throw corrupt();
    if (central.method === 0 && central.packedSize !== central.size) throw corrupt();
    ranges.push({ start: central.offset, end: stop });
    entries.push({
      name: central.name,
      method: central.method,
      crc: central.crc,
      size: central.size,
      packed: bytes.subarray(start, stop),
    });
  }
  if (position !== end.stop) throw corrupt();

  // Overlapping parts let one packed run count many times (Fifield, "A better zip bomb", 2019).
  ranges.sort((a, b) => a.start - b.start);
  for (let index = 1; index < ranges.length; index += 1) {
    const before = ranges[index - 1];
    const here = ranges[index];
    if (before !== undefined && here !== undefined && here.start < before.end) {
      throw new ArchiveError("bomb", { bomb: "overlap" });
    }
  }
  // Below 1 MiB a ratio says nothing: a blank bitmap in a letter packs a thousandfold.
  if (declared > 1024 * 1024 && declared > bytes.length * limits.maxInflationRatio) {
    throw new ArchiveError("bomb", { bomb: "ratio" });
  }
  return entries;
}

/** Unpacks one entry, never past the size the directory declared (sizes lie), and checks its checksum. */
export async function inflateEntry(
  entry: ArchiveEntry,
  limits: FileLimits,
  budget: ArchiveBudget,
): Promise<Uint8Array> {
  let content: Uint8Array = entry.packed;
  if (entry.method === 8) {
    try {
      content = await inflateRawAsync(entry.packed, { maxOutputLength: Math.max(1, entry.size) });
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE") {
        throw new ArchiveError("bomb", { bomb: "lie" });
      }
      throw corrupt();
    }
  }
  budget.inflatedBytes += content.length;
  if (budget.inflatedBytes > limits.maxInflatedBytes) throw new ArchiveError("bomb", { bomb: "size" });
  if (content.length > entry.size) throw new ArchiveError("bomb", { bomb: "lie" });
  if (content.length !== entry.size || crc32(content) !== entry.crc) throw corrupt();
  return content;
}

function corrupt(): ArchiveError {
  return new ArchiveError("corrupt");
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function findEnd(bytes: Uint8Array): { start: number; stop: number; count: number } {
  const data = view(bytes);
  const lowest = Math.max(0, bytes.length - 22 - 0xffff);
  let at = bytes.length - 22;
  while (at >= lowest && data.getUint32(at, true) !== endSignature) at -= 1;
  if (at < lowest || at < 0) throw corrupt();
  if (at + 22 + data.getUint16(at + 20, true) !== bytes.length) throw corrupt();
  if (data.getUint16(at + 4, true) !== 0 && data.getUint16(at + 4, true) !== 0xffff) throw corrupt();

  let count = data.getUint16(at + 10, true);
  let size = data.getUint32(at + 12, true);
  let start = data.getUint32(at + 16, true);
  let stop = at;
  if (at >= 76 && data.getUint32(at - 20, true) === zip64LocatorSignature) {
    const record = Number(data.getBigUint64(at - 12, true));
    if (record + 56 !== at - 20 || data.getUint32(record, true) !== zip64EndSignature) throw corrupt();
    count = Number(data.getBigUint64(record + 32, true));
    size = Number(data.getBigUint64(record + 40, true));
    start = Number(data.getBigUint64(record + 48, true));
    stop = record;
  }
  // No gap and no prefix: every reader must find the same directory.
  if (start + size !== stop || count === 0) throw corrupt();
  return { start, stop, count };
}

function readCentral(bytes: Uint8Array, at: number, stop: number) {
  const data = view(bytes);
  const nameLength = data.getUint16(at + 28, true);
  const extraLength = data.getUint16(at + 30, true);
  const next = at + 46 + nameLength + extraLength + data.getUint16(at + 32, true);
  if (next > stop) throw corrupt();
  const rawName = bytes.subarray(at + 46, at + 46 + nameLength);
  let packedSize = data.getUint32(at + 20, true);
  let size = data.getUint32(at + 24, true);
  let offset = data.getUint32(at + 42, true);
  if (packedSize === uint32Max || size === uint32Max || offset === uint32Max) {
    // ZIP64 extra field (APPNOTE 4.5.3): only the values that did not fit, in this order.
    let field = findExtra(bytes.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength), 1);
    const take = (): number => {
      if (field.length < 8) throw corrupt();
      const value = Number(view(field).getBigUint64(0, true));
      field = field.subarray(8);
      return value;
    };
    if (size === uint32Max) size = take();
    if (packedSize === uint32Max) packedSize = take();
    if (offset === uint32Max) offset = take();
  }
  return {
    next,
    rawName,
    name: Buffer.from(rawName).toString("utf8"),
    flags: data.getUint16(at + 8, true),
    method: data.getUint16(at + 10, true),
    crc: data.getUint32(at + 16, true),
    packedSize,
    size,
    offset,
  };
}

function findExtra(extra: Uint8Array, id: number): Uint8Array {
  const data = view(extra);
  for (let at = 0; at + 4 <= extra.length; at += 4 + data.getUint16(at + 2, true)) {
    if (data.getUint16(at, true) === id) return extra.subarray(at + 4, at + 4 + data.getUint16(at + 2, true));
  }
  return extra.subarray(0, 0);
}

function dataStart(bytes: Uint8Array, offset: number, rawName: Uint8Array): number {
  const data = view(bytes);
  if (offset + 30 > bytes.length || data.getUint32(offset, true) !== localHeaderSignature) throw corrupt();
  const nameLength = data.getUint16(offset + 26, true);
  const localName = bytes.subarray(offset + 30, offset + 30 + nameLength);
  if (Buffer.compare(localName, rawName) !== 0) throw corrupt();
  return offset + 30 + nameLength + data.getUint16(offset + 28, true);
}

/** Nothing is ever written under these names; they are refused because a later reader might. */
function checkName(name: string): void {
  const outside =
    name === "" ||
    name.includes("\0") ||
    name.includes("\\") ||
    name.startsWith("/") ||
    /^[a-z]:/i.test(name) ||
    name.split("/").some((segment) => segment === ".." || segment === ".");
  if (outside) throw new ArchiveError("unsafe-content", { unsafe: "names a part outside the archive" });
}
