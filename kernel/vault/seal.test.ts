import { createSecretKey, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openValue, sealValue } from "./seal.ts";

const key = createSecretKey(randomBytes(32));
const place: readonly string[] = ["tenant", "lab.sample", "row", "note", "3"];

describe("a sealed value", () => {
  test("ENC-01 opens in its place", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.array(fc.string(), { maxLength: 6 }), (bytes, where) => {
        const plain = Buffer.from(bytes);
        expect(openValue(key, sealValue(key, plain, where), where)).toEqual(plain);
      }),
    );
  });

  test.each(["tenant", "record", "row", "field", "version"].map((name, index) => [name, index] as const))(
    "ENC-01 moved to another %s it does not open",
    (_, index) => {
      const sealed = sealValue(key, Buffer.from("secret"), place);
      expect(() => openValue(key, sealed, place.with(index, "other"))).toThrow();
    },
  );

  test("ENC-01 parts of a place can't run into each other", () => {
    const sealed = sealValue(key, Buffer.from("secret"), ["a", "bc"]);
    expect(() => openValue(key, sealed, ["ab", "c"])).toThrow();
    expect(() => openValue(key, sealed, ["a", "bc", ""])).toThrow();
  });

  test("ENC-01 no changed byte, no cut and no other key opens it", () => {
    const sealed = sealValue(key, Buffer.from("secret"), place);
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Buffer.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => openValue(key, changed, place)).toThrow();
      expect(() => openValue(key, sealed.subarray(0, index), place)).toThrow();
    }
    expect(() => openValue(createSecretKey(randomBytes(32)), sealed, place)).toThrow();
  });

  test("ENC-01 the same value never looks the same twice", () => {
    const seen = new Set(Array.from({ length: 1_000 }, () => sealValue(key, Buffer.from("x"), place).toString("hex")));
    expect(seen.size).toBe(1_000);
  });
});
