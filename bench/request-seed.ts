import { createHash, randomBytes, randomUUIDv7 as uuidv7 } from "node:crypto";
import { Client, type ClientConfig } from "pg";

export type Seeded = { readonly tenant: string; readonly token: string; readonly ids: readonly string[] };

/**
 * Fills both sides with the same rows, past triggers and policies because a million of them would take an hour through the
 * door: tenants, one person with a session in each, their notes with one version in the history; and a bare copy.
 */
export async function seed(superuser: ClientConfig, tenants: number, rowsEach: number): Promise<Seeded[]> {
  const client = new Client(superuser);
  await client.connect();
  try {
    await client.query("set session_replication_role = replica");
    await client.query("create schema bare");
    const made: Seeded[] = [];
    for (let index = 0; index < tenants; index += 1) made.push(await seedTenant(client, index, rowsEach));
    await client.query(`
      insert into kernel.version_history (tenant_id, row_id, version, record, at, actor_id, body)
      select tenant_id, id, version, 'bench.note', updated_at, updated_by, to_jsonb(n) from bench.note n;
      create table bare.note as select tenant_id, id, name, description, amount, version, created_at, created_by, updated_at, updated_by, locked_at from bench.note;
      alter table bare.note add primary key (tenant_id, id), alter version set default 1, alter created_at set default now(),
        alter updated_at set default now();
      create table bare.version (like kernel.version_history including all);
      create table bare.leaf (like kernel.ledger_inbox including all);
      create table bare.opening (like kernel.ledger_opening including all);
    `);
    await client.query("vacuum (analyze)");
    await client.query("checkpoint");
    return made;
  } finally {
    await client.end();
  }
}

async function seedTenant(client: Client, index: number, rows: number): Promise<Seeded> {
  const [tenant, user, member] = [uuidv7(), uuidv7(), uuidv7()];
  const token = randomBytes(32).toString("base64url");
  await client.query("insert into kernel.workspace (id, slug, name, preset) values ($1, $2, $2, 'regulatory-docs')", [
    tenant,
    `bench-${index}`,
  ]);
  await client.query(`insert into identity."user" (id, name, email) values ($1, 'Bench', $2)`, [
    user,
    `b${index}@example.test`,
  ]);
  await client.query(
    "insert into identity.session (id, user_id, token, expires_at) values ($1, $2, $3, now() + interval '1 day')",
    [uuidv7(), user, createHash("sha256").update(token).digest("hex")],
  );
  await client.query(
    `insert into kernel.membership (tenant_id, id, user_id, name, email, role, status, created_by, updated_by)
     values ($1, $2, $3, 'Bench', $4, 'owner', 'active', $2, $2)`,
    [tenant, member, user, `b${index}@example.test`],
  );
  const made = await client.query<{ id: string }>(
    `insert into bench.note (tenant_id, id, name, description, amount, created_by, updated_by)
     select $1, uuidv7(), 'Note ' || n, 'What is kept of procedure ' || n || ', its owner and its place', n, $2, $2
     from generate_series(1, $3) n returning id`,
    [tenant, member, rows],
  );
  return { tenant, token, ids: made.rows.map((row) => row.id) };
}
