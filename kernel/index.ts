// The kernel's one door: what apps, trust and server build on.
export { defineApp, appRoutes, type App, type HomeItem } from "./app.ts";
export {
  declaredGrants,
  grantsOf,
  guestRole,
  kernelGrants,
  noRole,
  platformRoles,
  writeGrants,
  type AppRole,
  type AppRoles,
  type Grants,
  type PlatformRole,
} from "./access/role.ts";
export { migrate, connectionString, type MigrationFolder } from "./database/migrate.ts";
export { embeddedAdmin, externalAdmin, type AdminConfig } from "./database/admin.ts";
export { readPostmasterFile } from "./database/cluster-process.ts";
export { startCluster, type Cluster } from "./database/cluster.ts";
export { keepRunning } from "./database/keep-running.ts";
export { isDatabaseAway } from "./database/lost.ts";
export { examine, judgeDatabase, type Examination } from "./lint/examine.ts";
export type { Remark } from "./lint/setting.ts";
export { judge, refuseStart, rules, type Finding, type RecordShape } from "./lint/judge.ts";
export { shapesOf } from "./lint/shape.ts";
export { inspectUpload, type Accepted, type FileKind } from "./files/detect.ts";
export type { AttachmentKind } from "./files/attachment.ts";
export { FileRefusedError, ExtractionBusyError, type RefusalCode } from "./files/error.ts";
export { documentText, type ReadDocument } from "./files/extract.ts";
export { ExtractionPool, type ExtractionClaim } from "./files/extract-pool.ts";
export { isolationTier, probeIsolation } from "./files/extract-isolation.ts";
export { defaultFileLimits, sayBytes, type FileLimits } from "./files/limit.ts";
export { sweepBlobs } from "./files/sweep.ts";
export { fileProblem, fileProblemOf, refusalProblem } from "./files/problem.ts";
export { sha256InPieces } from "./files/in-pieces.ts";
export type { StoredBytes } from "./files/file-vault.ts";
export { fileRoutes, makeDownloadLink, makeSignedLink, revokeLink, revokeLinks } from "./files/link.ts";
export { cookieName, sourceOf } from "./http/credential.ts";
export { securityHeaders } from "./http/header.ts";
export { openApiDocument } from "./http/openapi.ts";
export { httpProblem, problemDocument, problemOf } from "./http/problem-document.ts";
export { defineRoute, type Answer, type Route, type RouteRequest, type Shape } from "./http/route.ts";
export { createHttpServer, type HttpOptions } from "./http/server.ts";
export { openIdentity, type Identity } from "./identity/identity.ts";
export { keyRoutes } from "./identity/key-route.ts";
export { KeyUse } from "./identity/key-use.ts";
export { accountRoutes } from "./identity/account-route.ts";
export type { CaptchaConfig } from "./identity/captcha.ts";
export { importPeople, type ImportedPerson } from "./identity/import-people.ts";
export { resetLink } from "./identity/reset.ts";
export { Post } from "./mail/post.ts";
export { mailJob } from "./mail/send.ts";
export { defineMail, spoken } from "./mail/template.ts";
export { invite, withdrawInvitation } from "./identity/invitation.ts";
export { outboxRoutes } from "./mail/route.ts";
export { SmtpSender, type SmtpConfig } from "./mail/smtp.ts";
export { peopleRoutes } from "./identity/people-route.ts";
export { sessionRoutes } from "./identity/session-route.ts";
export { factorRoutes } from "./identity/factor-route.ts";
export { freezeRoutes } from "./identity/freeze-route.ts";
export { spendStepUp, stepUpOf, stepUpRequired, type StepUpAct } from "./identity/step-up.ts";
export { isSetUp, makeSetupLink, setupFromCommandLine } from "./identity/setup.ts";
export { AccessTokens } from "./token/access-token.ts";
export { tokenRoutes } from "./token/route.ts";
export { SigningKeys } from "./token/signing-key.ts";
export { fetchOutside, type OutsideAnswer, type OutsideOptions } from "./http/outgoing.ts";
export { reconcileAsOwner } from "./ledger/reconcile-owner.ts";
export { outsideRoutes, startOutside } from "./ledger/anchor/outside.ts";
export { anchorHome, anchorsForBundle } from "./ledger/anchor/view.ts";
export { outgoingEvents, type OutgoingEvent } from "./ledger/stream/event.ts";
export { WitnessCore } from "./ledger/witness/core.ts";
export { witnessServer } from "./ledger/witness/server.ts";
export { WitnessState } from "./ledger/witness/state.ts";
export { ledgerRoutes } from "./ledger/route.ts";
export { checkpointRoutes } from "./ledger/checkpoint-route.ts";
export { logState, platformPart, proofBundle } from "./ledger/checkpoint-proof.ts";
export { ledgerStatus, openDeclaration, type Declaration, type LedgerStatus } from "./ledger/checkpoint-status.ts";
export { openSignerCore, serveSignerAt } from "./ledger/signer-server.ts";
export { keptOutside } from "./ledger/kept-outside.ts";
export { Publisher } from "./ledger/publisher.ts";
export { openSignerKey } from "./ledger/signer-key.ts";
export { openSigner, type SignerPlace } from "./ledger/signer.ts";
export { runIsolated, type IsolatedProgram, type IsolationClaim } from "./isolation/program.ts";
export { accessRoutes } from "./access/route.ts";
export { operatorRoutes } from "./access/operator-route.ts";
export { raiseIn } from "./anomaly/anomaly.ts";
export { anomalyHome } from "./anomaly/home.ts";
export { anomalyRoutes } from "./anomaly/route.ts";
export { startRounds } from "./anomaly/round.ts";
export { watched } from "./anomaly/watch.ts";
export { reviewHome } from "./review/home.ts";
export { reviewRoutes } from "./review/route.ts";
export { policyValue } from "./policy/store.ts";
export {
  changeInstancePolicy,
  instancePolicies,
  instancePolicyHistory,
  isInstancePolicy,
  type InstancePolicy,
  type InstancePolicyVersion,
} from "./policy/instance.ts";
export { policyRoutes } from "./policy/route.ts";
export { enqueue } from "./jobs/queue.ts";
export { jobRoutes } from "./jobs/route.ts";
export { startAppRounds, type Round } from "./jobs/round.ts";
export { startWorker, type Job, type JobHandler } from "./jobs/worker.ts";
export { openKernel, type Kernel } from "./kernel.ts";
export type { ChangeEvent, LedgerEvent } from "./ledger/leaf.ts";
export { canonicalText } from "./ledger/canonical.ts";
export {
  latestProbes,
  noteProbes,
  openProbeDatabase,
  refusal,
  withProbeLock,
  type ProbeConnection,
  type ProbeDatabase,
  type ProbeNote,
  type ProbeRecord,
} from "./probe/database.ts";
export { catalogueName } from "./probe/catalogue-name.ts";
export { admitProbePerson } from "./probe/erasure-scratch.ts";
export { openAccessScratch, type AccessPerson, type AccessScratch } from "./probe/access-scratch.ts";
export { openFreezeScratch, probeAccount, probeCode, probeGrant, probePerson, probeSession } from "./probe/account.ts";
export {
  openSigningScratch,
  type SigningPart,
  type SigningPerson,
  type SigningScratch,
} from "./probe/signing-scratch.ts";
export {
  fenceScratch,
  issueProbeKey,
  openScratch,
  scratchSession,
  scratchTenantIds,
  type Scratch,
  type ScratchTenant,
} from "./probe/scratch.ts";
export { openValue, sealValue } from "./vault/seal.ts";
export {
  declaredSignings,
  defineSigning,
  type CodedReason,
  type GivenSignature,
  type Signing,
  type SigningStep,
  type SigningSubject,
} from "./signing/declare.ts";
export { signerRoutes } from "./signing/enable-route.ts";
export { everNamed, versionsOf } from "./signing/history.ts";
export { changeWithReason, giveReason, lockRecord, unlockRecord, type GivenReason } from "./signing/lock.ts";
export { signatureProofs, type SignatureProof } from "./signing/attached-proof.ts";
export { checkSignature, manifestationOf, type Manifestation, type SignatureCheck } from "./signing/manifestation.ts";
export { signingRoutes } from "./signing/route.ts";
export { signRecord } from "./signing/sign.ts";
export { inForce, ownPermissions, signaturesOf, signerStanding, stateOf, type Signature } from "./signing/standing.ts";
export { BudgetSpender, type Budget } from "./limits/budget.ts";
export { sharedWithMe, type SharedRow } from "./access/share.ts";
export { defaultAccountLimits, type AccountLimits } from "./limits/account-limit.ts";
export { plainName } from "./identity/plain-name.ts";
export { constraintProblem } from "./record/constraint.ts";
export { csvCell, csvHead, csvOf, csvRows, exportRows, wholeExport } from "./record/csv.ts";
export { declaredRecords, defineRecord, type RecordDeclaration } from "./record/define-record.ts";
export { columnOf, field, type Field } from "./record/field.ts";
export { isActiveMember, ledgerPlace, memberNames, workspaceName, workspaceSlug } from "./tenancy/lookup.ts";
export { readSealed, writeSealed } from "./vault/sealed-field.ts";
export { openRootKey, type RootKey } from "./vault/root-key.ts";
export { instanceTenantId, systemActorId, type Credential, type Source, type Who } from "./work/credential.ts";
export type { Tx } from "./work/door.ts";
export { doorProblem } from "./work/error.ts";
export { recheckDomains } from "./sso/domain.ts";
export { txtLookup } from "./sso/name-server.ts";
export { ssoRoutes } from "./sso/route.ts";
export { socialIds, type SocialId, type SocialProvider } from "./sso/social.ts";
export { openSso } from "./sso/sso.ts";
export { defineErrors, errorCatalogue, Problem } from "./work/problem.ts";
export { queryFor } from "./work/query.ts";
