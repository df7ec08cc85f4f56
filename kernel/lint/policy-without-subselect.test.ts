import { policyWithoutSubselect } from "./policy-without-subselect.ts";
import { tryRule } from "./trial.ts";

tryRule(policyWithoutSubselect, [
  ...[
    ["the binding asked once a row", "tenant_id = kernel.tenant()", "(tenant_id = kernel.tenant())"],
    ["no comparison at all", "true", "true"],
    [
      "the tenant or something else",
      "tenant_id = (select kernel.tenant()) and code = 'a' or code = 'b'",
      "(((tenant_id = ( SELECT kernel.tenant() AS tenant)) AND (code = 'a'::text)) OR (code = 'b'::text))",
    ],
    [
      "a setting that anybody may set",
      "tenant_id = (select current_setting('app.tenant')::uuid)",
      "(tenant_id = ( SELECT (current_setting('app.tenant'::text))::uuid AS current_setting))",
    ],
    [
      "a second call that is not wrapped",
      "tenant_id = (select kernel.tenant()) and created_by = kernel.actor()",
      "((tenant_id = ( SELECT kernel.tenant() AS tenant)) AND (created_by = kernel.actor()))",
    ],
  ].map(([name = "", using = "", printed = ""]) => ({
    name,
    wrong: `alter policy tenant on trial.sample using (${using})`,
    finds: [["trial.sample", `policy tenant: ${printed}`] as const],
    right: `alter policy tenant on trial.sample using (tenant_id = (select kernel.tenant()))`,
  })),
  {
    name: "what may be written is checked as well as what may be seen",
    wrong: `alter policy tenant on trial.sample with check (true)`,
    finds: [["trial.sample", "policy tenant: true"]],
    right: `alter policy tenant on trial.sample with check (tenant_id = (select kernel.tenant()) and created_by = (select kernel.actor()))`,
  },
  {
    name: "a restrictive policy asks once a row",
    wrong: `create policy mine on trial.sample as restrictive to probity_app using (created_by = kernel.actor())`,
    finds: [["trial.sample", "policy mine: (created_by = kernel.actor())"]],
    right: `alter policy mine on trial.sample using (created_by = (select kernel.actor()))`,
  },
]);
