// npm run bench jws: the JSON Web Signature vectors of Wycheproof (https://github.com/C2SP/wycheproof, Apache-2.0) against
// the library that checks our access tokens, with each vector's own key, and against our own check, which must take none.
// PROBITY_TEST_WYCHEPROOF names the folder testvectors_v1 where it lies elsewhere.
import { generateKeyPairSync } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compactVerify, importJWK, type JWK } from "jose";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { AccessTokens, hasCompactForm } from "../kernel/token/access-token.ts";
import type { SigningKey } from "../kernel/token/signing-key.ts";

type Figure = { what: string; reached: string; wanted: string; good: boolean };
const folder =
  process.env["PROBITY_TEST_WYCHEPROOF"] ?? join(import.meta.dirname, "../../shared/vectors/wycheproof/testvectors_v1");
const key = Type.Record(Type.String(), Type.Unknown());
const fileSchema = Type.Object({
  testGroups: Type.Array(
    Type.Object({
      comment: Type.String(),
      public: Type.Optional(key),
      private: Type.Optional(key),
      tests: Type.Array(
        Type.Object({ tcId: Type.Integer(), comment: Type.String(), jws: Type.Unknown(), result: Type.String() }),
      ),
    }),
  ),
});

/** Whether the library takes a vector with the vector's own key and the algorithm that key is for. */
async function libraryTakes(jws: unknown, jwk: Record<string, unknown>): Promise<boolean> {
  // As for our own tokens: the library alone passes over white space and padding.
  if (typeof jws !== "string" || !hasCompactForm(jws)) return false;
  const imported: JWK = { ...jwk };
  const algorithm = String(jwk["alg"]);
  try {
    await compactVerify(jws, await importJWK(imported, algorithm), { algorithms: [algorithm] });
    return true;
  } catch {
    return false;
  }
}

function isValid(each: { readonly result: string }): boolean {
  return each.result === "valid";
}

function nameOf(group: { readonly public?: unknown; readonly private?: unknown }, each: { readonly jws: unknown }) {
  return JSON.stringify([group.public ?? group.private, each.jws]);
}

/** Our own check with a key of its own: nothing that somebody else signed may pass. */
function ownCheck(): AccessTokens {
  const pair = generateKeyPairSync("ed25519");
  const { kty, crv, x } = pair.publicKey.export({ format: "jwk" });
  const jwk = { kty: String(kty), crv: String(crv), x: String(x) };
  const signing: SigningKey = { kid: "bench", ...pair, jwk, signsFrom: new Date(0) };
  return new AccessTokens({ all: async () => [signing], current: async () => signing }, "https://bench.example");
}

export async function run(): Promise<Figure[]> {
  const path = join(folder, "json_web_signature_test.json");
  const what = "Wycheproof JWS";
  if (!existsSync(path)) return [{ what, reached: `skipped: ${path} is not there`, wanted: "-", good: true }];
  const { testGroups } = Value.Parse(fileSchema, JSON.parse(readFileSync(path, "utf8")));
  const own = ownCheck();
  // Two vectors that are called invalid are, key and letters, one that is called valid: they say nothing.
  const valid = new Set(testGroups.flatMap((group) => group.tests.filter(isValid).map((each) => nameOf(group, each))));
  const counts = { valid: 0, taken: 0, invalid: 0, refused: 0, ours: 0, all: 0 };
  const wrong: string[] = [];
  for (const group of testGroups) {
    const jwk = group.public ?? group.private ?? {};
    for (const each of group.tests) {
      counts.all += 1;
      const taken = await libraryTakes(each.jws, jwk);
      if (typeof each.jws === "string" && (await own.isOurs(each.jws))) counts.ours += 1;
      if (each.result === "valid") {
        counts.valid += 1;
        if (taken) counts.taken += 1;
        else wrong.push(`valid ${each.tcId} ${group.comment}: ${each.comment}`);
      } else if (each.result === "invalid" && !valid.has(nameOf(group, each))) {
        counts.invalid += 1;
        if (taken) wrong.push(`INVALID TAKEN ${each.tcId} ${group.comment}: ${each.comment}`);
        else counts.refused += 1;
      }
    }
  }
  return [
    {
      what: "checked: invalid refused",
      reached: `${counts.refused} of ${counts.invalid}`,
      wanted: "all",
      good: counts.refused === counts.invalid,
    },
    { what: "checked: valid taken", reached: `${counts.taken} of ${counts.valid}`, wanted: "most", good: true },
    {
      what: "ours: others' refused",
      reached: `${counts.all - counts.ours} of ${counts.all}`,
      wanted: "all",
      good: counts.ours === 0,
    },
    ...wrong.map((each) => ({ what: "", reached: each, wanted: "", good: !each.startsWith("INVALID") })),
  ];
}
