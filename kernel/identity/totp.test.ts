import { expect, test } from "vitest";
import { base32Of, matchingStep, totpCode, totpStep, totpUri } from "./totp.ts";

// RFC 6238 appendix B gives eight digits; ours are their last six.
const secret = Buffer.from("12345678901234567890");
const vectors = [
  [59, "94287082"],
  [1111111109, "07081804"],
  [1111111111, "14050471"],
  [1234567890, "89005924"],
  [2000000000, "69279037"],
  [20000000000, "65353130"],
] as const;

test.each(vectors)("IDN-04 at %i seconds the code is the one of RFC 6238", (seconds, code) => {
  const at = new Date(seconds * 1000);
  expect(totpCode(secret, totpStep(at))).toBe(code.slice(2));
  expect(matchingStep(secret, code.slice(2), at)).toBe(totpStep(at));
});

test("IDN-04 a code counts one step early and one late, no further", () => {
  const at = new Date(1_800_000_015_000);
  const now = totpStep(at);
  const taken = [-2, -1, 0, 1, 2].map((away) => matchingStep(secret, totpCode(secret, now + away), at) !== undefined);
  expect(taken).toEqual([false, true, true, true, false]);
});

test("IDN-04 what is no code of six digits matches nothing", () => {
  for (const code of ["", "12345", "1234567", "abcdef", "１２３４５６"]) {
    expect(matchingStep(secret, code, new Date(59_000))).toBeUndefined();
  }
});

test("IDN-04 the secret is written as RFC 4648 base32", () => {
  expect(["", "f", "fo", "foo", "foob", "fooba", "foobar"].map((text) => base32Of(Buffer.from(text)))).toEqual([
    "",
    "MY",
    "MZXQ",
    "MZXW6",
    "MZXW6YQ",
    "MZXW6YTB",
    "MZXW6YTBOI",
  ]);
  expect(totpUri(secret, "Probity", "a b@example.org")).toContain(
    "otpauth://totp/Probity:a%20b%40example.org?secret=GEZD",
  );
});
