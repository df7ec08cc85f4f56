import { createHash, randomBytes, randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Kernel } from "../kernel.ts";

export type WantedStepUp = { readonly action: string; readonly subject: string; readonly workspace: string | null };

/** The act a refusal asks a fresh proof for. */
export function stepUpIn(body: Record<string, unknown>): WantedStepUp | undefined {
  const wanted = body["stepUp"];
  if (typeof wanted !== "object" || wanted === null) return undefined;
  const part = (name: string): unknown => Reflect.get(wanted, name);
  const workspace = part("workspace");
  return {
    action: String(part("action")),
    subject: String(part("subject")),
    workspace: typeof workspace === "string" ? workspace : null,
  };
}

/** A grant as a fresh proof would give it to this session, for tests of what comes after. */
export async function grantFor(
  kernel: Pick<Kernel, "identityPool">,
  token: string,
  { action, subject, workspace }: WantedStepUp,
): Promise<string> {
  const grant = randomBytes(32).toString("base64url");
  await kernel.identityPool.query(
    `insert into identity.step_up_grant (id, secret_hash, session_id, tenant_id, action, subject, method, expires_at)
     select $1, sha256(convert_to($2, 'UTF8')), s.id, $4, $5, $6, 'password', now() + interval '5 minutes'
     from identity.session s where s.token = $3`,
    [uuidv7(), grant, createHash("sha256").update(token).digest("hex"), workspace, action, subject],
  );
  return grant;
}
