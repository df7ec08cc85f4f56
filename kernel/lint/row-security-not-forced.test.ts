import { rowSecurityNotForced } from "./row-security-not-forced.ts";
import { tryRule } from "./trial.ts";

tryRule(rowSecurityNotForced, [
  {
    name: "a governed table without row-level security",
    wrong: `alter table trial.sample disable row level security`,
    finds: [["trial.sample", "not enabled"]],
    right: `alter table trial.sample enable row level security`,
  },
  {
    name: "a governed table whose owner passes the policies by",
    wrong: `alter table trial.sample no force row level security`,
    finds: [["trial.sample", "enabled and not forced"]],
    right: `alter table trial.sample force row level security`,
  },
  {
    name: "an exempt table that tells tenants apart",
    role: "probity_door",
    wrong: `alter table kernel.workspace disable row level security`,
    finds: [["kernel.workspace", "not enabled"]],
    right: `alter table kernel.workspace enable row level security`,
  },
  {
    name: "an exempt table outside the door that is not forced",
    wrong: `alter table kernel.sealed_value no force row level security`,
    finds: [["kernel.sealed_value", "enabled and not forced"]],
    right: `alter table kernel.sealed_value force row level security`,
  },
]);
