import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openIdentity, type Identity } from "../identity/identity.ts";
import { invite } from "../identity/invitation.ts";
import { admit } from "../identity/membership.ts";
import { listMembers } from "../identity/people.ts";
import { openTestKernel, type TestKernel, type TestPerson } from "../testing/kernel.ts";
import { placeLeaves } from "../testing/record-suite.ts";
import { unsafeAcrossTenants } from "../work/across.ts";
import { instanceTenantId } from "../work/credential.ts";
import type { Tx } from "../work/door.ts";
import { Problem } from "../work/problem.ts";
import { query } from "../work/query.ts";
import { acceptOperatorGrant, endOperatorGrant, grantOperator, listOperatorGrants } from "./operator.ts";
import { declaredGrants, systemPermissions } from "./role.ts";

let kernel: TestKernel;
let identity: Identity;
let acme: string;
let owner: TestPerson;
let admin: TestPerson;
let operator: TestPerson;
let email: string;
const grant = "kernel.operator.grant";
const by = <T>(person: TestPerson, permission: string, run: (tx: Tx) => Promise<T>) =>
  kernel.door.work(person.session, permission, run);
const offer = (hours = 2) => by(owner, grant, (tx) => grantOperator(tx, { email, hours, reason: "Index repair" }));
const accept = (token: string) =>
  acceptOperatorGrant(identity, token, { token: operator.session.token, source: operator.session.source });
/** The operator's session, in the tenant's workspace. */
const inside = <T>(permission: string, run: (tx: Tx) => Promise<T>) =>
  kernel.door.work({ ...operator.session, workspace: acme }, permission, run);
const assure = (level: number) =>
  kernel.identityPool.query("update identity.session set assurance = $1 where user_id = $2", [level, operator.userId]);

beforeAll(async () => {
  kernel = await openTestKernel({ grants: declaredGrants([]) });
  identity = openIdentity(kernel, { url: "http://localhost" });
});
beforeEach(async () => {
  acme = await kernel.foundWorkspace(`acme-${uuidv7()}`);
  owner = await kernel.addPerson(acme, "owner");
  admin = await kernel.addPerson(acme, "admin");
  // Whoever runs the instance: an owner elsewhere, nobody here.
  operator = await kernel.addPerson(await kernel.foundWorkspace(`operations-${uuidv7()}`), "owner");
  const found = await kernel.identityPool.query<{ email: string }>(`select email from identity."user" where id = $1`, [
    operator.userId,
  ]);
  email = found.rows[0]?.email ?? "";
});
afterAll(() => kernel.close());

test("IDN-11 without a grant an operator is nobody in a tenant; with one and a second factor they look and change nothing", async () => {
  await assure(2);
  await expect(inside("kernel.people.read", listMembers)).rejects.toMatchObject({ status: 404 });
  const { token } = await offer();
  await expect(inside("kernel.people.read", listMembers)).rejects.toMatchObject({ status: 404 });
  await accept(token);
  await assure(1);
  await expect(inside("kernel.people.read", listMembers)).rejects.toMatchObject({
    code: "kernel.second_factor_required",
  });
  await assure(2);
  const people = await inside("kernel.people.read", listMembers);
  expect(people.find((person) => person.role === "operator")?.email).toBe(email);
  for (const permission of [
    "kernel.people.change",
    "kernel.policy.change",
    "kernel.key.change",
    grant,
    "kernel.ledger.export",
  ])
    await expect(inside(permission, async () => undefined)).rejects.toMatchObject({
      code: "kernel.permission_missing",
    });
  // Taken up once, and by nobody else.
  await expect(accept(token)).rejects.toMatchObject({ code: "access.operator_grant_ended" });
});

