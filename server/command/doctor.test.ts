import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectionString } from "@probity/kernel";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase } from "../../kernel/testing/database.ts";
import { executeAsOwner } from "../../kernel/lint/trial.ts";
import { openCommand, type Command } from "../testing/command.ts";

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let home: string;
let command: Command;
beforeAll(async () => {
  const folder = join(import.meta.dirname, "../../apps/regulatory-docs/sql");
  database = await createTestDatabase([{ scope: "regulatory_docs", folder }]);
  home = mkdtempSync(join(tmpdir(), "probity-doctor-"));
  command = openCommand(join(import.meta.dirname, "doctor.ts"));
});
afterAll(async () => {
  await command.close();
  await database.drop();
  rmSync(home, { recursive: true, force: true });
});

/** Runs the command in a process of its own, on the test database unless told otherwise. */
const doctor = (args: string[], url: string | undefined = connectionString(database.admin)) =>
  command.run(args, { PROBITY_HOME: home, ...(url === "" ? {} : { DATABASE_URL: url }) });

describe("npx probity doctor", () => {
  test("TEN-04 a sound database: every rule is named as fulfilled, exit code 0", async () => {
    const { code, out, err } = await doctor([]);
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out).toContain("● row-security-not-forced");
    expect(out).toMatch(/^PostgreSQL \d+/);
    expect(out).toContain("Tenants are kept apart. Nothing was changed.");
  });

  test("LED-04 what the owner of the database changes past the log is named, exit code 1", async () => {
    const agreed = await doctor([]);
    expect(agreed.out).toMatch(/● log and tables: \d+ events and \d+ changes of 1 workspaces compared, they agree/);
    const history = `insert into kernel.version_history (tenant_id, row_id, version, record, at, actor_id, body)
      values ('00000000-0000-0000-0000-000000000000', gen_random_uuid(), 1, 'kernel.invitation', now(), gen_random_uuid(), '{}')`;
    await executeAsOwner(database.admin, `set role probity_door; ${history}`);
    try {
      const { code, out } = await doctor([]);
      expect(code).toBe(1);
      expect(out).toContain("▲ log and tables");
      expect(out).toContain("change_without_leaf kernel.invitation");
      expect(out).toContain("row_missing kernel.invitation");
    } finally {
      await executeAsOwner(
        database.admin,
        "set role probity_door; delete from kernel.version_history where body = '{}'",
      );
    }
  });

  test("TEN-04 a table without its filter: named with what to do, exit code 1", async () => {
    await executeAsOwner(database.admin, "alter table kernel.blob no force row level security");
    try {
      const { code, out } = await doctor([]);
      expect(code).toBe(1);
      expect(out).toContain("▲ row-security-not-forced\n    kernel.blob: enabled and not forced");
      const json: unknown = JSON.parse((await doctor(["--json"])).out);
      expect(json).toMatchObject({ ok: false, isolated: false, ledger: { waiting: 0 } });
    } finally {
      await executeAsOwner(database.admin, "alter table kernel.blob force row level security");
    }
  });

  test("ENC-02 a root key that others can read is named", async () => {
    mkdirSync(join(home, "keys"));
    const key = join(home, "keys", "root.key");
    writeFileSync(key, "x");
    chmodSync(key, 0o640);
    expect((await doctor([])).out).toContain(`▲ ${key}: open to others (mode 640)`);
  });

  test("a database that was never migrated, and a home without one, are said so", async () => {
    const empty = connectionString({ ...database.admin, database: "probity_admin" });
    expect((await doctor([], empty)).err).toMatch(/holds no Probity schema yet\. Nothing was changed\./);
    expect((await doctor([], "")).err).toMatch(/There is no database in .*\. Nothing was changed\./);
  });

  test("an unknown option is refused with the usage, exit code 2", async () => {
    const { code, err } = await doctor(["--fix"]);
    expect([code, err]).toEqual([2, expect.stringContaining("Usage: npx probity doctor")]);
  });
});
