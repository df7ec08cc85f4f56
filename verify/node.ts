// The verifier's door in Node: the plans of index.ts, driven by node:crypto.
import { createPublicKey, hash, verify } from "node:crypto";
import { run, type Plan, type Provider } from "./hash.ts";

/** SHA-256 of each input, over one piece of memory: a buffer of its own for every hash costs more than the hash. */
export function hashAll(inputs: readonly Uint8Array[]): Uint8Array[] {
  const [only] = inputs;
  if (only !== undefined && inputs.length === 1) return [Buffer.from(hash("sha256", only, "latin1"), "latin1")];
  const slab = Buffer.allocUnsafeSlow(inputs.length * 32);
  return inputs.map((input, place) => {
    slab.write(hash("sha256", input, "latin1"), place * 32, "latin1");
    return slab.subarray(place * 32, place * 32 + 32);
  });
}

/** Carries a plan out: `compute(merkleRoot(hashes))`. */
export function compute<T>(plan: Plan<T>): T {
  return run(plan, hashAll);
}

// RFC 8410: what precedes the 32 bytes of an Ed25519 key in its DER form.
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");

export const nodeProvider: Provider & { readonly hashAll: typeof hashAll } = {
  hashAll,
  verifyEd25519: (publicKey, message, signature) => {
    if (publicKey.length !== 32 || signature.length !== 64) return false;
    try {
      const key = createPublicKey({ key: Buffer.concat([spkiPrefix, publicKey]), format: "der", type: "spki" });
      return verify(null, message, key, signature);
    } catch {
      return false;
    }
  },
};
