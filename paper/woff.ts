import { inflateSync } from "node:zlib";

const woffSignature = 0x774f4646;
const woffHeaderSize = 44;
const woffEntrySize = 20;
const sfntHeaderSize = 12;
const sfntEntrySize = 16;

/** Tables begin at multiples of four bytes. */
function padded(size: number): number {
  return Math.ceil(size / 4) * 4;
}

/**
 * Unpacks a WOFF 1.0 font (W3C Recommendation, sections 3 to 5) to the plain sfnt it was made from.
 * The PDF writer reads an empty glyph past the end of its table, which only a whole file allows;
 * unpacking once also spares it from inflating the tables again for each document.
 */
export function unpackWoff(woff: Buffer): Buffer {
  if (woff.readUInt32BE(0) !== woffSignature) throw new Error("The font file is not WOFF 1.0.");
  const tableCount = woff.readUInt16BE(12);
  const tables = Array.from({ length: tableCount }, (_, index) => {
    const entry = woffHeaderSize + index * woffEntrySize;
    const offset = woff.readUInt32BE(entry + 4);
    const packedSize = woff.readUInt32BE(entry + 8);
    const size = woff.readUInt32BE(entry + 12);
    const packed = woff.subarray(offset, offset + packedSize);
    return {
      tag: woff.subarray(entry, entry + 4),
      checksum: woff.readUInt32BE(entry + 16),
      bytes: packedSize < size ? inflateSync(packed) : packed,
    };
  });
  const directorySize = sfntHeaderSize + tableCount * sfntEntrySize;
  const sfnt = Buffer.alloc(tables.reduce((sum, table) => sum + padded(table.bytes.length), directorySize));
  sfnt.writeUInt32BE(woff.readUInt32BE(4), 0);
  sfnt.writeUInt16BE(tableCount, 4);
  const power = Math.floor(Math.log2(tableCount));
  sfnt.writeUInt16BE(2 ** power * 16, 6);
  sfnt.writeUInt16BE(power, 8);
  sfnt.writeUInt16BE(tableCount * 16 - 2 ** power * 16, 10);
  let offset = directorySize;
  tables.forEach((table, index) => {
    const entry = sfntHeaderSize + index * sfntEntrySize;
    table.tag.copy(sfnt, entry);
    sfnt.writeUInt32BE(table.checksum, entry + 4);
    sfnt.writeUInt32BE(offset, entry + 8);
    sfnt.writeUInt32BE(table.bytes.length, entry + 12);
    table.bytes.copy(sfnt, offset);
    offset += padded(table.bytes.length);
  });
  return sfnt;
}
