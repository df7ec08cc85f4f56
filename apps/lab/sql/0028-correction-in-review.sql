-- What was corrected of a sample's registration is looked at in reviews of the audit trail, with both values and the reason.
create or replace function lab.trail_items(p_from timestamptz, p_to timestamptz, p_worksheet uuid, p_hours text)
returns table (kind text, action text, record text, row_id uuid, row_version integer, at timestamptz, actor_id uuid, seq bigint, before jsonb, after jsonb)
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with event as (
    select e.action, e.record, e.row_id, e.version, e.at, e.actor_id, e.seq, b.body as before, h.body as after
    from kernel.ledger_event e
    join kernel.version_history h on h.tenant_id = e.tenant_id and h.row_id = e.row_id and h.version = e.version
    left join kernel.version_history b on b.tenant_id = e.tenant_id and b.row_id = e.row_id and b.version = e.version - 1
    where e.tenant_id = kernel.tenant() and e.at >= p_from and e.at < p_to and e.record like 'lab.%'
      and e.record not in ('lab.trail_review', 'lab.trail_mark') and coalesce(h.body ->> 'brought_in', 'false') <> 'true'
      and (p_worksheet is null
        or (e.record = 'lab.worksheet' and e.row_id = p_worksheet)
        or (e.record = 'lab.result' and h.body ->> 'worksheet_id' = p_worksheet::text)
        or (e.record in ('lab.unlock', 'lab.correction', 'lab.sample') and exists (select from lab.result r
          where r.worksheet_id = p_worksheet and r.sample_id::text in (h.body ->> 'sample_id', e.row_id::text)))
        or (e.record = 'lab.gate_override' and exists (select from lab.result r
          where r.worksheet_id = p_worksheet and r.id::text = h.body ->> 'result_id')))
  )
  select k.kind, e.action, e.record, e.row_id, e.version, e.at, e.actor_id, e.seq, e.before, e.after
  from event e cross join lateral (values
    ('changed', e.record = 'lab.result' and e.before ->> 'text' is not null
      and (e.before -> 'text', e.before -> 'interim') is distinct from (e.after -> 'text', e.after -> 'interim')),
    ('retested', e.record = 'lab.result' and e.after ->> 'state' = 'retested' and e.before ->> 'state' <> 'retested'),
    ('unlocked', e.record = 'lab.unlock'),
    ('corrected', e.record = 'lab.correction'),
    ('overridden', e.record = 'lab.gate_override' and e.after ->> 'state' = 'confirmed' and e.before ->> 'state' is distinct from 'confirmed'),
    ('cancelled', e.record = 'lab.sample' and e.after ->> 'state' = 'cancelled' and e.before ->> 'state' is distinct from 'cancelled'),
    ('deleted', e.after ->> 'deleted_at' is not null and e.before ->> 'deleted_at' is null),
    ('method', e.record in ('lab.method_version', 'lab.specification_version', 'lab.setting')),
    ('clock', e.record = 'lab.sample' and e.action = 'lab.sample.register' and (e.after ->> 'sampled_at')::timestamptz > e.at),
    ('out-of-hours', e.action in ('lab.result.enter', 'lab.result.verify', 'lab.sample.receive')
      and (extract(isodow from e.at at time zone 'UTC') > 5
        or extract(hour from e.at at time zone 'UTC') < split_part(p_hours, '-', 1)::integer
        or extract(hour from e.at at time zone 'UTC') >= split_part(p_hours, '-', 2)::integer))
  ) as k (kind, holds)
  where k.holds
$$;
