import { hash as bcryptHash } from "@node-rs/bcrypt";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestKernel, type TestKernel } from "../testing/kernel.ts";
import { instanceTenantId } from "../work/credential.ts";
import { Problem } from "../work/problem.ts";
import { openIdentity, type Identity } from "./identity.ts";
import { importPeople } from "./import-people.ts";
import { insertPerson } from "./person.ts";
import { signIn } from "./sign-in.ts";

const password = "copper lantern folds 81";
const other = "brass kettle sings 92 x";
let kernel: TestKernel;
let identity: Identity;
let admin: Client;
let count = 0;
const origin = { file: "ab".repeat(32), account: "operator" };

beforeAll(async () => {
  kernel = await openTestKernel();
  identity = openIdentity(kernel, { url: "http://localhost:3000" });
  admin = new Client(kernel.admin);
  await admin.connect();
  await admin.query("set role probity_owner");
});
afterAll(async () => {
  await admin.end();
  await kernel.close();
});

const source = () => ({ address: `10.8.${count >> 8}.${count++ & 255}`, requestId: "test" });
const newAddress = () => `person${count++}@example.test`;
async function addUser(): Promise<{ email: string }> {
  const email = newAddress();
  await insertPerson(kernel.identityPool, { name: "Ada Byron", email, password });
  return { email };
}
const enter = (email: string, secret = password) =>
  signIn(identity, { email, password: secret, source: source(), userAgent: "test" });
async function code(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
  return "done";
}

describe("imported people", () => {
  test("IDN-01 a bcrypt hash signs in once and is Argon2id from then on; the wrong password changes nothing", async () => {
    const slug = `imports-${count++}`;
    const workspace = await kernel.foundWorkspace(slug);
    const made = await bcryptHash(password, { cost: 10 });
    const people = ["2a", "2b", "2y"].map((kind) => ({
      email: newAddress(),
      name: "Imported Person",
      hash: made.replace(/^\$2[aby]\$/, `$${kind}$`),
      workspace: slug,
      role: "member",
    }));
    const outcomes = await importPeople(kernel, people, origin);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["added", "added", "added"]);
    const stored = async (email: string) =>
      String(
        (
          await admin.query(
            `select a.password from identity.account a join identity."user" u on u.id = a.user_id where u.email = $1`,
            [email],
          )
        ).rows[0].password,
      );
    for (const { email } of people) {
      expect(await code(enter(email, "wrong lantern folds 81"))).toBe("identity.sign_in_refused");
      expect(await stored(email)).toMatch(/^\$2[aby]\$10\$/);
      expect((await enter(email)).profile.workspaces).toMatchObject([{ id: workspace, role: "member" }]);
      expect(await stored(email)).toMatch(/^\$argon2id\$v=19\$m=9216,t=4,p=1\$/);
      expect((await enter(email)).token).toBeTruthy();
    }
  });

  test("IDN-01 an import overwrites nobody, makes no owner, and takes no weak hash", async () => {
    const slug = `imports-${count++}`;
    await kernel.foundWorkspace(slug);
    const known = await addUser();
    const person = {
      email: known.email,
      name: "Another",
      hash: await bcryptHash(other, { cost: 10 }),
      workspace: slug,
      role: "member",
    };
    const outcome = async (more: Partial<typeof person>) =>
      (await importPeople(kernel, [{ ...person, ...more }], origin))[0]?.outcome;
    expect(await outcome({})).toBe("joined");
    expect(await outcome({})).toBe("known");
    expect(await code(enter(known.email, other))).toBe("identity.sign_in_refused");
    expect((await enter(known.email)).profile.name).toBe("Ada Byron");
    const email = newAddress();
    expect(await outcome({ email, role: "owner" })).toBe("refused");
    expect(await outcome({ email, workspace: "nowhere" })).toBe("refused");
    expect(await outcome({ email, hash: await bcryptHash(other, { cost: 8 }) })).toBe("refused");
    expect(await outcome({ email: "x" })).toBe("refused");
    expect((await admin.query(`select 1 from identity."user" where email = $1`, [email])).rowCount).toBe(0);
  });

  test("LED-01 an import is in the log of the instance and of each workspace before anybody is in, with what came of it", async () => {
    const [one, two] = [`imports-${count++}`, `imports-${count++}`];
    const places = { one: await kernel.foundWorkspace(one), two: await kernel.foundWorkspace(two) };
    const person = { name: "Imported Person", role: "member" };
    const known = await addUser();
    const people = [
      { ...person, email: newAddress(), workspace: one },
      { ...person, email: known.email, workspace: one },
      { ...person, email: newAddress(), workspace: two, role: "owner" },
      { ...person, email: newAddress(), workspace: "nowhere" },
    ];
    const marked = { ...origin, file: "cd".repeat(32) };
    await importPeople(kernel, people, marked);
    const left = async (tenantId: string) => {
      await admin.query("reset role");
      const found = await admin.query<{ action: string; leaf: Buffer; openings: Record<string, { value?: string }> }>(
        `select i.action, i.leaf, o.openings from kernel.ledger_inbox i
         left join kernel.ledger_opening o on o.tenant_id = i.tenant_id and o.leaf_id = (convert_from(i.leaf, 'UTF8')::jsonb ->> 'id')::uuid
         where i.tenant_id = $1 and (i.action like 'kernel.people.import%' or i.action like 'kernel.membership.%') order by i.id`,
        [tenantId],
      );
      await admin.query("set role probity_owner");
      return found.rows.filter(
        ({ action, openings }) =>
          action.startsWith("kernel.membership.") || JSON.stringify(openings).includes(marked.file),
      );
    };
    const actions = async (tenantId: string) => (await left(tenantId)).map(({ action }) => action);
    const begun = "kernel.people.import";
    expect(await actions(places.one)).toEqual([
      begun,
      "kernel.membership.create",
      "kernel.membership.create",
      "kernel.people.imported",
    ]);
    expect(await actions(places.two)).toEqual([begun, "kernel.people.imported"]);
    expect((await actions(instanceTenantId)).filter((action) => action.includes(".people."))).toEqual([
      begun,
      "kernel.people.imported",
    ]);
    const said = JSON.stringify((await left(instanceTenantId)).at(-1)?.openings);
    for (const part of ["added", "joined", "known", "refused"]) expect(said).toContain(`"${part}"`);
    const ends = (await left(places.two)).at(-1)?.leaf.toString("utf8") ?? "";
    expect(JSON.parse(ends)).toMatchObject({ outcome: "failed" });
  });
});
