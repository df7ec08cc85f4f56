import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestKernel, type TestKernel, type TestPerson } from "../testing/kernel.ts";
import { query } from "../work/query.ts";
import { rootKeyOf } from "./root-key.ts";
import { TenantKeyring } from "./tenant-key.ts";

let kernel: TestKernel;
const person: Record<string, TestPerson> = {};
const keysOf = (keyring: TenantKeyring, slug: string) => {
  const who = person[slug];
  if (who === undefined) throw new Error(`nobody in ${slug}`);
  return kernel.door.work(who.session, "kernel.home.read", (tx) => keyring.of(tx));
};

beforeAll(async () => {
  kernel = await openTestKernel();
  for (const slug of ["acme", "rival"])
    person[slug] = await kernel.addPerson(await kernel.foundWorkspace(slug), "owner");
});
afterAll(() => kernel?.close());

test("ENC-02 each tenant has keys of its own, one for content and one for finding it", async () => {
  const [acme, rival] = [await keysOf(kernel.keyring, "acme"), await keysOf(kernel.keyring, "rival")];
  const all = [acme.data, acme.index, rival.data, rival.index].map((key) => key.export().toString("hex"));
  expect(new Set(all).size).toBe(4);
});

test("ENC-02 keys lie wrapped: neither their bytes nor any part of them are in the database", async () => {
  const keys = await keysOf(kernel.keyring, "acme");
  const rows = await kernel.door.work(person["acme"]?.session ?? fail(), "kernel.home.read", (tx) =>
    tx.all(query.selectFrom("kernel.tenant_key").select(["wrapped", "root_key_id"])),
  );
  expect(rows).toHaveLength(2);
  for (const { wrapped, root_key_id } of rows) {
    expect(root_key_id).toBe(kernel.rootKey.id);
    for (const key of [keys.data, keys.index]) expect(wrapped.includes(key.export())).toBe(false);
  }
});

test("ENC-02 a wrapped key opens under its own root key alone", async () => {
  const right = await keysOf(new TenantKeyring(kernel.rootKey), "acme");
  expect(right.data.equals((await keysOf(kernel.keyring, "acme")).data)).toBe(true);
  await expect(keysOf(new TenantKeyring(rootKeyOf(randomBytes(32))), "acme")).rejects.toThrow(/which is not here/);
  const forged = { id: kernel.rootKey.id, key: rootKeyOf(randomBytes(32)).key };
  await expect(keysOf(new TenantKeyring(forged), "acme")).rejects.toThrow();
});

function fail(): never {
  throw new Error("nobody there");
}
