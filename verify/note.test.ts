import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { checkpointText, parseCheckpoint } from "./checkpoint.ts";
import { base64, base64url, fromBase64, fromBase64url, fromHex, hex, utf8 } from "./encoding.ts";
import { leafHash, merkleRoot } from "./merkle.ts";
import { compute, nodeProvider } from "./node.ts";
import {
  ed25519Type,
  keyIdOf,
  noteText,
  openNote,
  parseNote,
  parseVkey,
  readVkeys,
  signatureLine,
  vkeyText,
} from "./note.ts";
import { consistencyRanges, inclusionRanges, proofFromLeaves, proofOf, rangeNodes } from "./proof.ts";
import { TestSigner } from "./testing/test-log.ts";
import {
  entryBundle,
  hashesOfTile,
  hashFromTile,
  newTiles,
  parseEntryBundle,
  parseTilePath,
  tileOfNode,
  tilePath,
  tilesOfRanges,
  widthOfTile,
  type Tile,
} from "./tile.ts";

const tessera = "/work/shared/vectors/tessera/testdata/log";
const wycheproof = "/work/shared/vectors/wycheproof/testvectors_v1/ed25519_test.json";

// The golden note of golang.org/x/mod sumdb/note (BSD-3-Clause): two keys, one text.
const peter = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const golden = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;

async function signersOf(note: string, vkeys: readonly string[]): Promise<string[]> {
  const keys = await readVkeys(vkeys, nodeProvider);
  return (await openNote(parseNote(note), keys, nodeProvider)).map(({ key }) => key.name);
}

describe("LED-03 signed notes (C2SP signed-note)", () => {
  it("the golden note opens with its key and with no other text", async () => {
    expect(await signersOf(golden, [peter])).toEqual(["PeterNeumann"]);
    await expect(signersOf(golden.replace("answer", "Answer"), [peter])).rejects.toThrow(/does not fit/);
  });

  it("a witness's cosignature opens with its time (the example of C2SP tlog-cosignature)", async () => {
    const witness = new TestSigner("witness.example.com/w1", "w", 4);
    const text = checkpointText("example.com/behind-the-sofa", 20_852_163, compute(merkleRoot([])));
    const note = noteText(text, [witness.line(text, 1_679_315_147)]);
    const keys = await readVkeys([witness.vkey], nodeProvider);
    const [signature] = await openNote(parseNote(note), keys, nodeProvider);
    expect(signature).toMatchObject({ timeSeconds: 1_679_315_147 });
    // The time is under the signature.
    const later = noteText(text, [witness.line(text, 1_679_315_147).replace(/(\S+)\n$/, (body) => shiftTime(body))]);
    await expect(openNote(parseNote(later), keys, nodeProvider)).rejects.toThrow(/does not fit/);
  });

  it("takes sixteen signatures and more, passes over unknown ones, and refuses a known one that is bad", async () => {
    const text = "a text\n";
    const signers = Array.from({ length: 20 }, (_, place) => new TestSigner(`signer-${place}`, `seed ${place}`));
    const note = noteText(
      text,
      signers.map((signer) => signer.line(text)),
    );
    const vkeys = signers.map(({ vkey }) => vkey);
    expect(await signersOf(note, vkeys)).toHaveLength(20);
    expect(await signersOf(note, vkeys.slice(19))).toEqual(["signer-19"]);
    await expect(signersOf(note, [peter])).rejects.toThrow(/None of the known keys/);
    const [first] = signers;
    const bad = noteText(text, [
      ...signers.slice(1).map((signer) => signer.line(text)),
      first?.line("another text\n") ?? "",
    ]);
    await expect(signersOf(bad, vkeys)).rejects.toThrow(/does not fit/);
    expect(await signersOf(bad, vkeys.slice(1))).toHaveLength(19);
    // Same name, another key: unknown.
    const twin = new TestSigner("signer-0", "another seed");
    expect(await signersOf(note, [twin.vkey, vkeys[1] ?? ""])).toEqual(["signer-1"]);
    // A type nobody here knows, such as ML-DSA-44, is passed over even when its key was brought.
    const strange = compute(vkeyText("signer-0", 6, new Uint8Array(1_312)));
    const line = signatureLine(
      "signer-0",
      compute(keyIdOf("signer-0", 6, new Uint8Array(1_312))),
      new Uint8Array(2_428),
    );
    expect(await signersOf(noteText(text, [line, first?.line(text) ?? ""]), [strange, first?.vkey ?? ""])).toEqual([
      "signer-0",
    ]);
  });

  it("refuses what is not a note or not a key", () => {
    const bad = [
      "",
      "text\n",
      "text\n\n",
      golden.slice(0, -1),
      golden.replace("—", "-"),
      golden.replace(" x08", "  x08"),
      golden.replace("If", "I\tf"),
      golden.replace("JnAM=", "JnAM"),
      golden.replace("PeterNeumann x", "Peter+Neumann x"),
      `${golden}\n`,
    ];
    for (const note of bad) expect(() => parseNote(note), `“${note.slice(0, 40)}”`).toThrow();
    expect(() =>
      parseNote(
        noteText(
          "a\n",
          Array.from({ length: 101 }, () => "— a AAAAAAAA\n"),
        ),
      ),
    ).toThrow(/over 100/);
    for (const vkey of [
      "",
      "a+b",
      peter.replace("c74f", "c74e"),
      peter.slice(0, -1),
      peter.replace("Peter", "Piter"),
      `a b${peter}`,
    ])
      expect(() => compute(parseVkey(vkey)), `“${vkey}”`).toThrow();
  });
});

