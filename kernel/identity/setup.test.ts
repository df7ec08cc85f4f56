import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { sql } from "kysely";
import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openTestKernel, type TestKernel } from "../testing/kernel.ts";
import { instanceTenantId } from "../work/credential.ts";
import { Problem } from "../work/problem.ts";
import { query } from "../work/query.ts";
import { openIdentity, type Identity } from "./identity.ts";
import { sessionProfile } from "./session.ts";
import { completeSetup, isSetUp, makeSetupLink, setupFromCommandLine, setupLinkOpen, slugOf } from "./setup.ts";
import { signIn } from "./sign-in.ts";

let kernel: TestKernel;
let identity: Identity;
let admin: Client;

beforeEach(async () => {
  kernel = await openTestKernel();
  identity = openIdentity(kernel, { url: "http://localhost:3000" });
  admin = new Client(kernel.admin);
  await admin.connect();
});
afterEach(async () => {
  await admin.end();
  await kernel.close();
});

const source = { address: "127.0.0.1", requestId: "test" };
const owner = { name: "Ada Byron", email: "Ada@Example.test", password: "copper lantern folds 81" };
const details = (email = owner.email) => ({
  owner: { ...owner, email },
  workspace: { name: "Nordwerk Präzision", preset: "regulatory-docs" },
  source,
  userAgent: "test",
});
const signInOwner = (password = owner.password) =>
  signIn(identity, { email: owner.email, password, source, userAgent: null });

async function link(): Promise<string> {
  const made = await makeSetupLink(identity);
  if (made === undefined) throw new Error("no link");
  return made.token;
}
async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
  throw new Error("was not refused");
}
async function as<T>(role: string, text: string): Promise<T[]> {
  await admin.query(`set role ${role}`);
  return (await admin.query(text)).rows;
}

