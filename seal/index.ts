// The door of @probity/seal.
export { selfSignedCertificate } from "./certificate.ts";
export type { CertificateOptions } from "./certificate.ts";
export { SealError, sealPdf } from "./seal.ts";
export type { SealAttachment, SealOptions, SealResult } from "./seal.ts";
export { keySigner, p12Signer, pemSigner, SealKeyError } from "./signer.ts";
export type { SealSigner } from "./signer.ts";
export { firstTimeStamp, timestampClient, TimeStampError, timeStampRequest } from "./timestamp.ts";
export type { Fetch, TimeStamp, TimeStampClient, TimeStampOptions } from "./timestamp.ts";
export { openSealer } from "./sealer.ts";
export type { AuthorityStatus, Sealer, SealerOptions, SealRequest, SealStatus } from "./sealer.ts";
export { specimenOf } from "./specimen.ts";
