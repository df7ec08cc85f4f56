import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { hashPassword } from "../identity/password.ts";
import type { TestPerson } from "./kernel.ts";
import type { TestAnswer, TestCaller, TestServer } from "./server.ts";

/** Somebody whose identity was verified, with the credentials they sign with. */
export type TestSigner = TestPerson & {
  readonly by: TestCaller;
  readonly email: string;
  readonly password: string;
  readonly printedName: string;
};

const password = "copper lantern folds 81";
let passwordHash: Promise<string> | undefined;
let made = 0;

/** Gives a person a password, has somebody else verify them, and has them acknowledge: from then on they may sign. */
export async function makeSigner(server: TestServer, person: TestPerson, verifier: TestPerson): Promise<TestSigner> {
  const by = server.as(person);
  const printedName = `Signer ${(made += 1)}`;
  const email = await givePassword(server, person);
  const body = { printedName, method: "government-id", evidence: "Passport seen" };
  const verified = await server.as(verifier)("POST", `/api/signing/signers/${person.membershipId}/verify`, { body });
  if (verified.status !== 201) throw new Error(`Verifying answered ${verified.status}: ${verified.text}`);
  const taken = await by("POST", "/api/signing/acknowledge");
  if (taken.status !== 204) throw new Error(`Acknowledging answered ${taken.status}: ${taken.text}`);
  return { ...person, by, email, password, printedName };
}

/** A password for somebody who has none yet; gives their address. */
export async function givePassword(server: Pick<TestServer, "kernel">, person: TestPerson): Promise<string> {
  passwordHash ??= hashPassword(password);
  const pool = server.kernel.identityPool;
  await pool.query(
    "insert into identity.account (id, user_id, account_id, provider_id, password) values ($1, $2::uuid, $2::uuid::text, 'credential', $3)",
    [uuidv7(), person.userId, await passwordHash],
  );
  const found = await pool.query<{ email: string }>(`select email from identity."user" where id = $1`, [person.userId]);
  return found.rows[0]?.email ?? "";
}

export type WantedSignature = {
  readonly step: string;
  readonly meaning: string;
  readonly version: number;
  readonly reasonCode?: string;
  readonly reason?: string;
};

/** A challenge for one signature on the record at this address (`/api/lab/results/{id}`). */
export function challengeFor(signer: { by: TestCaller }, one: string, wanted: WantedSignature): Promise<TestAnswer> {
  const { version, ...body } = wanted;
  return signer.by("POST", `${one}/signing/challenge`, { version, body });
}

/** Signs as a person would: challenge, then all credentials. Gives the answer of the first that refuses. */
export async function signAs(signer: TestSigner, one: string, wanted: WantedSignature): Promise<TestAnswer> {
  const challenged = await challengeFor(signer, one, wanted);
  if (challenged.status !== 201) return challenged;
  const { email: userName, password: typed } = signer;
  const body = { challenge: challenged.body["challenge"], userName, password: typed };
  return signer.by("POST", `${one}/signatures`, { body });
}
