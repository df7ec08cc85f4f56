import { randomBytes, randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import type { PlatformRole } from "../access/role.ts";
import { issueKey } from "../identity/api-key.ts";
import { admit } from "../identity/membership.ts";
import { hashPassword } from "../identity/password.ts";
import type { Kernel } from "../kernel.ts";
import { foundWorkspace } from "../tenancy/found-workspace.ts";
import { Problem } from "../work/problem.ts";
import { query } from "../work/query.ts";

export type SigningPerson = {
  readonly userId: string;
  readonly membershipId: string;
  readonly email: string;
  /** Drawn anew for each opening: none is known for longer. */
  readonly password: string;
};
const parts = { owner: "owner", author: "admin", reviewer: "member", approver: "admin" } as const satisfies Record<
  string,
  PlatformRole
>;
export type SigningPart = keyof typeof parts;
export type SigningScratch = {
  readonly workspace: string;
  readonly people: Readonly<Record<SigningPart, SigningPerson>>;
  /** A key of the author's, for laying out what is signed. */
  readonly authorKey: string;
};

const workspace = "00000000-0000-7000-8000-0000000000ff";
const userOf: Readonly<Record<SigningPart, string>> = {
  owner: "00000000-0000-7000-8000-0000000001ff",
  author: "00000000-0000-7000-8000-0000000002ff",
  reviewer: "00000000-0000-7000-8000-0000000003ff",
  approver: "00000000-0000-7000-8000-0000000004ff",
};
const emailOf = (part: SigningPart) => `probe-f-${part}@probe.invalid`;

/** The workspace in which signatures are probed, founded once: an owner, an author, a reviewer and an approver. */
export async function openSigningScratch(kernel: Kernel): Promise<SigningScratch> {
  const credential = kernel.system(workspace, { address: null, requestId: "probe" });
  await found(kernel, credential);
  const of = async (part: SigningPart): Promise<SigningPerson> => {
    const [userId, email, password] = [userOf[part], emailOf(part), randomBytes(18).toString("base64url")];
    await kernel.identityPool.query("delete from identity.account where user_id = $1", [userId]);
    await kernel.identityPool.query(
      "insert into identity.account (id, user_id, account_id, provider_id, password) values ($1, $2::uuid, $2::uuid::text, 'credential', $3)",
      [uuidv7(), userId, await hashPassword(password)],
    );
    const row = await kernel.door.work(credential, "kernel.probe", (tx) =>
      tx.first(query.selectFrom("kernel.membership").select("id").where("user_id", "=", userId)),
    );
    return { userId, membershipId: row?.id ?? "", email, password };
  };
  const people = {
    owner: await of("owner"),
    author: await of("author"),
    reviewer: await of("reviewer"),
    approver: await of("approver"),
  };
  const authorKey = await kernel.door.work(credential, "kernel.probe", async (tx) => {
    const held = await tx.first(
      query.selectNoFrom(sql<string[]>`kernel.permissions_of_role('admin')`.as("permissions")),
    );
    const { token } = await issueKey(tx, {
      membershipId: people.author.membershipId,
      name: "Probe author",
      permissions: held?.permissions ?? [],
      expiresAt: new Date(Date.now() + 10 * 60_000),
    });
    return token;
  });
  return { workspace, people, authorKey };
}

async function found(kernel: Kernel, credential: ReturnType<Kernel["system"]>): Promise<void> {
  try {
    await kernel.door.work(credential, "kernel.probe", async () => undefined);
    return;
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
  }
  for (const part of partNames) {
    await kernel.identityPool.query(
      `insert into identity."user" (id, name, email) values ($1, $2, $3) on conflict do nothing`,
      [userOf[part], `Probe ${part}`, emailOf(part)],
    );
  }
  const space = { slug: "probity-probe-f", name: "probe-f", preset: "regulatory-docs" };
  await foundWorkspace(kernel, credential, space, async (tx) => {
    await tx.all(query.selectNoFrom(sql<null>`kernel.mark_probe_workspace()`.as("marked")));
    for (const part of partNames)
      await admit(tx, { userId: userOf[part], name: `Probe ${part}`, email: emailOf(part), role: parts[part] });
  });
}

const partNames = ["owner", "author", "reviewer", "approver"] as const;
