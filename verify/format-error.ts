/** Bytes that are not what they claim to be. The message says where, in words for a person. */
export class FormatError extends Error {
  override readonly name = "FormatError";
}
