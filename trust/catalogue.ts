import { createHash } from "node:crypto";
import { canonicalText } from "@probity/kernel";
import type { Control } from "./control.ts";
import { allowedNetwork } from "./control/allowed-network.ts";
import { accessReview } from "./control/access-review.ts";
import { anomaly } from "./control/anomaly.ts";
import { auditExport, everythingTraced } from "./control/audit-trail.ts";
import { catalogueProof } from "./control/catalogue-proof.ts";
import { disclosure } from "./control/disclosure.ts";
import { documentSeal } from "./control/document-seal.ts";
import { documentIsolation } from "./control/document-isolation.ts";
import { downloadLink } from "./control/download-link.ts";
import { erasure, legalHold, retention } from "./control/forgetting.ts";
import { freeze } from "./control/freeze.ts";
import { appendOnly, leafForEachChange } from "./control/ledger.ts";
import { keyLimit } from "./control/key-limit.ts";
import { programToken } from "./control/program-token.ts";
import { rateLimit } from "./control/rate-limit.ts";
import { operatorAccess } from "./control/operator-access.ts";
import { requestValidation } from "./control/request-validation.ts";
import { responseHeader } from "./control/response-header.ts";
import { certificateOfAnalysis } from "./control/lab-certificate.ts";
import { gates } from "./control/lab-gate.ts";
import { investigatedFirst } from "./control/lab-investigation.ts";
import { ownSamples } from "./control/lab-portal.ts";
import { enteredText, otherVerifies } from "./control/lab-result.ts";
import { lockout } from "./control/lockout.ts";
import { tamperEvidence } from "./control/log-proof.ts";
import { passwordHash } from "./control/password.ts";
import { recordLock } from "./control/record-lock.ts";
import { robotCheck } from "./control/robot-check.ts";
import { signInLimit } from "./control/sign-in-limit.ts";
import { roleCheck } from "./control/role.ts";
import { sealing } from "./control/sealing.ts";
import { secondFactor } from "./control/second-factor.ts";
import { serverSession } from "./control/session.ts";
import { sharing } from "./control/sharing.ts";
import { manifestation, severalSigners, signature } from "./control/signature.ts";
import { singleSignOn, socialSignIn } from "./control/single-sign-on.ts";
import { statementProof } from "./control/statement-proof.ts";
import { stepUp } from "./control/step-up.ts";
import { tenantNamespaces } from "./control/tenant-namespaces.ts";
import { tenantRows } from "./control/tenant-rows.ts";
import { transport } from "./control/transport.ts";
import { uploadRefusal } from "./control/upload-refusal.ts";
import { verifiedSigner } from "./control/verified-signer.ts";
import { webAttack } from "./control/web-attack.ts";
import { promises } from "./promise.ts";

/** Every control the product has. */
export const controls: readonly Control[] = [
  passwordHash,
  lockout,
  signInLimit,
  robotCheck,
  socialSignIn,
  singleSignOn,
  serverSession,
  programToken,
  secondFactor,
  stepUp,
  freeze,
  roleCheck,
  accessReview,
  operatorAccess,
  sharing,
  anomaly,
  allowedNetwork,
  keyLimit,
  tenantRows,
  tenantNamespaces,
  documentIsolation,
  catalogueProof,
  sealing,
  transport,
  uploadRefusal,
  downloadLink,
  everythingTraced,
  appendOnly,
  tamperEvidence,
  leafForEachChange,
  auditExport,
  erasure,
  retention,
  legalHold,
  documentSeal,
  signature,
  recordLock,
  manifestation,
  verifiedSigner,
  severalSigners,
  enteredText,
  otherVerifies,
  investigatedFirst,
  gates,
  certificateOfAnalysis,
  ownSamples,
  responseHeader,
  rateLimit,
  requestValidation,
  webAttack,
  disclosure,
  statementProof,
];

/**
 * SHA-256 over the whole catalogue: every promise, and every control with its probes. A release names its hash, so that a
 * statement with a promise or probe left out can be told from one that is whole.
 */
export function catalogueHash(list: readonly Control[] = controls): string {
  const described = list.map(({ id, title, standards, yourPart, notProbed, maxAgeMinutes, probes }) => ({
    id,
    title,
    standards,
    yourPart,
    notProbed,
    maxAgeMinutes,
    probes: probes.map((probe) => ({ id: probe.id, kind: probe.kind, title: probe.title })),
  }));
  return createHash("sha256")
    .update(canonicalText({ promises, controls: described }))
    .digest("hex");
}
