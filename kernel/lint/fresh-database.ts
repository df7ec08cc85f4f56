import { Client } from "pg";
import type { MigrationFolder } from "../database/migrate.ts";
import { declaredRecords } from "../record/define-record.ts";
import { createTestDatabase } from "../testing/database.ts";
import { judge, type Finding } from "./judge.ts";
import { shapesOf } from "./shape.ts";

/**
 * Judges a fresh database that has run the kernel's and the given apps' migrations, against every record declared so
 * far: import the declarations first.
 */
export async function judgeFreshDatabase(apps: readonly MigrationFolder[]): Promise<Finding[]> {
  const database = await createTestDatabase(apps);
  try {
    const client = new Client(database.admin);
    await client.connect();
    try {
      return await judge(client, shapesOf(declaredRecords()));
    } finally {
      await client.end();
    }
  } finally {
    await database.drop();
  }
}
