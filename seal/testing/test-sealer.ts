import { openSealer } from "../sealer.ts";
import type { Sealer } from "../sealer.ts";
import { timestampClient } from "../timestamp.ts";
import { plainFetch } from "./plain-fetch.ts";
import { testSigner } from "./test-signer.ts";

/** An instance's seal with a key of its own. */
export function testSealer(authorities: readonly string[] = []): Sealer {
  return openSealer({
    signer: testSigner("Probity seal of localhost"),
    name: "Probity at localhost",
    verifyUrl: "http://localhost/verify",
    authorities: authorities.map((url) => timestampClient(url, { fetch: plainFetch })),
    fetch: plainFetch,
  });
}
