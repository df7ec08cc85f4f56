import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql, type RawBuilder } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RecordDeclaration } from "../record/define-record.ts";
import type { Row } from "../work/batch.ts";
import { openPool } from "../database/pool.ts";
import { giveReason } from "../signing/lock.ts";
import { query } from "../work/query.ts";
import { testRootKey } from "./database.ts";
import type { TestPerson } from "./kernel.ts";
import { asDoor } from "./record-suite.ts";
import type { TestServer } from "./server.ts";

export type IsolationSuite = {
  readonly openServer: () => Promise<TestServer>;
  /** Makes at least one row of every record for this owner, through the product's own ways. */
  readonly seed: (server: TestServer, owner: TestPerson) => Promise<void>;
  /** What the attacker's writing statements are entered for: one that may write each of the tables. */
  readonly writes: string;
};

type ForeignKey = { column: string; parent: string };

/**
 * TEN-01 in SQL, for records with and without routes: bound to tenant B through the real door, no statement reads, changes
 * or writes a row of tenant A, and no row of B can point at one. Each attempt is first shown to work on one's own row.
 */
export function testIsolation(records: readonly RecordDeclaration[], suite: IsolationSuite): void {
  describe("TEN-01 a statement that forgot its tenant", () => {
    let server: TestServer;
    let victim: { tenant: string; person: TestPerson };
    let attacker: { tenant: string; person: TestPerson };

    beforeAll(async () => {
      server = await suite.openServer();
      const found = async (slug: string) => {
        const tenant = await server.kernel.foundWorkspace(slug);
        const person = await server.member(tenant, "owner");
        await suite.seed(server, person);
        return { tenant, person };
      };
      victim = await found("victim");
      attacker = await found("attacker");
    });
    afterAll(() => server?.close());

    /** Runs one statement bound to the attacker, after the leaf that the guard would ask for. */
    const attempt = (
      record: RecordDeclaration,
      statement: RawBuilder<Row>,
      leaf?: { rowId: string; version: number },
    ): Promise<Row[]> =>
      server.kernel.door.work(attacker.person.session, leaf ? suite.writes : record.may.read, async (tx) => {
        if (leaf) await tx.record({ action: `${record.name}.test`, record: record.name, ...leaf });
        if (leaf && leaf.version > 1 && record.reasonRequired === true)
          await giveReason(tx, { record: record.name, ...leaf }, { code: null, text: "Test" });
        return tx.all({ compile: () => statement.compile(query) });
      });
    /** The SQLSTATE of the refusal, or how many rows an attempt touched. */
    const outcome = (attempted: Promise<Row[]>): Promise<unknown> =>
      attempted.then(
        (rows) => rows.length,
        (error: unknown) => (error instanceof Error && "code" in error ? error.code : error),
      );
    const rowOf = async (record: RecordDeclaration, tenant: string): Promise<Row> => {
      const [row] = await across(
        server,
        // Always the same one, and one that a statement may still touch where the seed has any.
        `select to_jsonb(t) as row from ${record.name} t where tenant_id = $1 order by locked_at is not null, id limit 1`,
        [tenant],
      );
      const found = row?.["row"];
      if (typeof found !== "object" || found === null) throw new Error(`The seed made no ${record.name}`);
      return { ...found };
    };
    const table = (record: RecordDeclaration) => sql.table(record.name);

    describe.each(records.map((record) => [record.name, record] as const))("%s", (_, record) => {
      test("reads nothing", async () => {
        const [theirs, own] = [await rowOf(record, victim.tenant), await rowOf(record, attacker.tenant)];
        const byId = (id: unknown) => attempt(record, sql`select id from ${table(record)} where id = ${id}`);
        expect(await byId(own["id"])).toHaveLength(1);
        expect(await byId(theirs["id"])).toHaveLength(0);
        const tenants = await attempt(record, sql`select distinct tenant_id from ${table(record)}`);
        expect(tenants).toEqual([{ tenant_id: attacker.tenant }]);
        const versions = await attempt(record, sql`select distinct tenant_id from kernel.version_history`);
        expect(versions).toEqual([{ tenant_id: attacker.tenant }]);
        if (record.list?.view) {
          const seen = await attempt(record, sql`select distinct tenant_id from ${sql.table(record.list.view.name)}`);
          expect(seen).toEqual([{ tenant_id: attacker.tenant }]);
        }
      });

      test("changes nothing", async () => {
        const [theirs, own] = [await rowOf(record, victim.tenant), await rowOf(record, attacker.tenant)];
        const change = (row: Row) =>
          outcome(
            attempt(record, sql`update ${table(record)} set retain_until = now() where id = ${row["id"]} returning *`, {
              rowId: String(row["id"]),
              version: Number(row["version"]) + 1,
            }),
          );
        expect(await change(own)).toBe(1);
        // The leaf of a change that touched no row is refused at commit.
        expect(await change(theirs)).toBe("PB005");
        expect(await rowOf(record, victim.tenant)).toEqual(theirs);
        const move = sql<Row>`update ${table(record)} set tenant_id = ${victim.tenant} where id = ${own["id"]} returning *`;
        expect(
          await outcome(attempt(record, move, { rowId: String(own["id"]), version: Number(own["version"]) + 2 })),
        ).toBe("PB409");
        expect(await outcome(attempt(record, sql`delete from ${table(record)} returning *`))).toBe("42501");
      });

      test("writes nothing under another tenant's name, by insert or upsert", async () => {
        const [theirs, own] = [await rowOf(record, victim.tenant), await rowOf(record, attacker.tenant)];
        const write = (row: Row, tail: RawBuilder<unknown>) =>
          outcome(
            attempt(
              record,
              sql`insert into ${table(record)} select * from jsonb_populate_record(null::${table(record)}, ${JSON.stringify(row)}) ${tail} returning id`,
              { rowId: String(row["id"]), version: 1 },
            ),
          );
        const upsert = sql`on conflict (tenant_id, id) do update set retain_until = now()`;
        const planted = { ...theirs, id: uuidv7() };
        expect(await write(planted, sql``)).toBe("42501");
        expect(await write(theirs, upsert)).toBe("42501");
        expect(await write({ ...own, tenant_id: victim.tenant }, upsert)).toBe("42501");
        expect(await rowOf(record, victim.tenant)).toEqual(theirs);
        const rows = await across(server, `select 1 from ${record.name} where id = $1`, [planted.id]);
        expect(rows).toHaveLength(0);
      });

      test("points at nothing of another tenant", async () => {
        const keys = await foreignKeys(server, record);
        for (const { column, parent } of keys) {
          const own = await rowOf(record, attacker.tenant);
          const [target] = await asOwner(server, parent, victim.tenant);
          if (target === undefined) throw new Error(`The seed made no ${parent}, which ${record.name} points at`);
          const point = sql<Row>`update ${table(record)} set ${sql.ref(column)} = ${target} where id = ${own["id"]} returning id`;
          const leaf = { rowId: String(own["id"]), version: Number(own["version"]) + 1 };
          expect([column, await outcome(attempt(record, point, leaf))]).toEqual([column, "23503"]);
        }
      });
    });
  });
}

/** References to governed tables: (tenant_id, column) → (tenant_id, id). */
async function foreignKeys(server: TestServer, record: RecordDeclaration): Promise<ForeignKey[]> {
  const rows = await asDoor(
    server,
    `select a.attname as column, c.confrelid::regclass::text as parent, cardinality(c.conkey) as width
     from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any (c.conkey) and a.attname <> 'tenant_id'
     where c.contype = 'f' and c.conrelid = $1::regclass`,
    [record.name],
  );
  return rows.map((row) => ({ column: String(row["column"]), parent: String(row["parent"]) }));
}

async function asOwner(server: TestServer, relation: string, tenant: string): Promise<string[]> {
  return (await across(server, `select id from ${relation} where tenant_id = $1 limit 1`, [tenant])).map((row) =>
    String(row["id"]),
  );
}

/** Reads past the tenants' walls with the role made for that, so that a test sees what is really stored. */
async function across(server: TestServer, text: string, values: unknown[]): Promise<Row[]> {
  const pool = openPool(server.kernel.address, testRootKey.key, "probity_across", { max: 1 });
  try {
    return (await pool.query<Row>(text, values)).rows;
  } finally {
    await pool.end();
  }
}
