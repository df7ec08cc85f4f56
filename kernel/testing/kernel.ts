import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHash, randomBytes, randomUUIDv7 as uuidv7 } from "node:crypto";
import type { ClientConfig } from "pg";
import { kernelGrants, writeGrants, type PlatformRole } from "../access/role.ts";
import type { MigrationFolder } from "../database/migrate.ts";
import { issueKey, revokeKey } from "../identity/api-key.ts";
import { openKernel, type Kernel } from "../kernel.ts";
import type { Credential } from "../work/credential.ts";
import { foundWorkspace } from "../tenancy/found-workspace.ts";
import { query } from "../work/query.ts";
import { createTestDatabase, testRootKey } from "./database.ts";

export type TestPerson = {
  userId: string;
  membershipId: string;
  session: Credential & { kind: "session" };
};
export type TestKernel = Kernel & {
  /** The set-up role: owner of everything, for tests that attack as one. */
  readonly admin: Awaited<ReturnType<typeof createTestDatabase>>["admin"];
  /** Where its sealed files lie, for tests that spoil one. */
  readonly filesFolder: string;
  foundWorkspace(slug: string): Promise<string>;
  addPerson(workspace: string, role: PlatformRole): Promise<TestPerson>;
};

/** A kernel on a database of its own, with real workspaces, people and sessions made on request. */
export async function openTestKernel(
  options: {
    apps?: readonly MigrationFolder[];
    grants?: Readonly<Record<string, readonly string[]>>;
    poolSize?: number;
    /** The superuser's way into a PostgreSQL of the test's own. */
    on?: ClientConfig;
  } = {},
): Promise<TestKernel> {
  const database = await createTestDatabase(options.apps ?? [], options.on);
  await writeGrants(database.admin, testRootKey.key, { ...kernelGrants, ...options.grants });
  const { host, port, database: name } = database.admin;
  const filesFolder = await mkdtemp(join(tmpdir(), "probity-files-"));
  const kernel = openKernel({ host, port, database: name }, testRootKey, {
    poolSize: options.poolSize ?? 4,
    filesFolder,
  });
  return {
    ...kernel,
    admin: database.admin,
    filesFolder,
    foundWorkspace: async (slug) => {
      const id = uuidv7();
      const workspace = { slug, name: slug, preset: "regulatory-docs" };
      await foundWorkspace(kernel, kernel.system(id), workspace, async () => undefined);
      return id;
    },
    addPerson: (workspace, role) => addPerson(kernel, workspace, role),
    close: async () => {
      await kernel.close();
      await rm(filesFolder, { recursive: true, force: true });
      await database.drop();
    },
  };
}

/** The token of an API key of this person, as it is after its making: past its end or revoked when asked. */
export async function issueTestKey(
  kernel: Kernel,
  person: TestPerson,
  key: { permissions: readonly string[]; expiresAt?: Date; revoked?: boolean },
): Promise<string> {
  const { membershipId, session } = person;
  const expiresAt = key.expiresAt ?? new Date(Date.now() + 3_600_000);
  return kernel.door.work(session, "kernel.key.change", async (tx) => {
    const { id, token } = await issueKey(tx, {
      membershipId,
      name: "test key",
      permissions: key.permissions,
      expiresAt,
    });
    if (key.revoked === true) await revokeKey(tx, id, "own");
    return token;
  });
}

async function addPerson(kernel: Kernel, workspace: string, role: PlatformRole): Promise<TestPerson> {
  const userId = uuidv7();
  const membershipId = uuidv7();
  const token = randomBytes(24).toString("base64url");
  const email = `${role}-${userId}@example.test`;
  await kernel.identityPool.query(`insert into identity."user" (id, name, email) values ($1, $2, $3)`, [
    userId,
    `Test ${role}`,
    email,
  ]);
  await kernel.identityPool.query(
    "insert into identity.session (id, user_id, token, expires_at) values ($1, $2, $3, now() + interval '1 day')",
    [uuidv7(), userId, createHash("sha256").update(token).digest("hex")],
  );
  await kernel.door.work(kernel.system(workspace), "kernel.membership.accept", async (tx) => {
    await tx.record({
      action: "kernel.membership.create",
      record: "kernel.membership",
      rowId: membershipId,
      version: 1,
      fields: { role },
    });
    await tx.all(
      query.insertInto("kernel.membership").values({
        id: membershipId,
        user_id: userId,
        name: `Test ${role}`,
        email,
        role,
        status: "active",
      }),
    );
  });
  return {
    userId,
    membershipId,
    session: {
      kind: "session",
      token,
      workspace,
      source: { address: "127.0.0.1", requestId: "test" },
    },
  };
}
