// The door of @probity/verify: the arithmetic, free of where it runs. Drive its plans with ./node or ./browser.
export * from "./checkpoint.ts";
export { base64, base64url, fromBase64, fromBase64url, fromHashRow, fromHex, hashRow, hex, utf8 } from "./encoding.ts";
export { FormatError } from "./format-error.ts";
export * from "./format.ts";
export { Frontier } from "./frontier.ts";
export * from "./hash.ts";
export * from "./leaf.ts";
export * from "./merkle.ts";
export * from "./note.ts";
export * from "./outcome.ts";
export * from "./proof.ts";
export * from "./tile.ts";
