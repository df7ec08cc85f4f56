import { hash as bcryptHash } from "@node-rs/bcrypt";
import { describe, expect, test } from "vitest";
import { commonPasswords, isListed } from "./common-password.ts";
import { hashPassword, isImportable, isOutdated, verifyPassword } from "./password.ts";
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

  test.each(["chickenwing101", "1234567890qwe", "MotherFucker", "ghjcnjgfhjkm"])(
    "IDN-01 %s is refused: it is among the 12,000 most frequent of leaks",
    (password) => {
      expect(isListed(password.toLowerCase())).toBe(true);
      expect(weaknessOf(password, owner)).toMatch(/list of those that are guessed first|keys that lie in a row/);
    },
  );

  test("IDN-01 imported bcrypt hashes are compared, of each kind, and nothing else is taken for one", async () => {
    const typed = "Zürich liegt am See";
    const made = await bcryptHash(typed, { cost: 10 });
    for (const kind of ["2a", "2b", "2y"]) {
      const stored = made.replace(/^\$2[aby]\$/, `$${kind}$`);
      expect(await verifyPassword(stored, typed)).toBe(true);
      expect(await verifyPassword(stored, `${typed}!`)).toBe(false);
      expect([isImportable(stored), isOutdated(stored)]).toEqual([true, true]);
    }
    const ours = await hashPassword(typed);
    expect([isImportable(ours), isOutdated(ours)]).toEqual([true, false]);
    for (const other of [
      await bcryptHash(typed, { cost: 9 }),
      made.replace("$10$", "$13$"),
      "$1$abcdefgh$1234567890123456789012",
      "",
    ]) {
      expect(isImportable(other)).toBe(false);
    }
  });

  test("IDN-01 the same word typed on another keyboard is the same password", async () => {
    const stored = await hashPassword("Zu\u0308rich liegt am See");
    expect(await verifyPassword(stored, "Z\u00fcrich liegt am See")).toBe(true);
    expect(await verifyPassword(stored, "Zurich liegt am See")).toBe(false);
    expect(await verifyPassword("not a hash", "Zurich liegt am See")).toBe(false);
  });
});
