import { crc32, deflateRawSync } from "node:zlib";

/** A small archive as hostile senders make them (APPNOTE.TXT 4.3): the probes need bombs and macros, made on the spot. */
export function zipOf(entries: readonly (readonly [name: string, content: Uint8Array])[]): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of entries) {
    const packed = deflateRawSync(content, { level: 9 });
    const nameBytes = Buffer.from(name);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(8, 4);
    shared.writeUInt32LE(0x5b21_0000, 6);
    shared.writeUInt32LE(crc32(content), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(content.length, 18);
    shared.writeUInt16LE(nameBytes.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), shared, nameBytes, packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    centrals.push(Buffer.concat([Buffer.from("PK\x01\x02"), Buffer.of(20, 0), shared, tail, nameBytes]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...locals, directory, Buffer.from("PK\x05\x06"), end]);
}

const main = "application/vnd.ms-word.document.macroEnabled.main+xml";
const plainMain = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
const officeRelation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const packageRelation = "http://schemas.openxmlformats.org/package/2006/relationships";

/** A Word file of one paragraph; with a macro project, or with a part that unpacks to `bombBytes` zeros. */
export function wordFile(text: string, options: { macro?: string; bombBytes?: number } = {}): Buffer {
  const part = (body: string) => Buffer.from(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${body}`);
  const relation = (id: string, type: string, target: string) =>
    `<Relationship Id="${id}" Type="${type}" Target="${target}"/>`;
  const relations = (inner: string) => part(`<Relationships xmlns="${packageRelation}">${inner}</Relationships>`);
  const bin = '<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>';
  const macroRelation = "http://schemas.microsoft.com/office/2006/relationships/vbaProject";
  const isMacro = options.macro !== undefined;
  return zipOf([
    [
      "[Content_Types].xml",
      part(
        `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${isMacro ? bin : ""}<Override PartName="/word/document.xml" ContentType="${isMacro ? main : plainMain}"/></Types>`,
      ),
    ],
    ["_rels/.rels", relations(relation("rId1", `${officeRelation}/officeDocument`, "word/document.xml"))],
    ["word/_rels/document.xml.rels", relations(isMacro ? relation("rId8", macroRelation, "vbaProject.bin") : "")],
    [
      "word/document.xml",
      part(
        `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>${text}</w:t></w:r></w:p></w:body></w:document>`,
      ),
    ],
    ...(options.macro === undefined ? [] : [["word/vbaProject.bin", Buffer.from(options.macro)] as const]),
    ...(options.bombBytes === undefined
      ? []
      : [["word/media/image1.xml", Buffer.alloc(options.bombBytes, 32)] as const]),
  ]);
}
