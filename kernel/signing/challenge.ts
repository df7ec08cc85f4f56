import { createHash, randomBytes, randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import type { Own } from "../identity/factor.ts";
import { factorsOf } from "../identity/factor.ts";
import type { Identity } from "../identity/identity.ts";
import { policyValue } from "../policy/store.ts";
import { providerOf } from "../sso/provider-of.ts";
import type { Credential } from "../work/credential.ts";
import type { Tx } from "../work/door.ts";
import { doorProblem } from "../work/error.ts";
import { query } from "../work/query.ts";
import type { Signing, SigningStep } from "./declare.ts";
import { signingProblem } from "./error.ts";
import { inForce, refusalOf, signaturesOf, signerProblem, signerStanding } from "./standing.ts";
import { readSnapshot, type Snapshot } from "./subject.ts";

/** What somebody is about to sign, and how. */
export type Intent = {
  readonly step: string;
  readonly meaning: string;
  readonly reasonCode: string | null;
  readonly reason: string | null;
  /** Of the row, as the person saw it. */
  readonly version: number;
};

/** Which components a signature is asked for: all of the account's at the first, one within a signing session (11.200(a)(1)). */
export type Components = {
  readonly needed: "all" | "one";
  readonly password: boolean;
  readonly totp: boolean;
  readonly passkey: boolean;
  /** The workspace's identity provider, for who has no password here. */
  readonly provider: string | null;
};

export type OpenedChallenge = {
  readonly challenge: string;
  readonly expiresAt: Date;
  readonly recordHash: string;
  readonly signedVersion: number;
  readonly title: string;
  readonly printedName: string;
  readonly components: Components;
};

export type SessionCredential = Credential & { readonly kind: "session" };

/** A signature is a person's own act: keys, links, jobs and the server give none, and nobody signs for another. */
export function personCredential(credential: Credential): SessionCredential {
  if (credential.kind !== "session") throw signingProblem.person_only();
  return credential;
}

export function stepOf(signing: Signing, id: string): SigningStep {
  const step = signing.steps.find((each) => each.id === id);
  if (step === undefined) throw signingProblem.step_unknown();
  return step;
}

/**
 * Opens a challenge: single use, minutes long, for this session, this version of this record with these bytes, this meaning.
 * Everything that would refuse the signature refuses the challenge; the signature is judged anew.
 */
export async function openChallenge(
  identity: Identity,
  own: Own,
  signing: Signing,
  rowId: string,
  intent: Intent,
  credential: SessionCredential,
): Promise<OpenedChallenge> {
  const { kernel } = identity;
  const step = stepOf(signing, intent.step);
  checkWords(step, intent);
  const id = uuidv7();
  const challenge = randomBytes(32).toString("base64url");
  const opened = await kernel.door.work(credential, step.permission, async (tx) => {
    const snapshot = await readSnapshot(kernel, tx, signing, rowId, false);
    if (snapshot.version !== intent.version)
      throw doorProblem.stale({ values: { current: snapshot.version, given: intent.version } });
    const signer = await checkMaySign(tx, signing, step, snapshot);
    const minutes = await policyValue(tx, "signing.challengeMinutes");
    const sessionMinutes = await policyValue(tx, "signing.sessionMinutes");
    const call = sql<{ needed: string }>`select kernel.open_signing(${id}, ${challenge}, ${credential.token},
      ${signing.record.name}, ${rowId}, ${snapshot.signedVersion}, ${snapshot.hash}, ${step.id}, ${intent.meaning},
      ${intent.reasonCode}, ${intent.reason}, ${minutes}, ${sessionMinutes}) as needed`;
    const row = await tx.first({ compile: () => call.compile(query) });
    const expiresAt = new Date(Date.now() + minutes * 60_000);
    const provider = (await providerOf(tx, identity, own.userId))?.name ?? null;
    return {
      snapshot,
      needed: row?.needed === "one" ? ("one" as const) : ("all" as const),
      expiresAt,
      signer,
      provider,
    };
  });
  return {
    challenge,
    expiresAt: opened.expiresAt,
    recordHash: opened.snapshot.hash,
    signedVersion: opened.snapshot.signedVersion,
    title: opened.snapshot.title,
    printedName: opened.signer,
    components: {
      needed: opened.needed,
      ...(await componentsOf(identity, own.userId)),
      provider: opened.provider,
    },
  };
}

/** The printed name, where the bound person may give this signature now; the refusal else. */
export async function checkMaySign(tx: Tx, signing: Signing, step: SigningStep, snapshot: Snapshot): Promise<string> {
  const signer = await signerStanding(tx);
  const notSigner = signerProblem(signer.status);
  if (notSigner !== undefined) throw notSigner;
  const standing = inForce(await signaturesOf(tx, signing.record.name, snapshot.rowId), snapshot);
  const person = { membershipId: tx.who.actorId, userId: tx.who.userId };
  const refusal = refusalOf(signing, step, standing, snapshot, person);
  if (refusal !== undefined) throw refusal;
  return signer.printedName ?? "";
}

/** Which components the person's account has. */
export async function componentsOf(
  { kernel }: Pick<Identity, "kernel">,
  userId: string,
): Promise<Omit<Components, "needed" | "provider">> {
  const factors = await factorsOf(kernel.identityPool, userId);
  const found = await kernel.identityPool.query(
    "select 1 from identity.account where user_id = $1 and provider_id = 'credential' and password is not null",
    [userId],
  );
  return { password: found.rowCount !== 0, totp: factors.totp !== null, passkey: factors.passkeys.length > 0 };
}

/** What the authenticator signs for this challenge: it speaks of the very record and meaning. */
export function passkeyChallengeOf(asked: { id: string; recordHash: string; meaning: string }): Buffer {
  return createHash("sha256").update(`probity signing\0${asked.id}\0${asked.recordHash}\0${asked.meaning}`).digest();
}

function checkWords(step: SigningStep, { meaning, reasonCode, reason }: Intent): void {
  const known = reasonCode === null || (step.reasons ?? []).some((each) => each.code === reasonCode);
  const missing = step.reason === "required" && reason === null && reasonCode === null;
  const unasked = step.reason === "none" && (reason !== null || reasonCode !== null);
  if (!step.meanings.includes(meaning) || !known || missing || unasked) throw signingProblem.meaning_unknown();
}
