// C2SP tlog-checkpoint: what a log signs about itself.
import { base64, fromBase64 } from "./encoding.ts";
import { FormatError } from "./format-error.ts";
import { hashLength } from "./hash.ts";

export type Checkpoint = {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** Lines after the root; they carry no meaning for us. */
  readonly extensions: readonly string[];
};

/** The body that is signed: three lines and no extension. */
export function checkpointText(origin: string, size: number, root: Uint8Array): string {
  return `${origin}\n${size}\n${base64(root)}\n`;
}

export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split("\n");
  const [origin = "", size = "", root = "", ...rest] = lines;
  if (rest.pop() !== "") throw new FormatError("The checkpoint does not end with a newline");
  if (origin === "") throw new FormatError("The checkpoint names no log");
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size)))
    throw new FormatError("The checkpoint's size is not a number");
  const hash = fromBase64(root);
  if (hash?.length !== hashLength) throw new FormatError("The checkpoint's root is not a hash of 32 bytes");
  if (rest.some((line) => line === "")) throw new FormatError("The checkpoint has an empty extension line");
  return { origin, size: Number(size), root: hash, extensions: rest };
}
