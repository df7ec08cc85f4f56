import { crc32, deflateRawSync } from "node:zlib";
import type { ArchiveEntry } from "./archive.ts";

/** Packs content as an entry. */
export function packEntry(name: string, content: Uint8Array): ArchiveEntry {
  return {
    name,
    method: 8,
    crc: crc32(content),
    size: content.length,
    packed: deflateRawSync(content),
  };
}

/**
 * Writes entries as a plain ZIP (APPNOTE 4.3): already packed bytes are copied as they are, and comments, extra fields,
 * dates and anything hidden between the entries are left behind. Below 4 GiB and 65,535 entries, which the limits ensure.
 */
export function writeArchive(entries: readonly ArchiveEntry[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name, "utf8");
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(0x0800, 2); // names are UTF-8
    fields.writeUInt16LE(entry.method, 4);
    fields.writeUInt16LE(0x0021, 8); // 1 January 1980, the earliest date the format knows
    fields.writeUInt32LE(entry.crc, 10);
    fields.writeUInt32LE(entry.packed.length, 14);
    fields.writeUInt32LE(entry.size, 18);
    fields.writeUInt16LE(name.length, 22);
    pieces.push(Buffer.from("PK\x03\x04", "latin1"), fields, name, entry.packed);

    const trailer = Buffer.alloc(14);
    trailer.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), fields, trailer, name);
    offset += 30 + name.length + entry.packed.length;
  }
  const size = directory.reduce((sum, piece) => sum + piece.length, 0);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...pieces, ...directory, end]);
}
