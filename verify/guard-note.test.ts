// The edges of what a note and a key may be: what lies one step beyond is refused, what lies on the edge is read.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { base64 } from "./encoding.ts";
import { compute, nodeProvider } from "./node.ts";
import {
  cosignatureType,
  ed25519Type,
  openNote,
  parseNote,
  parseVkey,
  readVkeys,
  signatureLine,
  vkeyText,
} from "./note.ts";
import { TestSigner } from "./testing/bundle-maker.ts";

const text = "a text\n";
const line = "— a AAAAAAAA\n";
const key = new Uint8Array(createHash("sha256").update("any key").digest());
const vkeyOf = (name: string, type: number, publicKey: Uint8Array) => compute(vkeyText(name, type, publicKey));
const signer = new TestSigner("log.example/logs/1", "one");
const witness = new TestSigner("witness.example/one", "witness", cosignatureType);
const opened = async (note: string, ...vkeys: string[]) =>
  openNote(parseNote(note), await readVkeys(vkeys, nodeProvider), nodeProvider);

describe("LED-03 a verifier key is read to its edges", () => {
  test("its name is none or has a space in it, though its id is the right one", () => {
    for (const name of ["", "a b", "a\tb", "a\u2003b"]) {
      expect(() => compute(parseVkey(vkeyOf(name, ed25519Type, key))), `“${name}”`).toThrow("is not a verifier key");
      expect(() => signatureLine(name, "00000000", key), `“${name}”`).toThrow("a key's name and id");
    }
  });
  test("a key of a type we know has 32 bytes, and of any other at least one", () => {
    for (const type of [ed25519Type, cosignatureType]) {
      expect(compute(parseVkey(vkeyOf("a", type, key)))).toMatchObject({ name: "a", type, publicKey: key });
      for (const wrong of [key.subarray(1), Uint8Array.of(...key, 0)])
        expect(() => compute(parseVkey(vkeyOf("a", type, wrong)))).toThrow("32 bytes of Ed25519");
    }
    expect(compute(parseVkey(vkeyOf("a", 6, key.subarray(0, 1)))).publicKey).toHaveLength(1);
    expect(() => compute(parseVkey(vkeyOf("a", 6, new Uint8Array())))).toThrow("is not a verifier key");
  });
});

describe("LED-03 a note is read to its edges", () => {
  test("no control character but the end of a line, neither the first of them nor the last", () => {
    for (let code = 0; code <= 0x20; code++) {
      const note = `a${String.fromCharCode(code)}b\n\n${line}`;
      if (code === 0x0a || code === 0x20) expect(parseNote(note).signatures).toHaveLength(1);
      else expect(() => parseNote(note), `character ${code}`).toThrow("must not hold");
    }
  });
  test("signatures stand under an empty line, and the last of them ends as the others do", () => {
    // What follows the first character is a signature line: nothing above it was signed.
    expect(() => parseNote(`x${line}`)).toThrow("no signatures under an empty line");
    expect(() => parseNote(`${text}\n${line}${line.trimEnd()}`)).toThrow("no signatures under an empty line");
  });
  test("a million characters and a hundred signatures are not too many, nor is a signature of one byte too short", () => {
    const end = `\n\n${line}`;
    expect(parseNote(`${"a".repeat(1_000_000 - end.length)}${end}`).signatures).toHaveLength(1);
    expect(parseNote(`${text}\n${line.repeat(100)}`).signatures).toHaveLength(100);
    expect(parseNote(`${text}\n— a ${base64(new Uint8Array(5))}\n`).signatures[0]?.bytes).toHaveLength(1);
  });
});

describe("LED-03 whose signature it is", () => {
  test("another name with the same id is another key, and says nothing", async () => {
    const [own] = await readVkeys([signer.vkey], nodeProvider);
    const note = parseNote(`${text}\n${signer.line(text)}`);
    if (own === undefined) throw new Error("no key");
    const stranger = { ...own, name: "stranger.example/logs/1", publicKey: key };
    await expect(openNote(note, [stranger], nodeProvider)).rejects.toThrow("None of the known keys");
    expect(await openNote(note, [stranger, own], nodeProvider)).toEqual([{ key: own }]);
  });
  test("two keys of one name count twice, and two names of one id", async () => {
    const twin = new TestSigner(signer.name, "two");
    const both = `${text}\n${signer.line(text)}${twin.line(text)}`;
    expect(await opened(both, signer.vkey, twin.vkey)).toHaveLength(2);
    const other = new TestSigner("log.example/logs/2", "three");
    const note = parseNote(`${text}\n${signer.line(text)}${other.line(text)}`);
    const keys = (await readVkeys([signer.vkey, other.vkey], nodeProvider)).map((each) => ({
      ...each,
      keyId: "00000000",
    }));
    const signatures = note.signatures.map((each) => ({ ...each, keyId: "00000000" }));
    expect(await openNote({ ...note, signatures }, keys, nodeProvider)).toHaveLength(2);
  });
  test("a witness that signed twice counts once, by its first line", async () => {
    const note = `${text}\n${witness.line(text, 1_000)}${witness.line(text, 2_000)}`;
    expect((await opened(note, witness.vkey)).map(({ timeSeconds }) => timeSeconds)).toEqual([1_000]);
  });
  test("a cosignature without room for its time is a bad one, and the last time that can be counted is a time", async () => {
    const id = parseNote(`${text}\n${witness.line(text)}`).signatures[0]?.keyId ?? "";
    for (const length of [1, 7, 8])
      await expect(
        opened(`${text}\n${signatureLine(witness.name, id, new Uint8Array(length))}`, witness.vkey),
        `${length} bytes`,
      ).rejects.toThrow("does not fit its text");
    const last = Number.MAX_SAFE_INTEGER;
    expect(await opened(`${text}\n${witness.line(text, last)}`, witness.vkey)).toMatchObject([{ timeSeconds: last }]);
  });
});
