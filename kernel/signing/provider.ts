import { createHash } from "node:crypto";
import type { Own } from "../identity/factor.ts";
import type { Identity } from "../identity/identity.ts";
import { policyValue } from "../policy/store.ts";
import { signingProblem } from "./error.ts";
import { askedById, countedTry, markProven, refuseTry, type Asked } from "./proof.ts";
import { noteFailedSigning } from "./alert.ts";

type Place = { readonly tenantId: string; readonly id: string };

/** What the provider signs in its ID token: a nonce of this challenge, its record's bytes and its meaning, and of chance. */
export function signingNonceOf(asked: Pick<Asked, "id" | "recordHash" | "meaning">, chance: Buffer): string {
  return createHash("sha256")
    .update(`probity signing by provider\0${asked.id}\0${asked.recordHash}\0${asked.meaning}\0`)
    .update(chance)
    .digest("base64url");
}

/**
 * Proves a challenge by what the person's identity provider answered. The account of somebody else there is a wrong try at
 * signing in this person's name, counted and told like a wrong password (11.300(d)).
 */
export async function proveByProvider(identity: Identity, own: Own, place: Place, same: boolean): Promise<void> {
  const { kernel } = identity;
  const asked = await askedById(identity, own, place.id);
  const limit = await kernel.door.work(kernel.system(place.tenantId, own.source), "kernel.sso.sign_in", (tx) =>
    policyValue(tx, "signing.attempts"),
  );
  const tries = await countedTry(identity, own, asked, limit);
  if (!same) {
    await refuseTry(identity, own, asked, { tries, limit });
    return;
  }
  if ((await markProven(identity, asked.id, ["provider"])) === undefined) throw signingProblem.challenge_ended();
}

/** Leaves the leaf of an answer of the provider that proved nothing; it is nobody's wrong try. */
export async function refuseProvider(identity: Identity, own: Own, place: Place, reason: string): Promise<void> {
  const asked = await askedById(identity, own, place.id).catch(() => undefined);
  if (asked !== undefined) await noteFailedSigning(identity, own, asked, { tries: 0, locks: false, reason });
}
