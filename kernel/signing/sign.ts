import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { gzipSync } from "node:zlib";
import { sql } from "kysely";
import { DatabaseError } from "pg";
import type { Kernel } from "../kernel.ts";
import { canonicalText } from "../ledger/canonical.ts";
import { writeSealed } from "../vault/sealed-field.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { checkMaySign, stepOf, type SessionCredential } from "./challenge.ts";
import type { Signing } from "./declare.ts";
import { signingProblem } from "./error.ts";
import type { Asked } from "./proof.ts";
import { anyTable, hashOf, readSnapshot } from "./subject.ts";

/** What the leaf of a signature commits to, beside the manifest's own hash. */
export type Manifest = {
  readonly v: "1";
  readonly id: string;
  readonly tenant: string;
  readonly record: string;
  readonly row: string;
  readonly version: number;
  readonly recordHash: string;
  readonly signer: string;
  readonly person: string;
  readonly printedName: string;
  readonly role: string;
  readonly step: string;
  readonly meaning: string;
  readonly reasonCode?: string | undefined;
  readonly reason?: string | undefined;
  readonly signedAt: string;
  readonly zone: "UTC";
  readonly auth: {
    readonly components: "all" | "one";
    readonly methods: readonly string[];
    readonly session: string;
    readonly verifiedAt: string;
  };
};

/** The fields of a signature's leaf (11.70: the leaf is the link between signature and record). */
export function leafFields(manifest: Manifest, manifestHash: string): Record<string, unknown> {
  const { v: _, id: __, tenant: ___, person: ____, version, ...said } = manifest;
  return { ...said, version: String(version), manifestHash };
}

/**
 * Signs, in one transaction: holds the record, judges everything anew, locks the record where this is its first signature,
 * leaves the leaves, uses up the challenge and writes the signature with the very bytes it stands for.
 */
export async function signRecord(
  kernel: Kernel,
  tx: Tx,
  signing: Signing,
  asked: Asked,
  proof: { readonly challenge: string; readonly credential: SessionCredential },
): Promise<{ id: string; version: number; manifest: Manifest }> {
  const record = signing.record.name;
  if (asked.record !== record || asked.tenantId !== tx.who.tenantId || asked.provenAt === null)
    throw signingProblem.challenge_ended();
  const step = stepOf(signing, asked.step);
  const snapshot = await readSnapshot(kernel, tx, signing, asked.rowId, true);
  const printedName = await checkMaySign(tx, signing, step, snapshot);
  if (snapshot.signedVersion !== asked.signedVersion || snapshot.hash !== asked.recordHash)
    throw signingProblem.record_moved({ values: { title: snapshot.title } });

  const id = uuidv7();
  const manifest: Manifest = {
    v: "1",
    id,
    tenant: tx.who.tenantId,
    record,
    row: asked.rowId,
    version: asked.signedVersion,
    recordHash: snapshot.hash,
    signer: tx.who.actorId,
    person: tx.who.userId ?? "",
    printedName,
    role: tx.who.role,
    step: step.id,
    meaning: asked.meaning,
    reasonCode: asked.reasonCode ?? undefined,
    reason: asked.reason ?? undefined,
    signedAt: new Date().toISOString(),
    zone: "UTC",
    auth: {
      components: asked.components,
      methods: asked.methods ?? [],
      session: asked.sessionId,
      verifiedAt: asked.provenAt.toISOString(),
    },
  };
  const text = canonicalText(manifest);
  await tx.recordAll([
    {
      action: "kernel.signature.made",
      record: "kernel.signature",
      rowId: id,
      version: 1,
      fields: leafFields(manifest, hashOf(text)),
    },
    ...(snapshot.locked
      ? []
      : [
          {
            action: `${record}.lock`,
            record,
            rowId: asked.rowId,
            version: asked.signedVersion,
            fields: { signature: id, recordHash: snapshot.hash },
          },
        ]),
  ]);
  if (!snapshot.locked) await setLock(tx, record, asked.rowId, snapshot.version, true);
  await writeSignature(tx, id, proof.challenge, proof.credential.token, text);
  await writeSealed(
    tx,
    kernel.keyring,
    { record: "kernel.signature", rowId: id, version: 1 },
    // Long texts of few words: kept small, opened by signedText.
    { snapshot: gzipSync(snapshot.text).toString("base64") },
  );
  await signing.signed?.(kernel, tx, {
    id,
    rowId: asked.rowId,
    version: asked.signedVersion,
    step: step.id,
    printedName,
  });
  return { id, version: asked.signedVersion, manifest };
}

/** Sets or takes off the lock of one row version; its leaf is staged already. */
export async function setLock(tx: Tx, record: string, rowId: string, version: number, on: boolean): Promise<void> {
  await tx.all(
    anyTable
      .updateTable(record)
      .set({ locked_at: on ? new Date() : null })
      .where("id", "=", rowId)
      .where("version", "=", version),
  );
}

async function writeSignature(tx: Tx, id: string, challenge: string, token: string, manifest: string): Promise<void> {
  const call = sql`select kernel.sign(${id}, ${challenge}, ${token}, ${manifest})`;
  try {
    await tx.all({ compile: () => call.compile(query) });
  } catch (error) {
    if (error instanceof DatabaseError && error.code === "PB407")
      throw signingProblem.challenge_ended({ cause: error });
    if (error instanceof DatabaseError && error.code === "23505") throw signingProblem.signed_before({ cause: error });
    throw error;
  }
}
