import { commonPasswords, isListed } from "./common-password.ts";
import { identityProblem } from "./error.ts";

/** Characters a password has (NIST SP 800-63B-4 §3.1.1.2: length, no rules of composition, and a list of known ones). */
export const passwordLength = { min: 12, max: 256 } as const;

export type PasswordOwner = { readonly name: string; readonly email: string };

const ownWords = ["probity", "password", "passwort", "passphrase", "welcome", "changeme"];
/** Rows of keyboards, the alphabet and digits: five or more in a row, in either direction, are a run. */
const rows = [
  "abcdefghijklmnopqrstuvwxyz",
  "01234567890",
  "1234567890",
  "qwertyuiop",
  "qwertzuiop",
  "asdfghjkl",
  "zxcvbnm",
  "yxcvbnm",
  "azertyuiop",
  "qsdfghjklm",
  "wxcvbn",
  "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
  "qazwsxedcrfvtgbyhnujm",
  "1q2w3e4r5t6y7u8i9o0p",
  "1q2w3e4r5t6z7u8i9o0p",
  "q1w2e3r4t5y6u7i8o9p0",
  "1a2b3c4d5e6f7g8h9i",
  "a1b2c3d4e5f6g7h8i9",
];
const runLength = 4;
/** What must be left once the guessable parts are taken out. */
const ownPartLength = 8;
/** Two words of the list and a number are no password. */
const minRemainder = 4;

/** Throws `identity.password_refused` with the reason, or returns. */
export function checkPassword(password: string, owner: PasswordOwner): void {
  const reason = weaknessOf(password, owner);
  if (reason !== undefined) throw identityProblem.password_refused({ values: { reason } });
}

/** Why a password is refused, as one sentence; undefined when it is good. */
export function weaknessOf(password: string, owner: PasswordOwner): string | undefined {
  const length = [...password.normalize("NFKC")].length;
  if (length < passwordLength.min) return `A password has at least ${passwordLength.min} characters.`;
  if (length > passwordLength.max) return `A password has at most ${passwordLength.max} characters.`;
  // Once as typed and once with the stand-ins undone: either alone would miss what the other catches.
  const plain = lowered(password);
  return weaknessOfText(plain, owner) ?? weaknessOfText(unmasked(plain), owner);
}

function weaknessOfText(plain: string, owner: PasswordOwner): string | undefined {
  if (commonPasswords.has(plain) || commonPasswords.has(withoutTail(plain)) || isListed(plain)) {
    return "This password is on the list of those that are guessed first.";
  }
  if (repeats(plain)) return "This password repeats one short part.";
  let rest = plain;
  for (const word of wordsOf(owner)) rest = rest.replaceAll(word, " ");
  if (ownPart(rest) < ownPartLength && rest !== plain) {
    return "This password is little more than your name, your address or the product's name.";
  }
  if (ownPart(withoutRuns(rest)) < ownPartLength) {
    return "This password is mostly keys that lie in a row.";
  }
  for (const word of commonPasswords) if (word.length >= 5) rest = rest.replaceAll(word, " ");
  if (ownPart(withoutRuns(rest)) < minRemainder) {
    return "This password is put together from those that are guessed first.";
  }
  return undefined;
}

function lowered(text: string): string {
  return text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase();
}

const standIns: Readonly<Record<string, string>> = {
  "@": "a",
  "4": "a",
  "3": "e",
  "1": "i",
  "!": "i",
  "0": "o",
  $: "s",
  "5": "s",
  "7": "t",
};
/** Undoes the usual stand-ins for letters: p4$$w0rd is password. Digits at the end are a number of their own. */
function unmasked(text: string): string {
  const tail = /[^a-z@$]*$/u.exec(text)?.[0] ?? "";
  const word = text.slice(0, text.length - tail.length);
  return word.replaceAll(/[@431!0$57]/gu, (mark) => standIns[mark] ?? mark) + tail;
}

function withoutTail(text: string): string {
  return text.replace(/[^a-z]+$/u, "");
}

function repeats(text: string): boolean {
  return /^(.{1,6}?)\1{2,}.{0,5}$/u.test(text);
}

function wordsOf({ name, email }: PasswordOwner): string[] {
  const parts = lowered(`${name} ${email}`).split(/[^\p{L}\p{N}]+/u);
  return [...new Set([...parts.filter((part) => part.length >= 4), ...ownWords])].toSorted(
    (a, b) => b.length - a.length,
  );
}

function withoutRuns(text: string): string {
  let rest = text.replaceAll(/(.)\1{2,}/gu, " ");
  for (const row of rows) {
    for (const line of [row, [...row].toReversed().join("")]) {
      for (let size = line.length; size >= runLength; size -= 1) {
        for (let at = 0; at + size <= line.length; at += 1) {
          rest = rest.replaceAll(line.slice(at, at + size), " ");
        }
      }
    }
  }
  return rest;
}

function ownPart(text: string): number {
  return text.replaceAll(/[^\p{L}\p{N}]/gu, "").length;
}
