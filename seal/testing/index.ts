// The second door of @probity/seal: parts for tests.
export { testAuthority } from "./authority.ts";
export type { Misbehaviour, TestAuthority } from "./authority.ts";
export { plainFetch } from "./plain-fetch.ts";
export { testSealer } from "./test-sealer.ts";
export { testSigner } from "./test-signer.ts";
export { testPdf } from "./test-pdf.ts";
export { installed, outside } from "./outside.ts";
