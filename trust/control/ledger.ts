import { randomUUID } from "node:crypto";
import { catalogueName, refusal, type ProbeConnection } from "@probity/kernel";
import { defineControl } from "../control.ts";
import { allOf, type Check } from "./outcome.ts";

/** Every table of history with its first column, from the catalogue: one that a release adds is tried without being named here. */
async function historyTables(connection: ProbeConnection): Promise<{ name: string; column: string }[]> {
  const rows = await connection.query(
    `select c.oid::regclass::text as name, quote_ident(a.attname) as column
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
       join pg_attribute a on a.attrelid = c.oid and a.attnum = 1
     where n.nspname = 'kernel' and c.relkind in ('r', 'p')
       and (c.relname ~ '^ledger_' or c.relname in ('version_history', 'access_event', 'probe_result'))
     order by 1`,
  );
  return rows.map((row) => ({ name: String(row["name"]), column: String(row["column"]) }));
}

const roles = ["probity_app", "probity_across", "probity_worker", "probity_identity"] as const;
const notAllowed = "42501";
const changeWithoutLeaf = "PB004";
const leafWithoutChange = "PB005";
const notEnteredFor = "PB403";

export const appendOnly = defineControl({
  id: "LED-02",
  standards: ["SOC 2 CC7.2", "ISO 27001 A.8.15", "21 CFR 11.10(e)", "HIPAA §164.312(b)"],
  yourPart:
    "Guard the set-up role of the database: who owns the server can still rewrite tables, and an outside copy of a signed checkpoint shows it.",
  maxAgeMinutes: 45,
  probes: [
    {
      id: "no-privilege",
      kind: "catalogue",
      title: "No role of the running server may change or remove history",
      run: ({ database }) =>
        database.attempt("probity_app", async (connection) => {
          const tables = await historyTables(connection);
          const rows = await connection.query(
            `select r.role, t.name, p.privilege from unnest($1::text[]) r (role), unnest($2::text[]) t (name),
             unnest(array['insert', 'update', 'delete', 'truncate']) p (privilege)
           where has_table_privilege(r.role, t.name::regclass, p.privilege)
             or (p.privilege in ('insert', 'update') and has_any_column_privilege(r.role, t.name::regclass, p.privilege))`,
            [[...roles], tables.map(({ name }) => name)],
          );
          return allOf(
            `${roles.length} roles hold no privilege to write on ${tables.length} tables of history`,
            rows.length === 0
              ? [[true, ""]]
              : rows.map((row): Check => [
                  false,
                  `${String(row["role"])} may ${String(row["privilege"])} ${String(row["name"])}`,
                ]),
          );
        }),
      negative: async ({ database }) => {
        const checks: Check[] = [];
        const tables = await database.attempt("probity_app", historyTables);
        for (const role of roles) {
          await database.attempt(role, async (connection) => {
            for (const { name: table, column } of tables) {
              for (const act of [
                `update ${catalogueName(table)} set ${column} = ${column}`,
                `delete from ${table}`,
                `truncate ${table}`,
              ]) {
                const code = await refusal(connection, () => connection.query(act));
                checks.push([code === notAllowed, `as ${role}, ${act} was answered ${code ?? "with success"}`]);
              }
            }
          });
        }
        return allOf(`${checks.length} attempts to update, delete or truncate history were refused`, checks);
      },
    },
  ],
});

