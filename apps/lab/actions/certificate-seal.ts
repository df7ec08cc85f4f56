import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import {
  doorProblem,
  manifestationOf,
  signatureProofs,
  workspaceName,
  type Credential,
  type Kernel,
  type StoredBytes,
  type Tx,
} from "@probity/kernel";
import type { SealAttachment, Sealer } from "@probity/seal";
import { insertAll } from "../bulk.ts";
import { certificateProblem as problem } from "../certificate-error.ts";
import { readContent } from "../certificate/content.ts";
import { certificateData } from "../certificate/data.ts";
import { certificatePdf } from "../certificate/pdf.ts";
import { query } from "../query.ts";

const permission = "lab.certificate.prepare";
/** A signature is covered by a checkpoint about a second after it was given. */
const proofWaitMs = 8000;
const proofStepMs = 100;

export type SealedFiles = { readonly pdf: string; readonly json: string; readonly level: string };
/** How long each part took, for those who measure. */
export type SealTimes = { proof: number; print: number; seal: number; store: number };

/**
 * Makes the two files of a signed certificate, once: its data, and the PDF with the data and the proofs inside, sealed by the
 * instance. Asked again it answers what was made.
 */
export async function sealCertificate(
  kernel: Kernel,
  sealer: Sealer | undefined,
  credential: Credential,
  id: string,
  times: SealTimes = { proof: 0, print: 0, seal: 0, store: 0 },
): Promise<SealedFiles> {
  const lap = stopwatch();
  // 1. What is signed, with its signatures and their proofs.
  const end = Date.now() + proofWaitMs;
  let signed = await kernel.door.work(credential, permission, (tx) => readSigned(tx, id));
  if (signed.files !== undefined) return signed.files;
  if (sealer === undefined) throw problem.certificate_unsealable({ values: { number: signed.number } });
  while (signed.proofs.length < signed.signatures.length) {
    if (Date.now() > end) throw problem.certificate_unproved({ values: { number: signed.number } });
    // oxlint-disable-next-line no-await-in-loop -- asked again until a checkpoint covers it
    await wait(proofStepMs);
    // oxlint-disable-next-line no-await-in-loop -- see above
    signed = await kernel.door.work(credential, permission, (tx) => readSigned(tx, id));
  }
  times.proof = lap();
  // 2. Data and print, outside of any transaction.
  const { content, signatures, proofs, number, workspace } = signed;
  const data = certificateData(signed, content, signatures, proofs);
  const { selfSigned, fingerprint } = sealer.status();
  const { name, verifyUrl } = sealer;
  const seal = { name, verifyUrl, fingerprint, selfSigned };
  const pdf = await certificatePdf({ content, workspace, signatures, dataHash: data.sha256, seal });
  times.print = lap();
  const sealed = await sealer.seal(pdf, {
    reason:
      content.stated === undefined
        ? `Certificate of analysis ${number}, signed by ${signatures.map((each) => each.printedName).join(", ")}`
        : `Certificate of analysis ${number}, as it was brought in`,
    at: new Date(),
    attachments: [
      attached(`${number}.json`, "The certificate’s data, and what was signed", Buffer.from(data.text)),
      ...proofs.map((proof, index) =>
        attached(
          `signature-${index + 1}.proof.json`,
          "Proof that the signature stands in the ledger",
          Buffer.from(JSON.stringify(proof)),
        ),
      ),
    ],
  });
  times.seal = lap();
  // 3. Kept as they are, for good.
  const files = await keep(kernel, credential, signed, {
    pdf: sealed.pdf,
    json: Buffer.from(data.text),
    level: sealed.level,
    proofs: proofs.length,
    authority: sealed.timestamp?.authority,
    fingerprint,
  });
  times.store = lap();
  return files;
}

type Signed = Awaited<ReturnType<typeof readSigned>>;

/** A signed certificate, whole. */
export async function readSigned(tx: Tx, id: string) {
  const row = await tx.first(
    query
      .selectFrom("lab.certificate")
      .select(["id", "version", "number", "content", "template_id as templateId", "locked_at"])
      .where("id", "=", id)
      .where("deleted_at", "is", null)
      // Held against another who makes the same file at this moment.
      .forUpdate(),
  );
  if (row === undefined) throw doorProblem.not_found();
  if (row.locked_at === null) throw problem.certificate_not_signed({ values: { number: row.number } });
  const signatures = await manifestationOf(tx, "lab.certificate", id, row.version);
  const proofs = await signatureProofs(
    tx,
    signatures.map((each) => each.id),
  );
  return {
    id: row.id,
    version: row.version,
    number: row.number,
    templateId: row.templateId,
    content: readContent(row.content),
    signatures,
    proofs: proofs.map((each) => each.proof),
    workspace: await workspaceName(tx),
    files: await filesOf(tx, id),
  };
}

/** The files of a certificate, where they are made. */
async function filesOf(tx: Tx, id: string): Promise<SealedFiles | undefined> {
  const rows = await tx.all(
    query.selectFrom("lab.certificate_file").select(["format", "sha256", "seal"]).where("certificate_id", "=", id),
  );
  const [pdf, json] = ["pdf", "json"].map((format) => rows.find((row) => row.format === format));
  return pdf === undefined || json === undefined ? undefined : { pdf: pdf.sha256, json: json.sha256, level: pdf.seal };
}

async function keep(
  kernel: Kernel,
  credential: Credential,
  signed: Signed,
  made: {
    pdf: Uint8Array;
    json: Uint8Array;
    level: string;
    proofs: number;
    authority: string | undefined;
    fingerprint: string;
  },
): Promise<SealedFiles> {
  const { tenantId, keys } = await kernel.door.work(credential, permission, async (tx) => ({
    tenantId: tx.who.tenantId,
    keys: await kernel.files.keysOf(tx),
  }));
  const formats = ["pdf", "json"] as const;
  const stored: StoredBytes[] = [];
  // oxlint-disable-next-line no-await-in-loop -- two files
  for (const format of formats) stored.push(await kernel.files.store(tenantId, keys, made[format], format));
  return kernel.door.work(credential, permission, async (tx) => {
    const before = (await readSigned(tx, signed.id)).files;
    if (before !== undefined) return before;
    const sums = formats.map((format) => createHash("sha256").update(made[format]).digest("hex"));
    const rows = [];
    for (const [index, format] of formats.entries()) {
      const bytes = stored[index];
      if (bytes === undefined) throw new Error("A file without its bytes");
      // oxlint-disable-next-line no-await-in-loop -- two files
      const blobId = await kernel.files.name(tx, bytes);
      const row = {
        id: uuidv7(),
        certificate_id: signed.id,
        format,
        blob_id: blobId,
        sha256: sums[index] ?? "",
        seal: made.level,
        proofs: made.proofs,
      };
      rows.push({
        row,
        fields: {
          certificate: signed.number,
          format,
          sha256: row.sha256,
          seal: made.level,
          sealedWith: made.fingerprint,
          ...(made.authority === undefined ? {} : { authority: made.authority }),
        },
      });
    }
    await insertAll(tx, "lab.certificate_file", "lab.certificate.seal", rows);
    return { pdf: sums[0] ?? "", json: sums[1] ?? "", level: made.level };
  });
}

function attached(name: string, description: string, bytes: Uint8Array): SealAttachment {
  return {
    name,
    mediaType: "application/json",
    description,
    bytes,
  };
}

function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const spent = now - last;
    last = now;
    return spent;
  };
}
