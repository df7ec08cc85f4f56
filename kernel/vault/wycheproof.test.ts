import { createHmac, createSecretKey, hkdfSync } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { describe, expect, test } from "vitest";
import { openGcm, sealGcm } from "./gcm.ts";

const folder = join(import.meta.dirname, "../../../shared/vectors/wycheproof/testvectors_v1");
const fileSchema = Type.Object({
  testGroups: Type.Array(
    Type.Object({
      keySize: Type.Optional(Type.Integer()),
      ivSize: Type.Optional(Type.Integer()),
      tagSize: Type.Optional(Type.Integer()),
      tests: Type.Array(Type.Record(Type.String(), Type.Unknown())),
    }),
  ),
});
type Case = Readonly<Record<string, unknown>> & {
  readonly group: { readonly keySize: number; readonly ivSize: number; readonly tagSize: number };
};

function casesOf(name: string): Case[] {
  const { testGroups } = Value.Parse(fileSchema, JSON.parse(readFileSync(join(folder, name), "utf8")));
  return testGroups.flatMap(({ tests, keySize = 0, ivSize = 0, tagSize = 0 }) =>
    tests.map((each) => ({ ...each, group: { keySize, ivSize, tagSize } })),
  );
}
const bytes = (each: Case, name: string) => Buffer.from(String(each[name]), "hex");
const isValid = (each: Case) => each["result"] === "valid";
const told = (act: () => Buffer): string | undefined => {
  try {
    return act().toString("hex");
  } catch {
    return undefined;
  }
};

describe.skipIf(!existsSync(folder))("ENC-01 the vectors of Wycheproof (Apache-2.0), where they are at hand", () => {
  test("every file of the folder is judged: here, with the notes (Ed25519) or by npm run bench jws", () => {
    expect(readdirSync(folder).toSorted()).toEqual([
      "aes_gcm_test.json",
      "ed25519_test.json",
      "hkdf_sha256_test.json",
      "hmac_sha256_test.json",
      "json_web_signature_test.json",
    ]);
  });

  test("AES-GCM: values and files open and seal as published; with a key of another length than ours nothing does", () => {
    const cases = casesOf("aes_gcm_test.json");
    expect(cases.length).toBe(316);
    const judged = { published: 0, otherKey: 0, otherNonce: 0 };
    for (const each of cases) {
      const key = createSecretKey(bytes(each, "key"));
      const [nonce, additional] = [bytes(each, "iv"), bytes(each, "aad")];
      const sealed = Buffer.concat([bytes(each, "ct"), bytes(each, "tag")]);
      const opened = told(() => openGcm(key, nonce, additional, sealed));
      const made = told(() => sealGcm(key, nonce, additional, bytes(each, "msg")));
      const message = isValid(each) ? each["msg"] : undefined;
      if (each.group.keySize !== 256) {
        judged.otherKey += 1;
        expect([each["tcId"], opened, made]).toEqual([each["tcId"], undefined, undefined]);
      } else if (each.group.ivSize !== 96) {
        // A nonce of ours has 96 bits; the library refuses very long ones, and opens none to anything else.
        judged.otherNonce += 1;
        expect([undefined, message]).toContain(opened);
      } else {
        judged.published += 1;
        expect([each["tcId"], opened]).toEqual([each["tcId"], message]);
        expect([each["tcId"], made === sealed.toString("hex")]).toEqual([each["tcId"], isValid(each)]);
      }
    }
    expect(judged).toEqual({ published: 66, otherKey: 211, otherNonce: 39 });
  });

  test("HKDF-SHA-256, which keys of files and factors are derived with", () => {
    const cases = casesOf("hkdf_sha256_test.json");
    expect(cases.length).toBe(86);
    for (const each of cases) {
      const made = told(() =>
        Buffer.from(
          hkdfSync("sha256", bytes(each, "ikm"), bytes(each, "salt"), bytes(each, "info"), Number(each["size"])),
        ),
      );
      expect([each["tcId"], made]).toEqual([each["tcId"], isValid(each) ? each["okm"] : undefined]);
    }
  });

  test("HMAC-SHA-256, which names of files and webhooks are made with", () => {
    const cases = casesOf("hmac_sha256_test.json");
    expect(cases.length).toBe(174);
    for (const each of cases) {
      const made = createHmac("sha256", bytes(each, "key")).update(bytes(each, "msg")).digest();
      const fits = made.subarray(0, each.group.tagSize / 8).equals(bytes(each, "tag"));
      expect([each["tcId"], fits]).toEqual([each["tcId"], isValid(each)]);
    }
  });
});
