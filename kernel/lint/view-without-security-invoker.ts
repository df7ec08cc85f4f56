import type { Rule } from "./rule.ts";

export const viewWithoutSecurityInvoker: Rule = {
  id: "view-without-security-invoker",
  title: "View that reads with its owner's rights",
  severity: "isolation",
  why: "A plain view is filtered by its owner's policies, not its reader's; a materialized view by none at all.",
  fix: "Run: alter view … set (security_invoker = true). Replace a materialized view by a governed table.",
  sql: `
    select r.name, case r.kind when 'm' then 'materialized view' else 'view' end
    from relation r
    where r.kind = 'm' or r.kind = 'v' and not coalesce((
      select o.option_value::boolean from pg_options_to_table(r.options) o where o.option_name = 'security_invoker'), false)`,
};
