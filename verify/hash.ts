/**
 * SHA-256 comes from outside: node:crypto where it is synchronous, WebCrypto where it is not. A computation over hashes is
 * therefore a *plan*: a generator that yields the inputs it wants hashed and is given their hashes, in order. It is written
 * once and driven by `run` or `runLater`.
 */
export type Plan<T> = Generator<readonly Uint8Array[], T, readonly Uint8Array[]>;

/** SHA-256 of each input, in order. */
export type HashAll = (inputs: readonly Uint8Array[]) => readonly Uint8Array[];
export type HashAllLater = (inputs: readonly Uint8Array[]) => Promise<readonly Uint8Array[]>;

/** The two things the verifier asks of a cryptographic library. */
export type Provider = {
  readonly hashAll: HashAll | HashAllLater;
  /** RFC 8032, over the whole message, with a raw public key of 32 bytes. False for whatever is not a good signature. */
  readonly verifyEd25519: (
    publicKey: Uint8Array,
    message: Uint8Array,
    signature: Uint8Array,
  ) => boolean | Promise<boolean>;
};

export const hashLength = 32;

/** Drives a plan with a synchronous hasher. */
export function run<T>(plan: Plan<T>, hashAll: HashAll): T {
  let step = plan.next();
  while (step.done !== true) step = plan.next(hashAll(step.value));
  return step.value;
}

/** Drives a plan with whichever hasher there is. */
export async function runLater<T>(plan: Plan<T>, hashAll: HashAll | HashAllLater): Promise<T> {
  let step = plan.next();
  while (step.done !== true) {
    const hashes = hashAll(step.value);
    step = plan.next(hashes instanceof Promise ? await hashes : hashes);
  }
  return step.value;
}

/** The one hash of a batch of one. */
export function* hashOne(input: Uint8Array): Plan<Uint8Array> {
  const [hash] = yield [input];
  if (hash?.length !== hashLength) throw new Error("The hash provider gave no SHA-256");
  return hash;
}
