import type { Rule } from "./rule.ts";

/**
 * A tenant policy may narrow further: "tenant and …" prints with two parentheses before tenant_id, while whatever joins
 * that by OR prints with three. The workspace's own key is its tenant. Restrictive policies may say anything. Everywhere
 * each call of the binding is wrapped; of those an audience policy (TEN-06) or one for guests makes, each is named here.
 */
export const policyWithoutSubselect: Rule = {
  id: "policy-without-subselect",
  title: "Tenant policy that is not the wrapped comparison",
  severity: "isolation",
  why: "Anything but tenant_id = (select kernel.tenant()) either lets other rows through or asks the binding once a row, which is 5 to 20 times slower.",
  fix: "Write: using (tenant_id = (select kernel.tenant())) with check (tenant_id = (select kernel.tenant())).",
  sql: `
    select p.relation, 'policy ' || p.name || ': ' || coalesce(e.expression, 'nothing')
    from policy p join relation r on r.oid = p.oid
    cross join lateral (values (p.visible, coalesce(r.governed_options ? 'portal', false)), (p.writable, false)) as e (expression, is_portal)
    cross join lateral (select
      case when p.relation = 'kernel.workspace' then '(id' else '(tenant_id' end
        || case when e.is_portal then ' = ( SELECT kernel.portal_tenant() AS portal_tenant))' else ' = ( SELECT kernel.tenant() AS tenant))' end as wanted,
      regexp_replace(regexp_replace(e.expression, '\\( SELECT kernel\\.(tenant|actor|portal_tenant|confined)\\(\\) AS (tenant|actor|portal_tenant|confined)\\)', '', 'g'),
        case when p.name = 'audience' and not p.is_permissive
          then '\\( SELECT kernel\\.(audience_open|mine|changes_people)\\(\\) AS (audience_open|mine|changes_people)\\)|\\( SELECT kernel\\.shared_to_me\\(''[a-z_.]+''::text\\) AS shared_to_me\\)|kernel\\.may_see\\(record, row_id\\)|kernel\\.may_open\\(leaf_id\\)'
          when p.name = 'portal' and not p.is_permissive then '\\( SELECT kernel\\.portal_files\\(\\) AS portal_files\\)'
          else '$^' end, '', 'g') ~ 'kernel\\.|current_setting' as has_bare_call
    ) as x
    where x.has_bare_call
      or p.is_permissive and p.name = 'tenant' and (e.expression is not null or p.visible is null)
        and e.expression is distinct from x.wanted
        and not coalesce(starts_with(e.expression, '(' || x.wanted || ' AND '), false)`,
};
