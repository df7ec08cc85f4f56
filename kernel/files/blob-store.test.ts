import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LocalBlobStore } from "./blob-store.ts";

let folder: string;
let store: LocalBlobStore;
const tenant = randomUUID();
const name = () => randomBytes(32).toString("hex");
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "probity-blobs-"));
  store = new LocalBlobStore(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function* pieces(...given: readonly (Buffer | Error)[]) {
  for (const piece of given) {
    if (piece instanceof Error) throw piece;
    yield piece;
  }
}
async function read(contentId: string, of = tenant): Promise<string> {
  const found: Uint8Array[] = [];
  for await (const piece of store.read(of, contentId)) found.push(piece);
  return Buffer.concat(found).toString();
}
const soon = () => new Date(Date.now() + 60_000);

test("FIL-01 a blob is there when it is whole, and one that breaks off leaves nothing", async () => {
  const [whole, broken] = [name(), name()];
  await store.write(tenant, whole, pieces(Buffer.from("one "), Buffer.from("two")));
  expect(await read(whole)).toBe("one two");
  await expect(store.write(tenant, broken, pieces(Buffer.from("half"), new Error("cut off")))).rejects.toThrow(
    "cut off",
  );
  await expect(read(broken)).rejects.toThrow(/ENOENT/);
  const files = await readdir(folder, { recursive: true });
  expect(files.filter((each) => each.endsWith(".part"))).toEqual([]);
});

test("what is there already is left as it is, and is young again", async () => {
  const id = name();
  await store.write(tenant, id, pieces(Buffer.from("first")));
  await new Promise((resolve) => setTimeout(resolve, 30));
  const between = new Date();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect((await store.list(between)).map((each) => each.contentId)).toContain(id);
  await store.write(tenant, id, pieces(Buffer.from("second")));
  expect(await read(id)).toBe("first");
  expect((await store.list(between)).map((each) => each.contentId)).not.toContain(id);
});

test("racing writers of one blob leave one whole blob", async () => {
  const id = name();
  await Promise.all(Array.from({ length: 6 }, () => store.write(tenant, id, pieces(Buffer.alloc(100_000, "x")))));
  expect(await read(id)).toHaveLength(100_000);
});

test("TEN-02 each tenant has a folder of its own; a name that leaves it is no name", async () => {
  const [other, id] = [randomUUID(), name()];
  await store.write(tenant, id, pieces(Buffer.from("mine")));
  await expect(read(id, other)).rejects.toThrow(/ENOENT/);
  for (const [of, wrong] of [
    ["..", id],
    [`${tenant.slice(0, 33)}/..`, id],
    [tenant, "../../etc/passwd"],
    [tenant, id.toUpperCase()],
    [tenant, `${id}.part`],
  ] as const) {
    await expect(store.write(of, wrong, pieces(Buffer.from("x")))).rejects.toThrow("Not a blob's name");
    expect(() => store.read(of, wrong)).toThrow("Not a blob's name");
    await expect(store.remove(of, wrong)).rejects.toThrow("Not a blob's name");
  }
  expect(await store.list(soon())).toContainEqual({ tenantId: tenant, contentId: id });
  await store.remove(tenant, id);
  await store.remove(tenant, id);
  expect((await store.list(soon())).map((each) => each.contentId)).not.toContain(id);
});

test("a store whose folder is not there yet holds nothing", async () => {
  expect(await new LocalBlobStore(join(folder, "not-yet")).list(soon())).toEqual([]);
});