export const leafForEachChange = defineControl({
  id: "LED-04",
  standards: ["SOC 2 CC7.2", "ISO 27001 A.8.15", "21 CFR 11.10(e)"],
  yourPart: "None.",
  maxAgeMinutes: 45,
  probes: [
    {
      id: "change-and-leaf",
      kind: "scratch",
      title: "Every change has its leaf and every leaf its change",
      run: ({ database, document, scratch }) =>
        document().then(() =>
          database.attempt("setup", async (connection) => {
            await connection.query("set local role probity_door");
            const [counts] = await connection.query(
              // A day back, so that the count stays quick when the scratch tenant is years old.
              `with leaf as (
                 select record, row_id, version, at > now() - interval '1 day' as recent from kernel.ledger_event
                 where tenant_id = $1 and version is not null and at > now() - interval '2 days'
                 union all
                 select record, row_id, version, true from kernel.ledger_inbox where tenant_id = $1 and version is not null
               ), change as (
                 select record, row_id, version, at > now() - interval '1 day' as recent from kernel.version_history
                 where tenant_id = $1 and at > now() - interval '2 days')
               select (select count(*) from leaf where recent) as leaves, (select count(*) from change where recent) as changes,
                 (select count(*) from leaf l where recent and not exists (select from change c
                   where c.row_id = l.row_id and c.version = l.version and c.record = l.record)) as leaf_alone,
                 (select count(*) from change c where recent and not exists (select from leaf l
                   where l.row_id = c.row_id and l.version = c.version and l.record = c.record)) as change_alone,
                 (select count(*) from (select 1 from leaf group by record, row_id, version having count(*) > 1) x) as twice`,
              [scratch.a.id],
            );
            const n = (name: string) => Number(counts?.[name]);
            return allOf(`the scratch tenant's ${n("changes")} changes of a day have ${n("leaves")} leaves, one each`, [
              [n("changes") > 0, "the scratch tenant has no change to count"],
              [n("leaf_alone") === 0, `${n("leaf_alone")} leaves have no change`],
              [n("change_alone") === 0, `${n("change_alone")} changes have no leaf`],
              [n("twice") === 0, `${n("twice")} changes have several leaves`],
            ]);
          }),
        ),
      negative: async ({ database, document, scratch }) => {
        await document();
        return database.bound(scratch.a.id, async (connection) => {
          const checks: Check[] = [];
          const tables = await connection.query("select relation::text as name from kernel.governed_table order by 1");
          let tried = 0;
          for (const { name } of tables) {
            const change = await changeOne(connection, String(name));
            // Some tables want the transaction to be entered for them: refused before the leaf is asked for.
            if (change.rows === 0 || change.code === notEnteredFor) continue;
            tried += 1;
            checks.push([
              change.code === changeWithoutLeaf,
              `a change of ${String(name)} without its leaf was answered ${change.code ?? "with success"}`,
            ]);
          }
          checks.push([tried >= 3, `only ${tried} tables had a row to change`]);
          const leaf = JSON.stringify({
            action: "kernel.probe.nothing",
            actor: "00000000-0000-0000-0000-000000000001",
            at: new Date().toISOString(),
            id: randomUUID(),
            outcome: "done",
            record: "kernel.blob",
            request: "probe",
            root: "0".repeat(64),
            row: randomUUID(),
            tenant: scratch.a.id,
            v: "1",
            version: "1",
          });
          const alone = await refusal(connection, async () => {
            await connection.query("select kernel.stage_leaf(convert_to($1, 'UTF8'))", [leaf]);
            await connection.query("set constraints all immediate");
          });
          checks.push([
            alone === leafWithoutChange,
            `a leaf without its change was answered ${alone ?? "with success"}`,
          ]);
          return allOf(
            `changes of rows in ${tried} tables without a leaf, and a leaf without a change, were refused`,
            checks,
          );
        });
      },
    },
    {
      id: "reconciled",
      kind: "catalogue",
      title: "Log, history and tables of every workspace agree; what their owner changes past the log is found",
      run: async ({ kernel }) => {
        const [state] = await kernel.door.callFunction({
          sql: "select * from kernel.reconciliation_state()",
          parameters: [],
        });
        const n = (name: string) => Number(state?.[name]);
        const oldest = state?.["oldest"];
        const age = oldest instanceof Date ? Date.now() - oldest.getTime() : Number.POSITIVE_INFINITY;
        return allOf(
          `${n("events")} events and ${n("changes")} changes of ${n("compared")} workspaces were compared within three hours and agree`,
          [
            [n("workspaces") > 0, "there is no workspace to compare"],
            [age < 3 * 3_600_000, "a workspace was not compared for three hours"],
            [n("found") === 0, `log and tables disagree in ${n("found")} places`],
          ],
        );
      },
      negative: async ({ database, document, scratch, kernel }) => {
        await document();
        const checks: Check[] = [];
        for (const [role, act, kind] of [
          ["probity_owner", "update kernel.blob set bytes = bytes + 1 where tenant_id = $1", "row_altered"],
          ["probity_door", "delete from kernel.version_history where tenant_id = $1", "leaf_without_change"],
          [
            "probity_door",
            "delete from kernel.ledger_event where tenant_id = $1 and seq > (select max(seq) - 5 from kernel.ledger_event where tenant_id = $1)",
            "events_missing",
          ],
          ["probity_door", "delete from kernel.ledger_event where tenant_id = $1", "events_missing"],
        ] as const) {
          const found = await database.attempt("setup", async (connection) => {
            await connection.query(`set local role ${catalogueName(role)}`);
            if (role === "probity_owner") {
              await connection.query("alter table kernel.blob disable trigger user");
              await connection.query("alter table kernel.blob no force row level security");
            }
            await connection.query(act, [scratch.a.id]);
            await connection.query("set local role probity_door");
            await connection.query("select kernel.enter('system', $1, $2, 'kernel.ledger.reconcile', null)", [
              kernel.system(scratch.a.id).token,
              scratch.a.id,
            ]);
            await connection.query("set local role probity_owner");
            return connection.query(
              "select kind from kernel.reconcile_log() union select kind from kernel.reconcile_rows()",
            );
          });
          checks.push([found.some((row) => row["kind"] === kind), `after “${act.slice(0, 60)}” nothing was found`]);
        }
        return allOf(
          "a changed row, a history without rows, and a log without its last five events or without any were each found",
          checks,
        );
      },
    },
  ],
});

/** Touches one row of the bound tenant; `rows` is 0 where the table has none. */
async function changeOne(
  connection: ProbeConnection,
  table: string,
): Promise<{ rows: number; code: string | undefined }> {
  let rows = 0;
  const code = await refusal(connection, async () => {
    const found = await connection.query(`select id from ${catalogueName(table)} where locked_at is null limit 1`);
    rows = found.length;
    if (rows > 0)
      await connection.query(`update ${catalogueName(table)} set retain_until = retain_until where id = $1`, [
        found[0]?.["id"],
      ]);
  });
  return { rows, code };
}
