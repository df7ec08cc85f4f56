import { defineControl } from "../control.ts";
import { allOf, type Check } from "./outcome.ts";

/** Three ways a release could break isolation, made and rolled back: the judge must see each. */
const planted: readonly (readonly [rule: string, statements: string])[] = [
  [
    "ungoverned-table",
    "set local role probity_owner; create table kernel.probe_planted (tenant_id uuid, id uuid); grant select on kernel.probe_planted to probity_app; reset role",
  ],
  [
    "row-security-not-forced",
    "set local role probity_owner; create table kernel.probe_planted (tenant_id uuid not null default kernel.tenant(), id uuid not null, primary key (tenant_id, id)); select kernel.govern('kernel.probe_planted'); alter table kernel.probe_planted no force row level security; reset role",
  ],
  [
    "definer-without-search-path",
    "set local role probity_owner; create function kernel.probe_planted() returns int language sql security definer as 'select 1'; reset role",
  ],
];

export const catalogueProof = defineControl({
  id: "TEN-04",
  standards: ["SOC 2 CC4.1", "SOC 2 CC7.1", "ISO 27001 A.8.9", "ISO 27001 A.5.36"],
  yourPart: "Run npx probity doctor after changing roles or settings of the database yourself.",
  maxAgeMinutes: 45,
  probes: [
    {
      id: "judge",
      kind: "catalogue",
      title: "The catalogue of the running database holds no table, role or function that breaks isolation",
      run: async ({ database }) => {
        const findings = await database.judge();
        return allOf(
          "every rule of the judge holds over all schemas",
          findings.length === 0
            ? [[true, ""]]
            : findings.map((each): Check => [false, `${each.rule}: ${each.object} (${each.detail})`]),
        );
      },
      negative: async ({ database }) => {
        const checks: Check[] = [];
        for (const [rule, statements] of planted) {
          const found = await database.judgeAfter(statements);
          checks.push([
            found.some((each) => each.rule === rule && each.object.includes("probe_planted")),
            `the judge did not see a planted ${rule}`,
          ]);
        }
        return allOf(`${planted.length} faults were planted and rolled back; the judge named each`, checks);
      },
    },
  ],
});
