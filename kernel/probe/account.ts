import { createHash, createHmac, randomBytes, randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { guardKeys } from "../identity/guard.ts";
import { admit } from "../identity/membership.ts";
import { hashPassword } from "../identity/password.ts";
import { totpCode, totpStep } from "../identity/totp.ts";
import type { Kernel } from "../kernel.ts";
import { foundWorkspace } from "../tenancy/found-workspace.ts";
import { Problem } from "../work/problem.ts";
import { query } from "../work/query.ts";

/** An account without a password, for somebody whom a probe invites; the one of an earlier round is kept. */
export async function probeAccount(kernel: Pick<Kernel, "identityPool">, name: string, email: string): Promise<string> {
  await kernel.identityPool.query(
    `insert into identity."user" (id, name, email) values ($1, $2, $3) on conflict do nothing`,
    [uuidv7(), name, email],
  );
  const found = await kernel.identityPool.query<{ id: string }>(`select id from identity."user" where email = $1`, [
    email,
  ]);
  return found.rows[0]?.id ?? "";
}

/** A session as a sign-in by password would have made it just now. The token is the browser's. */
export async function probeSession(kernel: Pick<Kernel, "identityPool">, userId: string): Promise<string> {
  const token = randomBytes(24).toString("base64url");
  await kernel.identityPool.query(
    `insert into identity.session (id, user_id, token, expires_at) values ($1, $2, $3, now() + interval '1 hour')`,
    [uuidv7(), userId, createHash("sha256").update(token).digest("hex")],
  );
  return token;
}

/** A fresh proof as a step-up would have given it to this session, for one act. */
export async function probeGrant(
  kernel: Pick<Kernel, "identityPool">,
  token: string,
  act: { workspace: string; action: string; subject: string },
): Promise<string> {
  const grant = randomBytes(32).toString("base64url");
  await kernel.identityPool.query(
    `insert into identity.step_up_grant (id, secret_hash, session_id, tenant_id, action, subject, method, expires_at)
     select $1, sha256(convert_to($2, 'UTF8')), s.id, $4, $5, $6, 'password', now() + interval '5 minutes'
     from identity.session s where s.token = $3`,
    [uuidv7(), grant, createHash("sha256").update(token).digest("hex"), act.workspace, act.action, act.subject],
  );
  return grant;
}

/** Somebody with a password who belongs nowhere, for one run; their failed attempts count against nobody afterwards. */
export async function probePerson(
  kernel: Pick<Kernel, "identityPool" | "rootKey">,
): Promise<{ userId: string; password: string; end(): Promise<void> }> {
  const userId = uuidv7();
  const password = randomBytes(18).toString("base64url");
  const email = `probe-${userId}@probe.invalid`;
  await kernel.identityPool.query(
    `with made as (insert into identity."user" (id, name, email) values ($1, 'Probe', $2) returning id)
     insert into identity.account (id, user_id, account_id, provider_id, password) select $3, id, id::text, 'credential', $4 from made`,
    [userId, email, uuidv7(), await hashPassword(password)],
  );
  return {
    userId,
    password,
    end: async () => {
      const factor = createHmac("sha256", kernel.rootKey.key)
        .update(`sign-in-guard:factor:${userId}`)
        .digest("base64url");
      for (const address of ["127.0.0.1", "::1"]) {
        const { source } = guardKeys(kernel.rootKey.key, address, email);
        await kernel.identityPool.query("select identity.forgive_sign_in($1, $2)", [source, factor]);
      }
      await kernel.identityPool.query(`delete from identity."user" where id = $1`, [userId]);
    },
  };
}

/** The code an authenticator app with this secret (RFC 4648 base32) shows, now or some steps from now. */
export function probeCode(secret: string, stepsAway: number): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const bytes = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  return totpCode(bytes, totpStep(new Date()) + stepsAway);
}

/** The workspace that is frozen and thawed again, with two owners: known to every server of the instance, founded once. */
const frozen = {
  tenant: "00000000-0000-7000-8000-0000000000cc",
  owners: ["00000000-0000-7000-8000-0000000001cc", "00000000-0000-7000-8000-0000000002cc"],
} as const;

export async function openFreezeScratch(
  kernel: Kernel,
): Promise<{ workspace: string; owners: readonly [string, string] }> {
  const credential = kernel.system(frozen.tenant, { address: null, requestId: "probe" });
  const made = { workspace: frozen.tenant, owners: frozen.owners };
  try {
    await kernel.door.work(credential, "kernel.probe", async () => undefined);
    return made;
  } catch (error) {
    // 423: a run that was broken off left it frozen; the next one thaws it.
    if (error instanceof Problem && error.status === 423) return made;
    if (!(error instanceof Problem) || error.status !== 404) throw error;
  }
  for (const [place, userId] of frozen.owners.entries()) {
    await kernel.identityPool.query(
      `insert into identity."user" (id, name, email) values ($1, $2, $3) on conflict do nothing`,
      [userId, `Probe c${place + 1}`, `probe-c${place + 1}@probe.invalid`],
    );
  }
  await foundWorkspace(
    kernel,
    credential,
    { slug: "probity-probe-c", name: "probe-c", preset: "regulatory-docs" },
    async (tx) => {
      await tx.all(query.selectNoFrom(sql<null>`kernel.mark_probe_workspace()`.as("marked")));
      for (const [place, userId] of frozen.owners.entries()) {
        const name = `Probe c${place + 1}`;
        await admit(tx, { userId, name, email: `probe-c${place + 1}@probe.invalid`, role: "owner" });
      }
    },
  );
  return made;
}