test("IDN-11 the grant is the owner's alone to give, everybody's to see, and ends by itself or at a word", async () => {
  await expect(by(admin, grant, async () => undefined)).rejects.toMatchObject({ code: "kernel.permission_missing" });
  await expect(offer(25)).rejects.toMatchObject({ code: "access.operator_too_long" });
  const { id, token } = await offer();
  await accept(token);
  await assure(2);
  await inside("kernel.home.read", async () => undefined);
  expect((await by(admin, "kernel.people.read", listOperatorGrants))[0]).toMatchObject({
    email,
    reason: "Index repair",
    state: "active",
  });
  await by(owner, "kernel.people.change", (tx) => endOperatorGrant(tx, id));
  expect((await by(admin, "kernel.people.read", listOperatorGrants))[0]?.state).toBe("ended");
  await expect(inside("kernel.home.read", async () => undefined)).rejects.toMatchObject({ status: 401 });
});

test("IDN-11 when its time is over a grant opens nothing, whatever was remembered of the operator", async () => {
  const { id, token } = await offer();
  await by(owner, grant, async (tx) => {
    await tx.record({ action: "test.shorten", record: "kernel.operator_grant", rowId: id, version: 2 });
    const soon = new Date(Date.now() + 4_000);
    await tx.all(query.updateTable("kernel.operator_grant").set({ expires_at: soon }).where("id", "=", id));
  });
  await accept(token);
  await assure(2);
  await inside("kernel.home.read", async () => undefined);
  const deadline = Date.now() + 30_000;
  let status = 0;
  while (status !== 404 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    status = await inside("kernel.home.read", async () => 200).catch((error: unknown) =>
      error instanceof Problem ? error.status : 500,
    );
  }
  expect(status).toBe(404);
});

test("IDN-11 whose grant has ended is invited like anybody, and belongs here without an end", async () => {
  const { id, token } = await offer();
  await accept(token);
  const { userId } = operator;
  const join = () =>
    kernel.door.work(kernel.system(acme), "kernel.membership.accept", (tx) =>
      admit(tx, { userId, name: "Operator", email, role: "member" }),
    );
  await expect(join()).rejects.toMatchObject({ code: "identity.already_member" });
  await by(owner, "kernel.people.change", (tx) => endOperatorGrant(tx, id));
  await by(admin, "kernel.people.change", (tx) => invite(tx, { email, role: "member" }));
  const member = await join();
  const [row] = await by(admin, "kernel.people.read", (tx) =>
    tx.all(query.selectFrom("kernel.membership").select(["role", "until", "status"]).where("id", "=", member)),
  );
  expect(row).toEqual({ role: "member", until: null, status: "active" });
});

test("IDN-11 each step leaves its leaf in the tenant's own log", async () => {
  const { id, token } = await offer();
  await accept(token);
  await by(owner, "kernel.people.change", (tx) => endOperatorGrant(tx, id));
  const versions = await by(owner, "kernel.people.read", (tx) =>
    tx.all(query.selectFrom("kernel.version_history").select("version").where("row_id", "=", id).orderBy("version")),
  );
  expect(versions.map(({ version }) => version)).toEqual([1, 2, 3]);
});

test("IDN-11 the instance's own paths give no way in: its credential may read nothing of a tenant's pages, and reading across tenants is in the ledger first", async () => {
  // A directory changes people under this one (IDN-03), by its own token; nothing else of a page is the server's.
  const pages = Object.keys(declaredGrants([])).filter((permission) => permission !== "kernel.people.change");
  for (const permission of pages) {
    expect([permission, systemPermissions.some((each) => each === permission)]).toEqual([permission, false]);
    await expect(kernel.door.work(kernel.system(acme), permission, async () => undefined)).rejects.toMatchObject({
      status: 403,
    });
  }
  await unsafeAcrossTenants(kernel, "a test of reading across tenants", (reader) =>
    reader.all(query.selectFrom("kernel.membership").select("id").limit(1)),
  );
  await placeLeaves({ kernel });
  const leaves = await kernel.door.work(kernel.system(instanceTenantId), "kernel.across.read", (tx) =>
    tx.all(query.selectFrom("kernel.ledger_event").select("seq").where("action", "=", "kernel.across.read")),
  );
  expect(leaves.length).toBeGreaterThan(0);
});
