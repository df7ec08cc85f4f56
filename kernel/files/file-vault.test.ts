import { randomBytes } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sweepBlobs } from "./sweep.ts";
import { openTestKernel, type TestKernel, type TestPerson } from "../testing/kernel.ts";

let kernel: TestKernel;
let alice: TestPerson;
let bob: TestPerson;
const may = "test.file.upload";
beforeAll(async () => {
  kernel = await openTestKernel({ grants: { [may]: ["member"] } });
  alice = await kernel.addPerson(await kernel.foundWorkspace("acme"), "member");
  bob = await kernel.addPerson(await kernel.foundWorkspace("rival"), "member");
});
afterAll(() => kernel.close());

const keysOf = (person: TestPerson) => kernel.door.work(person.session, may, (tx) => kernel.files.keysOf(tx));
async function keep(person: TestPerson, bytes: Buffer) {
  const keys = await keysOf(person);
  const stored = await kernel.files.store(person.session.workspace ?? "", keys, bytes, "txt");
  const id = await kernel.door.work(person.session, may, (tx) => kernel.files.name(tx, stored));
  const blob = await kernel.door.work(person.session, may, (tx) => kernel.files.find(tx, id));
  return { keys, stored, id, blob };
}

test("ENC-01 bytes come back as they were, and the store holds none of them in the clear", async () => {
  const bytes = Buffer.concat([Buffer.from("kept in confidence ".repeat(5_000)), randomBytes(70_000)]);
  const { keys, stored, blob } = await keep(alice, bytes);
  expect((await kernel.files.readAll(blob, keys)).equals(bytes)).toBe(true);
  let sealed = Buffer.alloc(0);
  for await (const piece of kernel.blobs.read(stored.tenantId, stored.contentId))
    sealed = Buffer.concat([sealed, piece]);
  expect(sealed.length).toBeGreaterThan(bytes.length);
  expect(sealed.includes("kept in confidence")).toBe(false);
});

test("ENC-01 equal bytes are one blob in a tenant and another one in the next, which can't open the first", async () => {
  const bytes = Buffer.from("a known procedure");
  const [mine, again, theirs] = [await keep(alice, bytes), await keep(alice, bytes), await keep(bob, bytes)];
  expect([again.id, again.stored.contentId]).toEqual([mine.id, mine.stored.contentId]);
  expect(theirs.stored.contentId).not.toBe(mine.stored.contentId);
  await expect(kernel.door.work(bob.session, may, (tx) => kernel.files.find(tx, mine.id))).rejects.toMatchObject({
    status: 404,
  });
  // Even with the other's blob in hand, the keys are not the ones it was sealed under.
  await expect(kernel.files.readAll(mine.blob, theirs.keys)).rejects.toThrow();
  const moved = { ...mine.blob, tenantId: theirs.blob.tenantId, contentId: theirs.blob.contentId };
  await expect(kernel.files.readAll(moved, mine.keys)).rejects.toThrow();
});

test("ENC-01 a byte changed in the store releases nothing from there on", async () => {
  const { keys, stored, blob } = await keep(alice, randomBytes(200_000));
  const root = await folderOf(stored.contentId);
  const sealed = await readFile(root);
  sealed[sealed.length - 100] = (sealed.at(-100) ?? 0) ^ 1;
  await writeFile(root, sealed);
  await expect(kernel.files.readAll(blob, keys)).rejects.toThrow(/seal is broken/);
});

test("FIL-01 a name that no row uses is taken away, and the sweep removes its bytes", async () => {
  const { id, stored } = await keep(alice, randomBytes(500));
  await kernel.door.work(alice.session, may, (tx) => kernel.files.unnameUnused(tx, id));
  await expect(kernel.door.work(alice.session, may, (tx) => kernel.files.find(tx, id))).rejects.toMatchObject({
    status: 404,
  });
  await sweepBlobs(kernel, kernel.blobs, -1_000);
  const left = await kernel.blobs.list(new Date(Date.now() + 1_000));
  expect(left.map((each) => each.contentId)).not.toContain(stored.contentId);
});

/** Where the store keeps a blob. */
async function folderOf(contentId: string): Promise<string> {
  const entries = await readdir(kernel.filesFolder, { recursive: true, withFileTypes: true });
  const found = entries.find((entry) => entry.name === contentId);
  if (found === undefined) throw new Error("The blob is not in its folder");
  return join(found.parentPath, found.name);
}