describe("set-up", () => {
  test("IDN-01 the link makes owner, workspace and session, once", async () => {
    const token = await link();
    expect(await setupLinkOpen(identity, token)).toBe(true);
    const { session, workspaceId, slug } = await completeSetup(identity, token, details());
    expect(slug).toBe("nordwerk-prazision");
    expect(await sessionProfile(identity, session.token)).toMatchObject({
      email: "ada@example.test",
      workspaces: [{ id: workspaceId, name: "Nordwerk Präzision", role: "owner" }],
    });
    expect(await refusal(completeSetup(identity, token, details("second@example.test")))).toBe("identity.setup_done");
    expect(await setupLinkOpen(identity, token)).toBe(false);
    expect(await makeSetupLink(identity)).toBeUndefined();
    expect((await signInOwner()).userId).toBe(session.userId);
  });

  test("IDN-01 only the newest link is good, for 24 hours, and the database does not hold it", async () => {
    const first = await link();
    const second = await link();
    expect(await refusal(completeSetup(identity, first, details()))).toBe("identity.setup_link_ended");
    expect(await refusal(completeSetup(identity, "su_guess", details()))).toBe("identity.setup_link_ended");
    const [row] = await as<{ value: string }>("probity_owner", "select value from identity.verification");
    expect(row?.value).toMatch(/^[0-9a-f]{64}$/);
    expect(await refusal(completeSetup(identity, row?.value ?? "", details()))).toBe("identity.setup_link_ended");
    await as("probity_owner", "update identity.verification set expires_at = expires_at - interval '24 hours'");
    expect(await refusal(completeSetup(identity, second, details()))).toBe("identity.setup_link_ended");
    expect(await isSetUp(identity)).toBe(false);
  });

  test("IDN-01 of racing uses one wins", async () => {
    const token = await link();
    const tries = await Promise.allSettled(
      Array.from({ length: 6 }, (_, index) => completeSetup(identity, token, details(`p${index}@example.test`))),
    );
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await as("probity_door", "select 1 from kernel.workspace")).toHaveLength(2);
    expect(await as("probity_owner", `select 1 from identity."user"`)).toHaveLength(1);
  });

  test("IDN-01 of racing set-ups the database itself lets one found its workspace", async () => {
    const tries = await Promise.allSettled(["one", "two", "three"].map(foundFirst));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test("IDN-01 what can't be taken is refused before anything is stored", async () => {
    const token = await link();
    const weak = { ...details(), owner: { ...owner, password: "short" } };
    expect(await refusal(completeSetup(identity, token, weak))).toBe("identity.password_refused");
    expect(await refusal(completeSetup(identity, token, details("no address")))).toBe("identity.email_unreadable");
    const nameless = { ...details(), workspace: { name: " ", preset: "lab" } };
    expect(await refusal(completeSetup(identity, token, nameless))).toBe("identity.name_missing");
    expect(await as("probity_owner", `select 1 from identity."user"`)).toHaveLength(0);
    await completeSetup(identity, token, details());
  });

  test("IDN-01 killed before the workspace stands: nothing is usable, and the set-up can be done again", async () => {
    const token = await link();
    expect(setUpAndDie(token, "workspace")).toBe("SIGKILL");
    expect(await isSetUp(identity)).toBe(false);
    expect(await as("probity_owner", `select 1 from identity."user"`)).toHaveLength(1);
    await dead();
    const password = "another lantern folds 82";
    const { session } = await completeSetup(identity, token, { ...details(), owner: { ...owner, password } });
    expect((await sessionProfile(identity, session.token))?.workspaces).toHaveLength(1);
    expect(await refusal(signInOwner())).toBe("identity.sign_in_refused");
    expect((await signInOwner(password)).userId).toBe(session.userId);
  });

  test("IDN-01 killed before the session: the set-up is complete, and the owner signs in", async () => {
    const token = await link();
    expect(setUpAndDie(token, "session")).toBe("SIGKILL");
    await dead();
    expect(await isSetUp(identity)).toBe(true);
    expect(await refusal(completeSetup(identity, token, details()))).toBe("identity.setup_done");
    const { token: cookie } = await signInOwner();
    expect((await sessionProfile(identity, cookie))?.workspaces).toMatchObject([{ role: "owner" }]);
  });

  test("IDN-09 from the command line: an owner key, stored hashed, with the owner's permissions for a year", async () => {
    const made = await setupFromCommandLine(identity, {
      email: owner.email,
      password: owner.password,
      workspaceName: "Nordwerk",
      preset: "lab",
    });
    expect(made).toMatchObject({
      slug: "nordwerk",
      apiKey: expect.stringMatching(/^probity_pk_[\w-]{43}[0-9a-f]{8}$/),
    });
    const credential = { kind: "key", token: made.apiKey, source } as const;
    const { tenantId, role } = await kernel.door.work(credential, "kernel.people.change", async (tx) => tx.who);
    expect([tenantId, role]).toEqual([made.workspaceId, "owner"]);
    const [key] = await as<{ row: string; days: number; permissions: string[] }>(
      "probity_door",
      "select k::text as row, permissions, extract(day from expires_at - now())::int as days from kernel.api_key k",
    );
    expect(key?.row).not.toContain(made.apiKey.slice(3));
    expect(key?.days).toBe(364);
    const wanted = await as<{ permission: string }>(
      "probity_door",
      "select permission from kernel.role_permission where role = 'owner'",
    );
    expect(key?.permissions.toSorted()).toEqual(wanted.map(({ permission }) => permission).toSorted());
    expect(
      await refusal(
        setupFromCommandLine(identity, {
          email: "b@example.test",
          password: owner.password,
          workspaceName: "B",
          preset: "lab",
        }),
      ),
    ).toBe("identity.setup_done");
  });

  test("LOG the set-up leaves its leaves in the workspace and a sign-in in the instance's log", async () => {
    const { workspaceId } = await completeSetup(identity, await link(), details());
    const events = await as<{ tenant_id: string; action: string; leaf: Buffer }>(
      "probity_door",
      `select * from (select tenant_id, action, leaf from kernel.ledger_event
         union all select tenant_id, action, leaf from kernel.ledger_inbox) l
       order by convert_from(leaf, 'UTF8')::jsonb ->> 'id'`,
    );
    const inWorkspace = events.filter((each) => each.tenant_id === workspaceId).map((each) => each.action);
    expect(inWorkspace).toEqual(
      expect.arrayContaining(["kernel.workspace.found", "kernel.membership.create", "kernel.session.start"]),
    );
    expect(events.filter((each) => each.tenant_id === instanceTenantId).map((each) => each.action)).toEqual([
      "kernel.session.start",
    ]);
    expect(events.some(({ leaf }) => /ada byron|ada@/i.test(leaf.toString()))).toBe(false);
  });

  test.each([
    ["QA & Partners", "qa-partners"],
    ["Instance", "workspace-instance"],
    ["東京", "workspace"],
    ["A", "workspace-a"],
    ["x".repeat(200), "x".repeat(60)],
  ])("the slug of %s is %s", (name, slug) => expect(slugOf(name)).toBe(slug));
});

/** The founding transaction of a set-up alone, without the lock that set-ups take before it. */
function foundFirst(slug: string): Promise<void> {
  return kernel.door.found(kernel.system(uuidv7()), { slug, name: slug, preset: "lab" }, async (tx) => {
    const row = await tx.first(query.selectNoFrom(sql<boolean>`kernel.only_workspace()`.as("only")));
    if (row?.only !== true) throw new Error("second");
    // Long enough for the others to ask while this one is not committed.
    await setTimeout(200);
  });
}

/** PostgreSQL takes a moment to see that a process is gone, and with it the lock of its set-up. */
async function dead(): Promise<void> {
  await expect
    .poll(
      () =>
        as(
          "probity_owner",
          "select 1 from pg_locks where locktype = 'advisory' and classid = 7071 and objid = 14 and database = (select oid from pg_database where datname = current_database())",
        ),
      { timeout: 120_000 },
    )
    .toEqual([]);
}

/** Completes the set-up in a process of its own that kills itself before the given step is committed. */
function setUpAndDie(token: string, step: "workspace" | "session"): string | null {
  const folder = join(import.meta.dirname, "..");
  const script = `
    import { openPool } from ${JSON.stringify(join(folder, "database/pool.ts"))};
    import { systemToken } from ${JSON.stringify(join(folder, "access/role.ts"))};
    import { Door } from ${JSON.stringify(join(folder, "work/door.ts"))};
    import { BreachedLookup } from ${JSON.stringify(join(folder, "identity/breached-password.ts"))};
    import { completeSetup } from ${JSON.stringify(join(folder, "identity/setup.ts"))};
    import { rootKeyOf } from ${JSON.stringify(join(folder, "vault/root-key.ts"))};
    import { TenantKeyring } from ${JSON.stringify(join(folder, "vault/tenant-key.ts"))};
    const { address, key, token, step, details } = JSON.parse(process.env.PROBE);
    const rootKey = rootKeyOf(Buffer.from(key, "base64"));
    const root = rootKey.key;
    const die = () => process.kill(process.pid, "SIGKILL");
    const identityPool = openPool(address, root, "probity_identity");
    const query = identityPool.query.bind(identityPool);
    identityPool.query = (text, values) => String(text).startsWith("insert into identity.session") ? die() : query(text, values);
    const kernel = {
      rootKey,
      keyring: new TenantKeyring(rootKey),
      door: new Door(openPool(address, root, "probity_app"), { refused: () => undefined }),
      identityPool,
      system: (workspace, source) => ({ kind: "system", token: systemToken(root), workspace, source }),
    };
    const site = { breached: new BreachedLookup(kernel, undefined) };
    const identity = { kernel, site };
    await completeSetup(identity, token, { ...details, furnish: step === "workspace" ? async () => die() : undefined });
  `;
  const ran = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    timeout: 120_000,
    env: {
      ...process.env,
      PROBE: JSON.stringify({
        address: kernel.address,
        key: kernel.rootKey.key.export().toString("base64"),
        token,
        step,
        details: details(),
      }),
    },
  });
  if (ran.signal === null) throw new Error(ran.stderr);
  return ran.signal;
}