function shiftTime(body: string): string {
  const bytes = fromBase64(body.trim()) ?? new Uint8Array();
  bytes[11] = (bytes[11] ?? 0) ^ 1;
  return `${base64(bytes)}\n`;
}

describe.skipIf(!existsSync(wycheproof))(
  "LED-03 the Ed25519 vectors of Wycheproof (Apache-2.0), through the verifier of notes",
  () => {
    test("each is judged as published", async () => {
      type Vectors = {
        testGroups: {
          publicKey: { pk: string };
          tests: { tcId: number; msg: string; sig: string; result: string }[];
        }[];
      };
      const vectors: Vectors = JSON.parse(readFileSync(wycheproof, "utf8"));
      let judged = 0;
      for (const { publicKey, tests } of vectors.testGroups) {
        const key = fromHex(publicKey.pk) ?? new Uint8Array();
        const vkey = { name: "w", keyId: compute(keyIdOf("w", ed25519Type, key)), type: ed25519Type, publicKey: key };
        for (const { tcId, msg, sig, result } of tests) {
          const [message, signature] = [fromHex(msg) ?? new Uint8Array(), fromHex(sig) ?? new Uint8Array()];
          expect(await nodeProvider.verifyEd25519(key, message, signature), `test ${tcId}`).toBe(result === "valid");
          // Over any other text not even a good one opens a note.
          const text = `${hex(message)}\n`;
          const note = { text, signatures: [{ name: "w", keyId: vkey.keyId, bytes: signature }] };
          await expect(openNote(note, [vkey], nodeProvider), `note ${tcId}`).rejects.toThrow();
          judged += 1;
        }
      }
      expect(judged).toBe(151);
    });
  },
);

