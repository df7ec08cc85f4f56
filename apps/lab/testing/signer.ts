import { createHash, randomUUID } from "node:crypto";
import { makeSigner, signAs, type TestAnswer, type TestCaller, type TestSigner } from "@probity/kernel/testing";
import type { LabWorld } from "./world.ts";

/** What a verification says when it is signed. */
export const verifyStep = {
  step: "verify",
  meaning: "Verified: results, calculations and raw data were reviewed and agree with the method",
};

/** A member with a role in the laboratory who may sign. */
export async function signerOf(world: LabWorld, role: "reviewer" | "technician" | "admin"): Promise<TestSigner> {
  const person = await world.server.member(world.workspace, "member");
  await giveRole(world, person.membershipId, role, 0);
  await world.server.kernel.identityPool.query(
    "insert into identity.session (id, user_id, token, expires_at) values ($1, $2, $3, now() + interval '1 day') on conflict do nothing",
    [randomUUID(), person.userId, createHash("sha256").update(person.session.token).digest("hex")],
  );
  return makeSigner(world.server, person, world.admin);
}

export async function giveRole(world: LabWorld, membershipId: string, role: string, version: number): Promise<void> {
  const answer = await world.as.admin("PUT", `/api/people/${membershipId}/access`, {
    version,
    body: { apps: { lab: role }, customRoles: [] },
  });
  if (answer.status >= 300) throw new Error(`role ${role}: ${answer.status} ${answer.text}`);
}

/** Has the results of a sample or worksheet listed; gives the list's address and version. */
export async function listed(by: TestCaller, of: string, version: number): Promise<{ one: string; version: number }> {
  const answer = await by("POST", `${of}/verification`, { version });
  if (answer.status !== 201) throw new Error(`${of}: ${answer.status} ${answer.text}`);
  return { one: `/api/lab/verifications/${String(answer.body["id"])}`, version: Number(answer.body["version"]) };
}

/** Verifies as a signer would: lists, then signs the list. */
export async function verifySigned(signer: TestSigner, of: string, version: number): Promise<TestAnswer> {
  const list = await listed(signer.by, of, version);
  return signAs(signer, list.one, { ...verifyStep, version: list.version });
}
