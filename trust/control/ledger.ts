import { randomUUID } from "node:crypto";
import { refusal, type ProbeConnection } from "@probity/kernel";
import { defineControl } from "../control.ts";
import { allOf, type Check } from "./outcome.ts";

const historyTables = [
  "kernel.ledger_event",
  "kernel.ledger_inbox",
  "kernel.ledger_head",
  "kernel.ledger_opening",
  "kernel.version_history",
  "kernel.access_event",
  "kernel.probe_result",
];
const roles = ["probity_app", "probity_across", "probity_worker", "probity_identity"] as const;
const notAllowed = "42501";
const changeWithoutLeaf = "PB004";
const leafWithoutChange = "PB005";

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
          const rows = await connection.query(
            `select r.role, t.name, p.privilege from unnest($1::text[]) r (role), unnest($2::text[]) t (name),
             unnest(array['insert', 'update', 'delete', 'truncate']) p (privilege)
           where has_table_privilege(r.role, t.name::regclass, p.privilege)
             or (p.privilege in ('insert', 'update') and has_any_column_privilege(r.role, t.name::regclass, p.privilege))`,
            [[...roles], historyTables],
          );
          return allOf(
            `${roles.length} roles hold no privilege to write on ${historyTables.length} tables of history`,
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
        for (const role of roles) {
          await database.attempt(role, async (connection) => {
            for (const table of historyTables) {
              const column = table === "kernel.probe_result" ? "control" : "tenant_id";
              for (const act of [
                `update ${table} set ${column} = ${column}`,
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
              `with leaf as (
             select record, row_id, version from kernel.ledger_event where tenant_id = $1 and version is not null
             union all select record, row_id, version from kernel.ledger_inbox where tenant_id = $1 and version is not null
           ), change as (select record, row_id, version from kernel.version_history where tenant_id = $1)
           select (select count(*) from leaf) as leaves, (select count(*) from change) as changes,
             (select count(*) from (select * from leaf except all select * from change) x) as leaf_alone,
             (select count(*) from (select * from change except all select * from leaf) x) as change_alone`,
              [scratch.a.id],
            );
            const n = (name: string) => Number(counts?.[name]);
            return allOf(`${n("changes")} changes of the scratch tenant have ${n("leaves")} leaves, one each`, [
              [n("changes") > 0, "the scratch tenant has no change to count"],
              [n("leaf_alone") === 0, `${n("leaf_alone")} leaves have no change`],
              [n("change_alone") === 0, `${n("change_alone")} changes have no leaf`],
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
            if (change.rows === 0) continue;
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
            record: "kernel.blob",
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
  ],
});

/** Touches one row of the bound tenant; `rows` is 0 where the table has none. */
async function changeOne(
  connection: ProbeConnection,
  table: string,
): Promise<{ rows: number; code: string | undefined }> {
  let rows = 0;
  const code = await refusal(connection, async () => {
    const found = await connection.query(`select id from ${table} where locked_at is null limit 1`);
    rows = found.length;
    if (rows > 0)
      await connection.query(`update ${table} set retain_until = retain_until where id = $1`, [found[0]?.["id"]]);
  });
  return { rows, code };
}