describe.skipIf(!existsSync(tessera))("LED-03 the golden log of tessera (Apache-2.0)", () => {
  const vkey = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
  const file = (path: string): Uint8Array => new Uint8Array(readFileSync(join(tessera, path)));
  const entries = parseEntryBundle(file("tile/entries/000.p/15"));
  const leaves = entries.map((entry) => compute(leafHash(entry)));

  test("every file of it is judged: 17 checkpoints, and tiles and entries of each size from 1 to 15", () => {
    const files = readdirSync(tessera, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
    const names = files
      .map((each) => join(relative(tessera, each.parentPath), each.name))
      .filter((name) => !name.startsWith(".state"));
    const sizes = Array.from({ length: 15 }, (_, place) => place + 1);
    const wanted = [
      "checkpoint",
      ...[0, ...sizes].map((size) => `checkpoint.${size}`),
      ...sizes.flatMap((size) => [`tile/0/000.p/${size}`, `tile/entries/000.p/${size}`]),
    ];
    expect(names.toSorted()).toEqual(wanted.toSorted());
    expect(readFileSync(join(tessera, "checkpoint"), "utf8")).toBe(
      readFileSync(join(tessera, "checkpoint.15"), "utf8"),
    );
  });

  test("all checkpoints 0 to 15 carry the log's signature and the roots of its entries", async () => {
    for (let size = 0; size <= 15; size++) {
      const note = readFileSync(join(tessera, `checkpoint.${size}`), "utf8");
      expect(await signersOf(note, [vkey])).toEqual(["example.com/log/testdata"]);
      const checkpoint = parseCheckpoint(parseNote(note).text);
      expect(checkpoint).toMatchObject({ origin: "example.com/log/testdata", size, extensions: [] });
      expect(hex(compute(merkleRoot(leaves.slice(0, size))))).toBe(hex(checkpoint.root));
      expect(checkpointText(checkpoint.origin, size, checkpoint.root)).toBe(parseNote(note).text);
    }
  });

  test("its tiles are the ones we would write, at the same places", () => {
    for (let size = 1; size <= 15; size++) {
      const [tile] = newTiles(0, size);
      expect(tile === undefined ? "" : tilePath(tile)).toBe(`tile/0/000.p/${size}`);
      expect(hashesOfTile(file(`tile/0/000.p/${size}`)).map(hex)).toEqual(leaves.slice(0, size).map(hex));
      expect(hex(entryBundle(entries.slice(0, size)))).toBe(hex(file(`tile/entries/000.p/${size}`)));
    }
  });
});

describe("LED-03 tiles (C2SP tlog-tiles)", () => {
  it("have the paths of the specification, and each path one tile", () => {
    expect(tilePath({ level: 0, index: 1_234_067, width: 256 })).toBe("tile/0/x001/x234/067");
    expect(tilePath({ level: "entries", index: 0, width: 17 })).toBe("tile/entries/000.p/17");
    fc.assert(
      fc.property(
        fc.constantFrom<Tile["level"]>("entries", 0, 1, 7, 63),
        fc.nat(),
        fc.integer({ min: 1, max: 256 }),
        (level, index, width) => {
          expect(parseTilePath(tilePath({ level, index, width }))).toEqual({ level, index, width });
        },
      ),
    );
    for (const path of [
      "tile/64/000",
      "tile/0/00",
      "tile/0/x000/001",
      "tile/0/000.p/0",
      "tile/0/000.p/256",
      "tile/00/000",
      "tile/0/000.p/01",
      "tile/0/1000",
      "/tile/0/000",
    ])
      expect(parseTilePath(path), `“${path}”`).toBeUndefined();
  });

  test("every proof of a log of 70,000 leaves can be made from its tiles alone", () => {
    const size = 70_003;
    const leaves = Array.from({ length: size }, (_, index) => compute(leafHash(utf8(String(index)))));
    // Level by level, as the log keeps them.
    const rows: Uint8Array[][] = [leaves];
    for (let level = 1; (rows[level - 1]?.length ?? 0) >= 256; level++) {
      const below = rows[level - 1] ?? [];
      rows.push(
        Array.from({ length: Math.floor(below.length / 256) }, (_, index) =>
          compute(merkleRoot(below.slice(index * 256, index * 256 + 256))),
        ),
      );
    }
    const tileBytes = ({ level, index, width }: Tile): Uint8Array => {
      const row = rows[Number(level)]?.slice(index * 256, index * 256 + width) ?? [];
      return new Uint8Array(Buffer.concat(row));
    };
    const ranges = [
      inclusionRanges(69_999, size),
      inclusionRanges(0, size),
      consistencyRanges(65_536, size),
      consistencyRanges(69_000, size),
    ];
    for (const each of ranges) {
      const made = compute(
        proofOf(each, (node) => {
          const place = tileOfNode(node, size);
          return compute(hashFromTile(place, tileBytes(place.tile)));
        }),
      );
      expect(made.map(hex)).toEqual(compute(proofFromLeaves(each, leaves)).map(hex));
      expect(tilesOfRanges(each, size).length).toBeLessThanOrEqual(6);
    }
    expect(rangeNodes(0, size).every((node) => tileOfNode(node, size).to <= 256)).toBe(true);
    expect([
      widthOfTile(0, 273, size),
      widthOfTile(1, 1, size),
      widthOfTile(2, 0, size),
      widthOfTile(3, 0, size),
    ]).toEqual([115, 17, 1, 0]);
  });
});

describe("encodings", () => {
  it("base64 is read as strictly as it is written", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        expect(base64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
        expect(base64url(bytes)).toBe(Buffer.from(bytes).toString("base64url"));
        expect(fromBase64(base64(bytes))).toEqual(bytes);
        expect(fromBase64url(base64url(bytes))).toEqual(bytes);
      }),
    );
    for (const text of ["A", "AA", "AA=", "AB==", "AA==A", "A A=", "AA-_", "AAB="])
      expect(fromBase64(text), `“${text}”`).toBeUndefined();
    expect(fromBase64url("AB")).toBeUndefined();
  });
});
