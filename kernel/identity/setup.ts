import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import type { Kernel } from "../kernel.ts";
import type { Source } from "../work/credential.ts";
import type { Tx } from "../work/door.ts";
import { foundWorkspace } from "../tenancy/found-workspace.ts";
import { query } from "../work/query.ts";
import { issueKey, newSecret } from "./api-key.ts";
import { identityProblem } from "./error.ts";
import type { Identity } from "./identity.ts";
import { plainName } from "./plain-name.ts";
import { admit } from "./membership.ts";
import { noteSession } from "./note.ts";
import { hashPassword } from "./password.ts";
import { checkedPerson, insertPerson, type NewPerson } from "./person.ts";
import { startSession, type NewSession } from "./session.ts";

const linkHours = 24;
const linkName = "setup-link";
const keyDays = 365;

export type FirstWorkspace = { readonly name: string; readonly preset: string };
export type SetUp = {
  readonly owner: NewPerson;
  readonly workspace: FirstWorkspace;
  /**
   * Runs in the founding transaction, with the system credential: what the apps lay down in the first workspace (a job
   * that loads the sample data) comes with it or not at all.
   */
  readonly furnish?: (tx: Tx) => Promise<void>;
  readonly source: Source;
};
export type Founded = {
  readonly workspaceId: string;
  readonly slug: string;
  readonly userId: string;
  readonly membershipId: string;
};

export async function isSetUp({ kernel }: Pick<Identity, "kernel">): Promise<boolean> {
  const [row] = await kernel.door.callFunction({
    sql: "select kernel.instance_is_set_up() as done",
    parameters: [],
  });
  return row?.["done"] === true;
}

/**
 * Makes the one-time set-up link anew, at each start of an instance that is not set up: the one before ends. Only its hash
 * is stored, in the database, so that any server of the instance can honour it. Undefined once the instance is set up.
 */
export async function makeSetupLink(
  identity: Pick<Identity, "kernel">,
): Promise<{ token: string; expiresAt: Date } | undefined> {
  if (await isSetUp(identity)) return undefined;
  const { token, hash } = newSecret("su_");
  const expiresAt = new Date(Date.now() + linkHours * 3_600_000);
  await identity.kernel.identityPool.query(
    `with gone as (delete from identity.verification where identifier = $1)
     insert into identity.verification (id, identifier, value, expires_at) values ($2, $1, $3, $4)`,
    [linkName, uuidv7(), hash.toString("hex"), expiresAt],
  );
  return { token, expiresAt };
}

/** True while this link would be honoured: the set-up page asks before it shows its form. */
export async function setupLinkOpen(identity: Pick<Identity, "kernel">, token: string): Promise<boolean> {
  const found = await identity.kernel.identityPool.query(
    "select 1 from identity.verification where identifier = $1 and value = $2 and expires_at > now()",
    [linkName, createHash("sha256").update(token, "utf8").digest("hex")],
  );
  return found.rowCount === 1 && !(await isSetUp(identity));
}

/** Completes the set-up in the browser: owner, workspace, membership, and a session for the owner. */
export async function completeSetup(
  identity: Identity,
  token: string,
  setUp: SetUp & { readonly userAgent: string | null },
): Promise<Founded & { session: NewSession }> {
  const founded = await found(identity.kernel, setUp, async () => {
    if (!(await setupLinkOpen(identity, token))) throw identityProblem.setup_link_ended();
    await identity.site.breached.refuseKnown(setUp.owner.password);
  });
  const { source, userAgent } = setUp;
  const session = await startSession(identity, { userId: founded.userId, source, userAgent });
  await noteSession(identity.kernel, {
    action: "kernel.session.start",
    outcome: "done",
    userId: founded.userId,
    reason: "setup",
    source,
  });
  return { ...founded, session };
}

/** The same without a browser: whoever can run it holds the data folder already. Gives an owner API key, shown once. */
export async function setupFromCommandLine(
  identity: Pick<Identity, "kernel">,
  setUp: {
    email: string;
    password: string;
    name?: string;
    workspaceName: string;
    preset: string;
    furnish?: (tx: Tx) => Promise<void>;
  },
): Promise<{ workspaceId: string; slug: string; apiKey: string }> {
  let apiKey = "";
  const { email, password, workspaceName, preset, furnish } = setUp;
  const founded = await found(
    identity.kernel,
    {
      owner: { name: setUp.name ?? email.split("@", 1)[0] ?? email, email, password },
      workspace: { name: workspaceName, preset },
      ...(furnish === undefined ? {} : { furnish }),
      source: { address: null, requestId: "command-line" },
    },
    async () => undefined,
    async (tx, membershipId) => {
      const permissions = await ownerPermissions(tx);
      const expiresAt = new Date(Date.now() + keyDays * 86_400_000);
      apiKey = (await issueKey(tx, { membershipId, name: "Set-up", permissions, expiresAt })).token;
    },
  );
  return { workspaceId: founded.workspaceId, slug: founded.slug, apiKey };
}

