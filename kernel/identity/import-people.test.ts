import { hash as bcryptHash } from "@node-rs/bcrypt";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestKernel, type TestKernel } from "../testing/kernel.ts";
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
    const outcomes = await importPeople(kernel, people);
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
      expect(await stored(email)).toMatch(/^\$argon2id\$v=19\$m=12288,t=3,p=1\$/);
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
      (await importPeople(kernel, [{ ...person, ...more }]))[0]?.outcome;
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
});
