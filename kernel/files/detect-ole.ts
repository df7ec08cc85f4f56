/**
 * Lists the directory of an OLE container (MS-CFB) with every step bounded, to tell a DOC from a locked DOCX, a
 * spreadsheet or a file with macros. It reads names and first bytes; text is read in the extraction child.
 */

const magic = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
const endOfChain = 0xfffffffe;

export interface OleEntry {
  readonly name: string;
  readonly kind: "storage" | "stream" | "root";
  readonly startSector: number;
  readonly size: number;
}

export interface OleDirectory {
  readonly entries: readonly OleEntry[];
  /** The first `length` bytes of a stream (at most one sector's worth); empty where they can't be found. */
  readonly head: (entry: OleEntry, length: number) => Uint8Array;
}

export function isOle(bytes: Uint8Array): boolean {
  return bytes.length >= 512 && magic.every((value, index) => bytes[index] === value);
}

/** The directory, or `undefined` where the container is damaged. */
export function readOleDirectory(bytes: Uint8Array): OleDirectory | undefined {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sectorShift = data.getUint16(30, true);
  const miniShift = data.getUint16(32, true);
  if ((sectorShift !== 9 && sectorShift !== 12) || miniShift !== 6) return undefined;
  const sectorSize = 1 << sectorShift;
  const sectorCount = Math.ceil(bytes.length / sectorSize);
  const miniCutoff = data.getUint32(56, true);
  const offsetOf = (sector: number) => (sector + 1) * sectorSize;
  const inside = (sector: number) => sector < sectorCount && offsetOf(sector) + sectorSize <= bytes.length;

  // The allocation table's own sectors: 109 in the header, the rest chained (MS-CFB 2.5).
  const fat: number[] = [];
  const addFat = (sector: number) => {
    if (sector < 0xfffffffa && inside(sector)) fat.push(sector);
  };
  for (let at = 76; at < 512; at += 4) addFat(data.getUint32(at, true));
  let difat = data.getUint32(68, true);
  for (let step = 0; step < sectorCount && inside(difat); step += 1) {
    const base = offsetOf(difat);
    for (let at = 0; at < sectorSize - 4; at += 4) addFat(data.getUint32(base + at, true));
    difat = data.getUint32(base + sectorSize - 4, true);
  }
  const perSector = sectorSize / 4;
  const next = (sector: number): number => {
    const table = fat[Math.floor(sector / perSector)];
    return table === undefined ? endOfChain : data.getUint32(offsetOf(table) + (sector % perSector) * 4, true);
  };

  const entries: OleEntry[] = [];
  const seen = new Set<number>();
  let sector = data.getUint32(48, true);
  while (inside(sector) && !seen.has(sector) && seen.size < 4096) {
    seen.add(sector);
    for (let at = offsetOf(sector); at < offsetOf(sector) + sectorSize; at += 128) {
      const kind = bytes[at + 66];
      const nameBytes = data.getUint16(at + 64, true);
      if (nameBytes < 2 || nameBytes > 64) continue;
      const name = Buffer.from(bytes.subarray(at, at + nameBytes - 2)).toString("utf16le");
      if (kind !== 1 && kind !== 2 && kind !== 5) continue;
      entries.push({
        name,
        kind: kind === 1 ? "storage" : kind === 2 ? "stream" : "root",
        startSector: data.getUint32(at + 116, true),
        size: data.getUint32(at + 120, true),
      });
    }
    sector = next(sector);
  }
  if (entries[0]?.kind !== "root") return undefined;
  const root = entries[0];

  const head = (entry: OleEntry, length: number): Uint8Array => {
    const none = new Uint8Array(0);
    if (entry.size >= miniCutoff) {
      if (!inside(entry.startSector)) return none;
      const start = offsetOf(entry.startSector);
      return bytes.subarray(start, start + Math.min(length, sectorSize));
    }
    // Small streams live in 64-byte pieces of the root's own stream.
    const position = entry.startSector * 64;
    let holder = root.startSector;
    for (let step = 0; step < Math.floor(position / sectorSize); step += 1) {
      if (step > sectorCount || !inside(holder)) return none;
      holder = next(holder);
    }
    if (!inside(holder)) return none;
    const start = offsetOf(holder) + (position % sectorSize);
    return bytes.subarray(start, start + Math.min(length, 64));
  };
  return { entries, head };
}

/** Whether the container carries VBA (MS-OVBA 2.2.1: a storage `VBA` beside a stream `PROJECT`; Word keeps it in `Macros`). */
export function hasMacros(directory: OleDirectory): boolean {
  return directory.entries.some((entry) =>
    ["macros", "vba", "_vba_project", "_vba_project_cur"].includes(entry.name.toLowerCase()),
  );
}
