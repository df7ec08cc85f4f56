import { join } from "node:path";
import { Client } from "pg";
import { expect, test } from "vitest";
import { createTestDatabase, testRootKey } from "../testing/database.ts";
import { migrate } from "./migrate.ts";

test("OPS-03 an installation of either text that 0081 was released with starts, and of no other", async () => {
  const { admin, drop } = await createTestDatabase();
  const client = new Client(admin);
  await client.connect();
  try {
    const again = async (sha256: string) => {
      await client.query("update migration.applied set sha256 = $1 where file = '0081-lean-pass.sql'", [sha256]);
      return migrate(admin, testRootKey.key, [{ scope: "kernel", folder: join(import.meta.dirname, "../sql") }]);
    };
    expect(await again("277e714b1173d3d8206ef171f6ccec90630319cd3253d13dec1159c623641960")).toEqual([]);
    expect(await again("4ee9677ab8b2bd9c6d01493320b08e66296558084e4c2b635426d003c5167ad4")).toEqual([]);
    await expect(again("0".repeat(64))).rejects.toThrow("was changed after it ran here");
  } finally {
    await client.end();
    await drop();
  }
});
