/** Bytes that are not what they claim to be. The message says where, in words for a person. */
export class FormatError extends Error {
  override readonly name = "FormatError";
}

/** What the reader brought (a key, a kept checkpoint) does not fit the file: theirs to correct, and no verdict about it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
