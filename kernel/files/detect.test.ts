import { createHash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { freshBudget, inflateEntry, readDirectory } from "./archive.ts";
import { packEntry, writeArchive } from "./archive-write.ts";
import { inspectUpload } from "./detect.ts";
import type { Accepted, Refused } from "./detect.ts";
import { docxParts, macroParts, packParts } from "./fixture/docx.ts";
import { makeDoc, makeOle } from "./fixture/ole.ts";
import { makePdf } from "./fixture/pdf.ts";
import { defaultFileLimits } from "./limit.ts";
import type { FileLimits } from "./limit.ts";

const limits = defaultFileLimits;
const paragraphs = [{ text: "Purchasing", style: "Heading1" }, { text: "The owner shall review each supplier." }];
const docx = packParts(docxParts(paragraphs));
const pdf = makePdf([{ lines: [{ text: "The owner shall review each supplier every year.", y: 700 }] }]);

async function refused(bytes: Uint8Array, name = "Manual.docx", within: FileLimits = limits): Promise<Refused> {
  const result = await inspectUpload(bytes, name, within);
  if (result.outcome !== "refused") throw new Error(`${name} was accepted as ${result.kind}`);
  return result;
}

async function accepted(bytes: Uint8Array, name: string): Promise<Accepted> {
  const result = await inspectUpload(bytes, name, limits);
  if (result.outcome !== "accepted") throw new Error(`${name} was refused: ${result.code}`);
  return result;
}

function docxWith(name: string, content: Uint8Array | string): Uint8Array {
  return packParts(docxParts(paragraphs).set(name, Buffer.from(content)));
}

const parts = () => [...docxParts(paragraphs)].map(([name, content]) => packEntry(name, content));

describe("content decides, never the name", () => {
  test.each([
    ["pdf", pdf],
    ["docx", docx],
    ["doc", makeDoc()],
    ["txt", Buffer.from("# Scope\n\nText — with dashes")],
  ])("%s is taken under any name", async (kind, bytes) => {
    for (const name of ["a.exe", "a.txt", "a.pdf", "a"]) expect((await accepted(bytes, name)).kind).toBe(kind);
  });

  test("text comes in UTF-8, UTF-16 with its mark and Windows-1252", async () => {
    const wide = Buffer.from("\ufeffPrüfung", "utf16le");
    expect((await accepted(Buffer.from("Prüfung „eins“"), "a.txt")).encoding).toBe("utf-8");
    expect((await accepted(wide, "a.txt")).encoding).toBe("utf-16le");
    expect((await accepted(Buffer.from(wide).swap16(), "a.txt")).encoding).toBe("utf-16be");
    const western = Buffer.from("The pr\u00fcfung of \u0093all\u0094 items is recorded", "latin1");
    expect((await accepted(western, "a.txt")).encoding).toBe("windows-1252");
  });

  test.each([
    ["bytes of no format", Buffer.from(Array.from({ length: 999 }, (_each, index) => (index * 7919) % 256))],
    ["text with NUL bytes", Buffer.from("text\0text")],
    ["UTF-16 without a mark", Buffer.from("plain text", "utf16le")],
    ["a PNG picture", Buffer.from("89504e470d0a1a0a0000000d", "hex")],
    ["a rich text (RTF) file", Buffer.from("{\\rtf1 text}")],
    ["a web page", Buffer.from("<!DOCTYPE html><p>text")],
    ["a ZIP archive", writeArchive([packEntry("readme.txt", Buffer.from("text"))])],
    ["an Excel workbook", makeOle([{ name: "Workbook", content: Buffer.alloc(9) }])],
  ])("%s is refused under the name of a text file", async (_label, bytes) => {
    expect((await refused(bytes, "notes.txt")).code).toBe("wrong-type");
  });

  test("a spreadsheet in Word's packaging is refused", async () => {
    const parts = docxParts(paragraphs);
    const types = Buffer.from(parts.get("[Content_Types].xml") ?? []).toString();
    parts.set("[Content_Types].xml", Buffer.from(types.replaceAll("wordprocessingml", "spreadsheetml")));
    expect((await refused(packParts(parts))).code).toBe("wrong-type");
  });

  test("of two formats in one file the first decides, and a PDF begins within 1,024 bytes", async () => {
    expect((await accepted(Buffer.concat([pdf, docx]), "both.docx")).kind).toBe("pdf");
    expect((await refused(Buffer.concat([docx, pdf]), "both.pdf")).code).toBe("corrupt");
    expect((await accepted(Buffer.concat([Buffer.alloc(1000, 0x20), pdf]), "late.pdf")).kind).toBe("pdf");
    expect((await refused(Buffer.concat([Buffer.alloc(1024, 0x20), pdf]), "late.pdf")).code).toBe("wrong-type");
  });
});

describe("a refusal says why", () => {
  test("empty files and files of white space", async () => {
    expect((await refused(new Uint8Array(0), "a.txt")).code).toBe("empty");
    expect((await refused(Buffer.from(" \n\t\n"), "a.txt")).code).toBe("empty");
  });

  test("the limit named is the limit in force", async () => {
    const result = await refused(Buffer.alloc(3 * 1024 * 1024, 0x61), "Manual.txt", {
      ...limits,
      maxBytes: 2 * 1024 * 1024,
    });
    expect(result.code).toBe("too-big");
    expect(result.text).toBe(
      "Manual.txt is 3 MB, more than 2 MB, the limit here. Nothing was stored. Split it, or make its pictures smaller.",
    );
  });

  test("the file name is shown without folders, controls or characters that turn the text around", async () => {
    const result = await refused(new Uint8Array(0), "C:\\secret/evil\u202etxt\u0007.pdf");
    expect(result.fileName).toBe("eviltxt.pdf");
    expect(result.text.startsWith("eviltxt.pdf has no text")).toBe(true);
  });

  test("Word 95 and older, in a container and without one", async () => {
    expect((await refused(makeDoc({ ident: 0xa5dc, version: 0x68 }), "a.doc")).code).toBe("legacy-word");
    expect((await refused(Buffer.from("dba52d00000000000000", "hex"), "a.doc")).code).toBe("legacy-word");
  });

  test("files cut short", async () => {
    expect((await refused(pdf.subarray(0, pdf.length - 200), "a.pdf")).code).toBe("corrupt");
    expect((await refused(docx.subarray(0, docx.length - 30))).code).toBe("corrupt");
    expect((await refused(makeDoc().subarray(0, 700), "a.doc")).code).toBe("corrupt");
    const linearized = Buffer.from(`%PDF-1.4\n1 0 obj\n<< /Linearized 1 /L 99999 >>\nendobj\nstartxref\n0\n%%EOF\n`);
    expect((await refused(linearized, "a.pdf")).code).toBe("corrupt");
  });

  test("a damaged part fails its checksum", async () => {
    const entry = { ...packEntry("word/x.xml", Buffer.from("<x/>")), crc: 1 };
    expect((await refused(writeArchive([...parts(), entry]))).code).toBe("corrupt");
  });
});

describe("passwords", () => {
  test("a DOCX with a password is an OLE container, a DOC says so in its header", async () => {
    const locked = makeOle([
      { name: "EncryptionInfo", content: Buffer.alloc(9) },
      { name: "EncryptedPackage", content: Buffer.alloc(9) },
    ]);
    const result = await refused(locked, "Supply.docx");
    expect(result.text).toBe("Supply.docx needs a password. Nothing was stored. Save it without one and upload again.");
    expect(result.code).toBe("password-protected");
    expect((await refused(makeDoc({ encrypted: true }), "a.doc")).code).toBe("password-protected");
  });

  test("a PDF that needs a password is refused, one encrypted with none is taken", async () => {
    expect((await refused(encryptedPdf(false), "a.pdf")).code).toBe("password-protected");
    expect((await accepted(encryptedPdf(true), "a.pdf")).kind).toBe("pdf");
  });
});

describe("archives that are traps", () => {
  test("a declared size beyond the limit is refused before anything is unpacked", async () => {
    const bomb = { ...packEntry("word/big.xml", Buffer.from("x")), size: 300 * 1024 * 1024 };
    const result = await refused(writeArchive([...parts(), bomb]));
    expect(result.code).toBe("bomb");
    expect(result.text).toContain("unpacks beyond 200 MB, the limit here");
  });

  test("a size stated too small does not let more out", async () => {
    const lie = { ...packEntry("word/big.xml", Buffer.alloc(4 * 1024 * 1024)), size: 100 };
    const entry = readDirectory(writeArchive([lie]), limits, freshBudget())[0];
    if (entry === undefined) throw new Error("one entry expected");
    // Unpacked whole it would cross this limit and be refused as too large: it is stopped before.
    const tight = { ...limits, maxInflatedBytes: 1024 * 1024 };
    await expect(inflateEntry(entry, tight, freshBudget())).rejects.toMatchObject({ detail: { bomb: "lie" } });
    expect((await refused(writeArchive([...parts(), lie]))).code).toBe("bomb");
  });

  test("an unlikely ratio, too many parts and overlapping parts are refused", async () => {
    const zeros = packEntry("word/big.xml", Buffer.alloc(30 * 1024 * 1024));
    expect((await refused(writeArchive([...parts(), zeros]))).text).toContain("more than 200 times its size");
    const many = Array.from({ length: 2000 }, (_each, index) =>
      packEntry(`word/${String(index)}.xml`, Buffer.from("<x/>")),
    );
    expect((await refused(writeArchive([...parts(), ...many]))).text).toContain("more than 2,000 parts");
    expect((await refused(overlapping())).text).toContain("overlap");
  });

  test("archives inside count against the same limits, and only three deep", async () => {
    const tight = { ...limits, maxInflatedBytes: 1024 * 1024 };
    const noise = Buffer.from(
      Array.from({ length: 700_000 }, (_each, index) => (index * index * 31 + index * 7) % 251),
    );
    const inner = writeArchive([packEntry("a.bin", noise), packEntry("b.bin", noise)]);
    expect((await refused(docxWith("word/embeddings/a.xlsx", inner), "a.docx", tight)).code).toBe("bomb");
    const small = writeArchive([packEntry("a.bin", noise)]);
    const one = docxParts(paragraphs).set("word/embeddings/a.xlsx", small);
    expect((await inspectUpload(packParts(one), "a.docx", tight)).outcome).toBe("accepted");
    const two = one.set("word/embeddings/b.xlsx", small);
    expect((await refused(packParts(two), "a.docx", tight)).code).toBe("bomb");
    let nested: Uint8Array = writeArchive([packEntry("a.txt", Buffer.from("text"))]);
    for (let depth = 0; depth < 3; depth += 1) nested = writeArchive([packEntry("a.zip", nested)]);
    expect((await refused(docxWith("word/embeddings/a.zip", nested))).text).toContain("archives within archives");
  });

  test.each(["../evil.xml", "word/../../evil.xml", "/etc/passwd", "C:/evil.xml", "word\\evil.xml"])(
    "a part named %s is refused",
    async (name) => {
      expect((await refused(docxWith(name, "<x/>"))).code).toBe("unsafe-content");
    },
  );

  test("two parts of one name are refused, whatever their case", async () => {
    expect((await refused(docxWith("word/Document.xml", "<x/>"))).code).toBe("unsafe-content");
  });

  test.each([
    ["UTF-8", Buffer.from('<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>')],
    ["UTF-16", Buffer.from('\ufeff<?xml version="1.0"?><!DOCTYPE x SYSTEM "http://example.test/x"><x/>', "utf16le")],
  ])("a document type declaration in %s is refused", async (_label, content) => {
    expect((await refused(docxWith("word/settings.xml", content))).text).toContain("DOCTYPE");
  });
});

describe("macros are never kept", () => {
  test("a document with macros is taken without them, and the copy opens as an ordinary one", async () => {
    const result = await accepted(packParts(macroParts(paragraphs)), "Form.docm");
    expect(result.warnings.map((warning) => warning.code)).toEqual(["macro-removed"]);
    const keep = result.keep ?? new Uint8Array(0);
    const entries = readDirectory(keep, limits, freshBudget());
    expect(entries.map((entry) => entry.name).filter((name) => /vba|activex/i.test(name))).toEqual([]);
    for (const entry of entries) {
      const content = Buffer.from(await inflateEntry(entry, limits, freshBudget())).toString();
      expect(content).not.toMatch(/vbaProject|vbaData|activeX|macroEnabled|w:control|AutoOpen/i);
    }
    expect(Buffer.from(keep).includes("AutoOpen")).toBe(false);
    const again = await accepted(keep, "Form.docx");
    expect(again.warnings).toEqual([]);
    expect(again.keep).toBe(keep);
  });

  test("an embedded workbook with macros is taken out", async () => {
    const workbook = writeArchive([packEntry("xl/vbaProject.bin", Buffer.from("AutoOpen"))]);
    const result = await accepted(docxWith("word/embeddings/sheet.xlsm", workbook), "a.docx");
    expect(result.warnings.map((warning) => warning.code)).toEqual(["macro-removed"]);
    const names = readDirectory(result.keep ?? new Uint8Array(0), limits, freshBudget()).map((entry) => entry.name);
    expect(names).not.toContain("word/embeddings/sheet.xlsm");
  });

  test("of a DOC with macros the text alone is kept", async () => {
    const result = await accepted(makeDoc({ macros: true }), "a.doc");
    expect(result.keep).toBeNull();
    expect(result.warnings[0]?.text).toContain("the original file is not");
  });

  test("a file without macros is kept byte for byte", async () => {
    expect((await accepted(docx, "a.docx")).keep).toBe(docx);
  });
});

/** `a.xml` is stored and holds, as its content, the header and packed bytes that the directory calls `b.xml`. */
function overlapping(): Uint8Array {
  const inner = packEntry("b.xml", Buffer.from("<x/>"));
  const quoted = writeArchive([inner]).subarray(0, 30 + inner.name.length + inner.packed.length);
  const outer = { name: "a.xml", method: 0, crc: crc32(quoted), size: quoted.length, packed: quoted } as const;
  const bytes = Buffer.from(writeArchive([outer, inner]));
  bytes.writeUInt32LE(30 + outer.name.length, bytes.lastIndexOf("PK\u0001\u0002") + 42);
  return bytes;
}

/** 40-bit RC4 after ISO 32000-1 §7.6.3, revision 2; with the empty password, or with one nobody knows. */
function encryptedPdf(openToAll: boolean): Uint8Array {
  const padding = Buffer.from("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a", "hex");
  const owner = Buffer.alloc(32, 7);
  const permissions = Buffer.alloc(4);
  permissions.writeInt32LE(-4);
  const id = Buffer.alloc(16, 1);
  const key = createHash("md5")
    .update(Buffer.concat([padding, owner, permissions, id]))
    .digest()
    .subarray(0, 5);
  const user = openToAll ? arcfour(key, padding) : Buffer.alloc(32, 9);
  const dictionary = `<< /Filter /Standard /V 1 /R 2 /P -4 /O <${owner.toString("hex")}> /U <${user.toString("hex")}> >>`;
  return makePdf([{ lines: [] }], {
    trailer: `/Encrypt 7 0 R /ID [<${id.toString("hex")}> <${id.toString("hex")}>]`,
    objects: [dictionary],
  });
}

function arcfour(key: Uint8Array, data: Uint8Array): Buffer {
  const state = Array.from({ length: 256 }, (_each, index) => index);
  const swap = (a: number, b: number) => {
    const held = state[a] ?? 0;
    state[a] = state[b] ?? 0;
    state[b] = held;
  };
  for (let i = 0, j = 0; i < 256; i += 1) {
    j = (j + (state[i] ?? 0) + (key[i % key.length] ?? 0)) & 255;
    swap(i, j);
  }
  let i = 0;
  let j = 0;
  return Buffer.from(
    data.map((byte) => {
      i = (i + 1) & 255;
      j = (j + (state[i] ?? 0)) & 255;
      swap(i, j);
      return byte ^ (state[((state[i] ?? 0) + (state[j] ?? 0)) & 255] ?? 0);
    }),
  );
}

describe("no file holds the server up while it is judged", () => {
  async function millisecondsOf(bytes: Uint8Array): Promise<number> {
    const start = performance.now();
    await inspectUpload(bytes, "a", limits);
    return performance.now() - start;
  }
  const many = (text: string) => Buffer.alloc(600_000, text);

  test("controls that never close, in a document whose macros are cut", async () => {
    const hostile = macroParts(paragraphs);
    const body = hostile.get("word/document.xml") ?? Buffer.alloc(0);
    hostile.set("word/document.xml", Buffer.concat([body, many("<w:control r:id='rId9'>")]));
    hostile.set("[Content_Types].xml", Buffer.concat([hostile.get("[Content_Types].xml") ?? body, many("<Default ")]));
    hostile.set("noise.bin", randomBytes(20_000));
    expect(await millisecondsOf(packParts(hostile))).toBeLessThan(15_000);
  });

  test("content types that never close", async () => {
    const hostile = docxParts(paragraphs)
      .set("[Content_Types].xml", many("<Override "))
      .set("noise.bin", randomBytes(20_000));
    expect(await millisecondsOf(packParts(hostile))).toBeLessThan(15_000);
  });

  test("the largest text that is taken", async () => {
    expect(await millisecondsOf(Buffer.alloc(limits.maxBytes, "The owner shall review. "))).toBeLessThan(15_000);
  });
});
