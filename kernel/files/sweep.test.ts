import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestKernel, type TestKernel, type TestPerson } from "../testing/kernel.ts";
import { placeLeaves } from "../testing/record-suite.ts";
import { query } from "../work/query.ts";
import { unsafeAcrossTenants } from "../work/across.ts";
import { sweepBlobs } from "./sweep.ts";

let kernel: TestKernel;
let person: TestPerson;
const upload = "test.file.upload";

beforeAll(async () => {
  kernel = await openTestKernel({ grants: { [upload]: ["member"] } });
  person = await kernel.addPerson(await kernel.foundWorkspace("acme"), "member");
});
afterAll(() => kernel.close());

async function storeBytes(named: boolean) {
  const { tenantId, keys } = await kernel.door.work(person.session, upload, async (tx) => ({
    tenantId: tx.who.tenantId,
    keys: await kernel.files.keysOf(tx),
  }));
  const stored = await kernel.files.store(tenantId, keys, randomBytes(2000), "txt");
  if (named) await kernel.door.work(person.session, upload, (tx) => kernel.files.name(tx, stored));
  return stored;
}

test("FIL-01 nothing half-stored: bytes that no row names are removed, named ones and young ones stay", async () => {
  const [named, orphan] = [await storeBytes(true), await storeBytes(false)];
  expect(await sweepBlobs(kernel, kernel.blobs)).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await sweepBlobs(kernel, kernel.blobs, 0)).toBe(1);
  const left = await kernel.blobs.list(new Date(Date.now() + 1000));
  expect(left.map((each) => each.contentId)).toEqual([named.contentId]);
  expect(left.map((each) => each.contentId)).not.toContain(orphan.contentId);
});

test("TEN-01 reading across tenants can't write, and its reason is in the ledger first", async () => {
  const rename = query.updateTable("kernel.membership").set({ name: "Mallory" }).returning("id");
  await expect(unsafeAcrossTenants(kernel, "Try to write", (reader) => reader.all(rename))).rejects.toThrow(
    /permission denied|read-only/,
  );
  await expect(
    unsafeAcrossTenants(kernel, "Look at all", (reader) =>
      reader.all(query.selectFrom("kernel.membership").select("id")),
    ),
  ).resolves.not.toEqual([]);
  await placeLeaves({ kernel });
  const leaves = await kernel.door.work(
    kernel.system("00000000-0000-0000-0000-000000000000"),
    "kernel.across.read",
    (tx) => tx.all(query.selectFrom("kernel.ledger_event").select("action").where("action", "=", "kernel.across.read")),
  );
  expect(leaves.length).toBeGreaterThanOrEqual(3);
});
