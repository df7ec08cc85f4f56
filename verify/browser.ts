// The verifier's door in a browser: the plans of index.ts, driven by WebCrypto.
import type { Provider } from "./hash.ts";

/** WebCrypto's hashes and signatures, or undefined where the page may not use them (plain http). */
export function browserProvider(): Provider | undefined {
  const subtle = globalThis.crypto?.subtle;
  if (subtle === undefined) return undefined;
  return {
    hashAll: async (inputs) => {
      const hashes = await Promise.all(inputs.map((input) => subtle.digest("SHA-256", new Uint8Array(input))));
      return hashes.map((bytes) => new Uint8Array(bytes));
    },
    verifyEd25519: async (publicKey, message, signature) => {
      if (publicKey.length !== 32 || signature.length !== 64) return false;
      try {
        const key = await subtle.importKey("raw", new Uint8Array(publicKey), "Ed25519", false, ["verify"]);
        return await subtle.verify("Ed25519", key, new Uint8Array(signature), new Uint8Array(message));
      } catch (error) {
        // A browser without Ed25519 must not look like a bad signature.
        if (error instanceof DOMException && error.name === "NotSupportedError") throw error;
        return false;
      }
    },
  };
}
