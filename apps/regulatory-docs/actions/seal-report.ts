import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { signatureProofs, signaturesOf, type Credential, type Kernel, type SignatureProof } from "@probity/kernel";
import type { SealAttachment, Sealer } from "@probity/seal";
import type { ReportInput } from "../report/input.ts";
import { reportJson } from "../report/json.ts";
import { reportPdf } from "../report/pdf.ts";
import { runSigning } from "./sign-run.ts";

const exportReport = "regulatory_docs.report.export";
/** A signature is covered by a checkpoint about a second after it was given. */
const proofWaitMs = 5000;
const proofStepMs = 250;

export interface SealedReport {
  readonly bytes: Uint8Array;
  /** The seal's level, or that there is none: a report nobody signed is not sealed. */
  readonly level: "none" | "B-B" | "B-T" | "B-LT";
}

/**
 * The report as PDF. That of a signed run carries its data and the proof of each signature, and is sealed; the ledger keeps
 * the hash of what left.
 */
export async function sealedReport(
  kernel: Kernel,
  sealer: Sealer | undefined,
  credential: Credential,
  runId: string,
  input: ReportInput,
): Promise<SealedReport> {
  const signatures = input.signatures ?? [];
  if (sealer === undefined || signatures.length === 0) return { bytes: await reportPdf(input), level: "none" };
  const { selfSigned, fingerprint } = sealer.status();
  const { name, verifyUrl } = sealer;
  const pdf = await reportPdf({ ...input, seal: { name, verifyUrl, fingerprint, selfSigned } });
  const proofs = await proofsOf(kernel, credential, runId, new Set(signatures.map((each) => each.manifestHash)));
  const sealed = await sealer.seal(pdf, {
    reason: `Gap report of a run signed by ${signatures.map((each) => each.printedName).join(", ")}`,
    at: new Date(),
    attachments: [dataOf(input), ...proofs.map(({ proof }, index) => attached(index, proof))],
  });
  await kernel.door.work(credential, exportReport, (tx) =>
    tx.record({
      action: "regulatory_docs.report.seal",
      record: runSigning.record.name,
      rowId: runId,
      fields: {
        sha256: createHash("sha256").update(sealed.pdf).digest("hex"),
        certificate: fingerprint,
        level: sealed.level,
        authority: sealed.timestamp?.authority,
        refusals: sealed.refusals.length === 0 ? undefined : sealed.refusals.join(" ").slice(0, 500),
        proofs: String(proofs.length),
      },
    }),
  );
  return { bytes: sealed.pdf, level: sealed.level };
}

/** Proofs of the signatures that are printed, once a signed checkpoint covers them all, or of those it covers by then. */
async function proofsOf(
  kernel: Kernel,
  credential: Credential,
  runId: string,
  printed: ReadonlySet<string>,
): Promise<SignatureProof[]> {
  const end = Date.now() + proofWaitMs;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- asked again until it is there
    const proofs = await kernel.door.work(credential, exportReport, async (tx) => {
      const all = await signaturesOf(tx, runSigning.record.name, runId);
      const wanted = all.filter((each) => printed.has(each.manifestHash)).map((each) => each.id);
      return signatureProofs(tx, wanted);
    });
    if (proofs.length >= printed.size || Date.now() > end) return proofs;
    // oxlint-disable-next-line no-await-in-loop -- see above
    await wait(proofStepMs);
  }
}

function dataOf(input: ReportInput): SealAttachment {
  return {
    name: "report.json",
    mediaType: "application/json",
    description: "The report’s data, the same as its JSON export",
    bytes: Buffer.from(reportJson(input)),
  };
}

function attached(index: number, proof: SignatureProof["proof"]): SealAttachment {
  return {
    name: `signature-${index + 1}.proof.json`,
    mediaType: "application/json",
    description: "Proof that the signature stands in the ledger",
    bytes: Buffer.from(JSON.stringify(proof)),
  };
}
