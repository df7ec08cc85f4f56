import { catalogueName, refusal, type ProbeConnection } from "@probity/kernel";
import { defineControl, type ProbeContext } from "../control.ts";
import { collectionsPath, documentsPath } from "../scratch-document.ts";
import { allOf, type Check } from "./outcome.ts";

const noBinding = "PB001";
const noProof = "PB002";
/** What the judge must not find for tenants to be apart. */
const isolationRules = [
  "runtime-role-too-strong",
  "ungoverned-table",
  "row-security-not-forced",
  "second-permissive-policy",
  "policy-without-subselect",
];

/** Names come from the catalogue, already quoted by PostgreSQL. */
async function governedTables(connection: ProbeConnection): Promise<string[]> {
  const rows = await connection.query("select relation::text as name from kernel.governed_table order by 1");
  return rows.map((row) => String(row["name"]));
}

export const tenantRows = defineControl({
  id: "TEN-01",
  standards: ["SOC 2 CC6.1", "SOC 2 CC6.3", "ISO 27001 A.8.3", "GDPR Art. 32(1)(b)", "HIPAA §164.312(a)(1)"],
  yourPart: "Keep keys and sessions of your workspace to your own people.",
  maxAgeMinutes: 45,
  probes: [
    {
      id: "row-security",
      kind: "catalogue",
      title: "Every governed table filters by tenant, and nothing opens it without the door's proof",
      run: async ({ database }) => {
        const findings = (await database.judge()).filter(({ rule }) => isolationRules.includes(rule));
        const tables = await database.attempt("probity_app", governedTables);
        return allOf(
          `${tables.length} governed tables, each with forced row-level security for a role that can't pass it by`,
          [
            [tables.length > 0, "no table is governed"],
            ...findings.map((each): Check => [false, `${each.object}: ${each.detail}`]),
          ],
        );
      },
      negative: ({ database, scratch }) =>
        database.attempt("probity_app", async (connection) => {
          const checks: Check[] = [];
          const tables = await governedTables(connection);
          for (const table of tables) {
            // Without a binding a row of anybody ends the statement; a table without rows has nothing to tell.
            let rows = 0;
            const code = await refusal(connection, async () => {
              rows = (await connection.query(`select 1 from ${catalogueName(table)} limit 1`)).length;
            });
            checks.push([
              rows === 0 && (code === undefined || code === noBinding),
              `${table} gave rows without a tenant`,
            ]);
          }
          const forged = `${"0".repeat(64)}${scratch.a.id}|00000000-0000-0000-0000-000000000001|kernel.probe`;
          await connection.query("select set_config('kernel.binding', $1, true)", [forged]);
          const code = await refusal(connection, () => connection.query("select 1 from kernel.membership"));
          checks.push([code === noProof, "a bare set_config opened a tenant's rows"]);
          return allOf(
            `${tables.length} tables gave nothing unbound, and a forged binding was refused (${noProof})`,
            checks,
          );
        }),
    },
    {
      id: "forgotten-where",
      kind: "scratch",
      title: "A statement without WHERE sees the bound tenant alone",
      run: ({ database, scratch }) =>
        database.bound(scratch.a.id, async (connection) => {
          const rows = await connection.query("select distinct tenant_id::text as tenant from kernel.membership");
          return allOf("a select of all memberships, bound to scratch tenant A, gave A's and no other's", [
            [rows.length > 0, "the bound tenant does not see its own rows"],
            [rows.every((row) => row["tenant"] === scratch.a.id), `rows of ${rows.length} tenants came back`],
          ]);
        }),
      negative: async ({ database, scratch }) => {
        const { refused, changed } = await database.bound(scratch.a.id, async (connection) => ({
          refused: await refusal(connection, () =>
            connection.query("select kernel.enter('system', 'not a secret', $1, 'kernel.probe', null)", [scratch.b.id]),
          ),
          changed: (await connection.query("select 1 from kernel.membership where tenant_id = $1", [scratch.b.id]))
            .length,
        }));
        return allOf(
          "tenant B's rows, asked for by name from A, were not there; entering B from within A was refused",
          [
            [refused !== undefined, "a second tenant could be entered in one transaction"],
            [changed === 0, "rows of tenant B were visible from tenant A"],
          ],
        );
      },
    },
    {
      id: "two-tenants",
      kind: "scratch",
      title: "Over HTTP, tenant B is told that tenant A's records do not exist",
      run: async (context) => {
        const paths = await pathsOfA(context);
        const answers = await Promise.all(
          paths.map((path) => context.http("GET", path, { key: context.scratch.a.ownerKey })),
        );
        return allOf(
          `A reads ${paths.length} addresses of its own records`,
          answers.map((answer, at): Check => [
            answer.status === 200,
            `A got ${answer.status} for its own record (address ${at + 1})`,
          ]),
        );
      },
      negative: async (context) => {
        const { http, scratch } = context;
        const own = await pathsOfA(context);
        const checks: Check[] = [];
        for (const path of own) {
          const answer = await http("GET", path, { key: scratch.b.ownerKey });
          const empty = path.includes("?collection=") && answer.status === 200 && answer.text.includes('"items":[]');
          checks.push([answer.status === 404 || empty, `B got ${answer.status} for a record of A`]);
        }
        const named = await http("GET", collectionsPath, {
          key: scratch.b.ownerKey,
          headers: { "probity-workspace": scratch.a.id },
        });
        checks.push([named.status === 404, `B naming A's workspace got ${named.status}`]);
        return allOf(
          `B got 404 (an empty list for a list) at ${own.length} addresses of A, and for A's workspace by name`,
          checks,
        );
      },
    },
  ],
});

async function pathsOfA(context: ProbeContext): Promise<string[]> {
  const { collectionId } = await context.document();
  return [
    `${collectionsPath}/${collectionId}`,
    `${collectionsPath}/${collectionId}/history`,
    `${documentsPath}?collection=${collectionId}`,
  ];
}
