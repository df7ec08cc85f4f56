import { commonPasswords } from "./common-password.ts";
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
  const plain = folded(password);
  if (commonPasswords.has(plain) || commonPasswords.has(withoutTail(plain))) {
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

/** Lower case, without accents, and the usual stand-ins for letters undone: p4$$w0rd is password. */
function folded(text: string): string {
  const standIn: Readonly<Record<string, string>> = {
    "@": "a",
    "4": "a",
    "3": "e",
    "0": "o",
    $: "s",
    "5": "s",
    "7": "t",
  };
  const plain = text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase();
  // Digits among letters stand for letters; a number of its own stays a number.
  return plain.replaceAll(
    /[@$]|(?<=\p{L})[03457](?=[\p{L}@$03457])|(?<=[\p{L}@$])[03457](?=\p{L})/gu,
    (mark) => standIn[mark] ?? mark,
  );
}

function withoutTail(text: string): string {
  return text.replace(/[^a-z]+$/u, "");
}

function repeats(text: string): boolean {
  return /^(.{1,6}?)\1{2,}.{0,5}$/u.test(text);
}

function wordsOf({ name, email }: PasswordOwner): string[] {
  const parts = [...folded(name).split(/[^\p{L}\p{N}]+/u), ...folded(email).split(/[^\p{L}\p{N}]+/u)];
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
