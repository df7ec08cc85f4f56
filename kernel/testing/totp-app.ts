import { totpCode, totpStep } from "../identity/totp.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** What an authenticator app does: keeps the secret it was shown (RFC 4648 base32) and says the code of the moment. */
export function secretOf(text: string): Buffer {
  const bits = [...text].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
export function codeNow(secret: Buffer, stepsAway = 0): string {
  return totpCode(secret, totpStep(new Date()) + stepsAway);
}