/**
 * The order makes a crash harmless. 1: the owner as a person, who alone can do nothing. 2: workspace, membership and all
 * that belongs to them in one transaction: from its commit on the instance is set up, before it nothing is. 3: the session,
 * which a sign-in replaces. Dying after 1 leaves a person without a workspace, and the next set-up with that address
 * takes them over. The link needs no mark of use: it ends with the instance being set up, in the same commit.
 */
async function found(
  kernel: Kernel,
  setUp: SetUp,
  mayStart: () => Promise<void>,
  andThen: (tx: Tx, membershipId: string) => Promise<void> = async () => undefined,
): Promise<Founded> {
  const name = plainName(setUp.workspace.name);
  if (name.length === 0 || name.length > 200) throw identityProblem.name_missing();
  const lock = await kernel.identityPool.connect();
  try {
    await lock.query("begin");
    // Held to the end of the set-up by this connection; a process that dies lets go of it.
    const taken = await lock.query<{ taken: boolean }>("select pg_try_advisory_xact_lock(7071, 14) as taken");
    if (taken.rows[0]?.taken !== true) throw identityProblem.setup_running();
    if (await isSetUp({ kernel })) throw identityProblem.setup_done();
    await mayStart();
    const owner = checkedPerson(setUp.owner);
    const userId = await storeOwner(kernel, owner);
    // Whoever holds the set-up link runs the instance: their address is theirs to say.
    await kernel.identityPool.query(`update identity."user" set email_verified = true where id = $1`, [userId]);
    const workspaceId = uuidv7();
    const slug = slugOf(name);
    const membershipId = await foundWorkspace(
      kernel,
      kernel.system(workspaceId, setUp.source),
      { slug, name, preset: setUp.workspace.preset },
      async (tx) => {
        if (!(await isOnlyWorkspace(tx))) throw identityProblem.setup_done();
        const id = await admit(tx, { userId, name: owner.name, email: owner.email, role: "owner" });
        await andThen(tx, id);
        await setUp.furnish?.(tx);
        return id;
      },
    );
    return { workspaceId, slug, userId, membershipId };
  } finally {
    await lock.query("rollback").catch(() => undefined);
    lock.release();
  }
}

/** Whoever is found under this address before the set-up is what a broken-off set-up left behind. */
async function storeOwner(kernel: Kernel, owner: NewPerson): Promise<string> {
  const made = await insertPerson(kernel.identityPool, owner);
  if (made !== undefined) return made;
  const taken = await kernel.identityPool.query<{ id: string }>(
    `with person as (update identity."user" set name = $2, disabled_at = null, updated_at = now() where email = $1 returning id),
       ended as (delete from identity.session s using person where s.user_id = person.id)
     update identity.account a set password = $3, updated_at = now() from person
     where a.user_id = person.id and a.provider_id = 'credential' returning a.user_id as id`,
    [owner.email, owner.name, await hashPassword(owner.password)],
  );
  const userId = taken.rows[0]?.id;
  if (userId === undefined) throw new Error("A person of a broken-off set-up has no password account");
  return userId;
}

/** `QA & Partners` → `qa-partners`. The instance's own slug stays its own. */
export function slugOf(name: string): string {
  const plain = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^a-z0-9]+/gu, "-")
    .slice(0, 60)
    .replaceAll(/^-+|-+$/gu, "");
  return plain.length < 2 || plain === "instance" ? `workspace-${plain}`.replace(/-$/u, "") : plain;
}

async function isOnlyWorkspace(tx: Tx): Promise<boolean> {
  const row = await tx.first(query.selectNoFrom(sql<boolean>`kernel.only_workspace()`.as("only")));
  return row?.only === true;
}

async function ownerPermissions(tx: Tx): Promise<string[]> {
  const row = await tx.first(query.selectNoFrom(sql<string[]>`kernel.permissions_of_role('owner')`.as("permissions")));
  return row?.permissions ?? [];
}
