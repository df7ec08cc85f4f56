import { describe, expect, test } from "vitest";
import { commonPasswords } from "./common-password.ts";
import { hashPassword, verifyPassword } from "./password.ts";
import { weaknessOf } from "./password-rule.ts";

const owner = { name: "Ada Lovelace-Byron", email: "ada.byron@nordwerk.example" };

describe("passwords", () => {
  test.each([
    "copper lantern folds 81",
    "correct horse battery staple",
    "wqT7-mzk2-pLx9",
    "die Kuh frisst blauen Klee",
    "ночью все кошки серы",
    "安全な合言葉を選びましょう。",
    "x7Qe9vKp2mZt",
    "winter sale of brown chairs",
    "the probity of auditors matters",
  ])("IDN-01 %s is taken: length counts, not kinds of characters", (password) => {
    expect(weaknessOf(password, owner)).toBeUndefined();
  });

  test.each([
    ["too short", "wqT7-mzk2-p"],
    ["twelve bytes, not twelve characters", "ночью"],
    ["too long", "ab cd".repeat(60)],
    ["a known one", "passwordpassword"],
    ["a known one with a year", "liverpool2026!"],
    ["a known one with stand-ins", "P@$$w0rd1234"],
    ["a known one with accents", "pássword12345"],
    ["the product", "Probity2026!"],
    ["the product twice", "probityprobity"],
    ["the own name", "AdaLovelace1815"],
    ["the own name and address", "lovelace.nordwerk"],
    ["a row of keys", "qwertyuiop[]1"],
    ["rows of keys", "asdfghjkl1234"],
    ["rows backwards", "0987654321zyxwv"],
    ["a German row", "qwertzuiopyxcv"],
    ["columns of keys", "1qaz2wsx3edc"],
    ["repeats", "abcabcabcabc"],
    ["one character", "aaaaaaaaaaaaaaaa"],
    ["repeats with a tail", "hahahahahaha1"],
    ["two known ones", "monkeysunshine42"],
    ["known ones and a run", "dragon123456789"],
  ])("IDN-01 %s is refused: %s", (_, password) => {
    expect(weaknessOf(password, owner)).toMatch(/^(A|This) password .+\.$/);
  });

  test("IDN-01 no entry of the list is taken, filled up with digits", () => {
    const taken = [...commonPasswords].filter((word) => weaknessOf(word.padEnd(12, "1"), owner) === undefined);
    expect(taken).toEqual([]);
  });

  test("IDN-01 the same word typed on another keyboard is the same password", async () => {
    const stored = await hashPassword("Zu\u0308rich liegt am See");
    expect(await verifyPassword(stored, "Z\u00fcrich liegt am See")).toBe(true);
    expect(await verifyPassword(stored, "Zurich liegt am See")).toBe(false);
    expect(await verifyPassword("not a hash", "Zurich liegt am See")).toBe(false);
  });
});
