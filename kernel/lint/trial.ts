import { Client, type ClientConfig } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { acquireTestCluster } from "../database/test-cluster.ts";
import { createTestDatabase } from "../testing/database.ts";
import { judgeInTransaction, type RecordShape } from "./judge.ts";
import type { Rule } from "./rule.ts";

/** One wrong thing: made, found, put right, gone. Both run in one transaction that is rolled back. */
export interface Trial {
  readonly name: string;
  readonly wrong: string;
  readonly right: string;
  /** [object, detail] of every finding of the rule while the wrong thing is there. */
  readonly finds: readonly (readonly [string, string])[];
  /** Who does it; the owner of the tables unless said otherwise. */
  readonly role?: "probity_owner" | "probity_door" | "superuser";
  /** Other rules that see the same wrong thing from their own side. */
  readonly alsoFires?: readonly string[];
  readonly shapes?: readonly RecordShape[];
}

/**
 * Proves that a rule fires, fires alone, and stops. Each trial finds a governed table trial.sample (one column `code`)
 * and the schema trial to make more in.
 */
export function tryRule(rule: Rule, trials: readonly Trial[]): void {
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let client: Client;
  beforeAll(async () => {
    database = await createTestDatabase();
    const owner = new Client(database.admin);
    await owner.connect();
    await owner.query(`
      create schema trial authorization probity_owner;
      set role probity_owner;
      grant usage on schema trial to probity_app, probity_across, probity_door;
      create table trial.sample (tenant_id uuid not null default kernel.tenant(), id uuid not null, code text not null, primary key (tenant_id, id));
      select kernel.govern('trial.sample');
    `);
    await owner.end();
    const { adminConfig } = await acquireTestCluster();
    client = new Client({ ...adminConfig, database: database.admin.database });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  describe(`TEN-04 ${rule.id}`, () => {
    test.each(trials)("$name", async ({ wrong, right, finds, role, alsoFires, shapes }) => {
      const act = async (statements: string) => {
        await client.query(role === "superuser" ? "reset role" : `set local role ${role ?? "probity_owner"}`);
        await client.query(statements);
        await client.query("reset role");
      };
      const found = async () =>
        (await judgeInTransaction(client, shapes)).map((each) => [each.rule.id, each.object, each.detail]);
      await client.query("begin; set local search_path = pg_catalog, pg_temp");
      try {
        await act(wrong);
        const all = await found();
        expect(all.filter(([id]) => id === rule.id)).toEqual(finds.map((each) => [rule.id, ...each]));
        expect([...new Set(all.map(([id]) => id))].filter((id) => id !== rule.id)).toEqual(alsoFires ?? []);
        await act(right);
        expect(await found()).toEqual([]);
      } finally {
        await client.query("rollback");
      }
    });
  });
}

/** Does something to a test database as the owner of its tables. */
export async function executeAsOwner(admin: ClientConfig, statements: string): Promise<void> {
  const client = new Client(admin);
  await client.connect();
  try {
    await client.query("set role probity_owner");
    await client.query(statements);
  } finally {
    await client.end();
  }
}
