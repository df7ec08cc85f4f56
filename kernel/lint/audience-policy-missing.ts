import type { Rule } from "./rule.ts";

/** What kernel.govern_audience writes, rebuilt from its own declaration and compared with what the catalogue holds now. */
export const audiencePolicyMissing: Rule = {
  id: "audience-policy-missing",
  title: "Audience policy missing or not as it was made",
  severity: "isolation",
  why: "Where a workspace shares by owner, a colleague would see records that nobody shared with them, or what derives from them.",
  fix: "Drop the policy audience of the table and make it again with kernel.govern_audience.",
  sql: `
    select w.relation, case when p.name is null then 'no restrictive policy audience' else 'policy audience: ' || coalesce(p.visible, 'nothing') end
    from (
      select r.oid, r.name as relation, '*'::"char" as command, '(' || array_to_string(array[
        '( SELECT kernel.audience_open() AS audience_open)',
        case when a.audience ->> 'owner' = 'true' then '(created_by IN ( SELECT kernel.mine() AS mine))' end,
        case when a.audience ->> 'owner' = 'true' then '(id IN ( SELECT kernel.shared_to_me(''' || r.name || '''::text) AS shared_to_me))' end,
        case when a.audience ? 'column' then '(' || (a.audience ->> 'column') || ' IN ( SELECT s.id FROM ' || (a.audience ->> 'from') || ' s))' end
      ], ' OR ') || ')' as visible, case when a.audience ? 'column' then
        '(( SELECT kernel.audience_open() AS audience_open) OR (' || (a.audience ->> 'column') || ' IN ( SELECT s.id FROM ' || (a.audience ->> 'from') || ' s)))'
      end as writable, true as writes
      from relation r cross join lateral (select r.governed_options -> 'audience' as audience) a
      where a.audience is not null
      union all
      select r.oid, r.name, 'r', '(( SELECT kernel.audience_open() AS audience_open) OR ' || k.otherwise || ')', null, false
      from (values
        ('kernel.version_history', 'kernel.may_see(record, row_id)'),
        ('kernel.sealed_value', 'kernel.may_see(record, row_id)'),
        ('kernel.job', '(actor_id IN ( SELECT kernel.mine() AS mine))')) as k (relation, otherwise)
      join relation r on r.name = k.relation
    ) w
    left join policy p on p.oid = w.oid and p.name = 'audience' and not p.is_permissive
    where p.name is null or p.command <> w.command or p.roles <> '{probity_app}'
      or regexp_replace(p.visible, '\\s+', ' ', 'g') is distinct from w.visible
      or w.writes and regexp_replace(p.writable, '\\s+', ' ', 'g') is distinct from coalesce(w.writable, w.visible)
    union all
    select r.name, 'derives from ' || (r.governed_options #>> '{audience,from}') || ', which has no audience'
    from relation r
    where r.governed_options #>> '{audience,from}' is not null
      and not exists (select from relation f where f.name = r.governed_options #>> '{audience,from}' and f.governed_options ? 'audience')`,
};
