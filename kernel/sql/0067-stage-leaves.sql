-- Many leaves of one transaction are checked and taken as a set: by itself each costs more than twice as much.
set local role probity_door;

-- What a leaf has to be, said once for one and for many. Its bytes are the RFC 8785 form of a flat object of these strings,
-- names in order; its time is near the database's. No pinned path and no owner's rights, so that it is planned into its callers;
-- its body was read when it was made and follows no search path.
create function kernel.leaf_in_shape(said text, action text, actor text, at text, id text, outcome text, record text,
  request text, root text, "row" text, tenant text, v text, version text) returns boolean
language sql volatile
return outcome in ('done', 'refused', 'failed') and id::uuid is not null
  and at::timestamptz between clock_timestamp() - interval '1 day' and clock_timestamp() + interval '1 day'
  and said = concat('{"action":', to_json(action), ',"actor":', to_json(actor), ',"at":', to_json(at), ',"id":', to_json(id),
    ',"outcome":', to_json(outcome), ',"record":' || to_json(record)::text, ',"request":', to_json(request), ',"root":', to_json(root),
    ',"row":' || to_json("row")::text, ',"tenant":', to_json(tenant), ',"v":', to_json(v), ',"version":' || to_json(version)::text, '}');
revoke all on function kernel.leaf_in_shape(text, text, text, text, text, text, text, text, text, text, text, text, text) from public;

create or replace function kernel.stage_leaf(p_leaf bytea, p_openings jsonb default '{}') returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
  said constant text := convert_from(p_leaf, 'UTF8');
  body constant jsonb := said::jsonb;
begin
  if body ->> 'tenant' is distinct from bound[1] or body ->> 'actor' is distinct from bound[2] then
    raise exception 'leaf of another tenant or actor' using errcode = 'PB003';
  end if;
  -- One that is too long is refused by the inbox itself.
  if length(p_leaf) <= 1024 and kernel.leaf_in_shape(said, body ->> 'action', bound[2], body ->> 'at', body ->> 'id', body ->> 'outcome', body ->> 'record',
      body ->> 'request', body ->> 'root', body ->> 'row', bound[1], body ->> 'v', body ->> 'version') is not true then
    raise exception 'leaf out of shape' using errcode = 'PB003';
  end if;
  insert into kernel.ledger_inbox (tenant_id, leaf, action, record, row_id, version)
  values (bound[1]::uuid, p_leaf, body ->> 'action', body ->> 'record', (body ->> 'row')::uuid, (body ->> 'version')::integer);
  if p_openings <> '{}' then
    insert into kernel.ledger_opening (tenant_id, leaf_id, openings) values (bound[1]::uuid, (body ->> 'id')::uuid, p_openings);
  end if;
end $$;

-- As kernel.stage_leaf for each, in their order; one that is refused refuses all.
create function kernel.stage_leaves(p_leaves bytea[], p_openings jsonb[]) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
  fault text;
begin
  if cardinality(p_leaves) is distinct from cardinality(p_openings) then
    raise exception 'leaf out of shape' using errcode = 'PB003';
  end if;
  with given as materialized (
    select l.place, l.leaf, coalesce(l.opening, '{}') as opening, convert_from(l.leaf, 'UTF8') as said, b.*
    from unnest(p_leaves, p_openings) with ordinality l (leaf, opening, place)
    cross join lateral jsonb_to_record(convert_from(l.leaf, 'UTF8')::jsonb)
      as b (action text, actor text, at text, id text, outcome text, record text, request text, root text, "row" text, tenant text, v text, version text)
  ), wrong as materialized (
    select min(case
      when g.tenant is distinct from bound[1] or g.actor is distinct from bound[2] then 'leaf of another tenant or actor'
      when length(g.leaf) <= 1024 and kernel.leaf_in_shape(g.said, g.action, g.actor, g.at, g.id, g.outcome, g.record, g.request, g.root, g."row", g.tenant, g.v, g.version)
        is not true then 'leaf out of shape' end) as fault
    from given g
  ), inbox as (
    insert into kernel.ledger_inbox (tenant_id, leaf, action, record, row_id, version)
    select g.tenant::uuid, g.leaf, g.action, g.record, g."row"::uuid, g.version::integer from given g, wrong w where w.fault is null order by g.place
  ), opening as (
    insert into kernel.ledger_opening (tenant_id, leaf_id, openings)
    select g.tenant::uuid, g.id::uuid, g.opening from given g, wrong w where w.fault is null and g.opening <> '{}'
  )
  select w.fault into fault from wrong w;
  if fault is not null then
    raise exception using message = fault, errcode = 'PB003';
  end if;
end $$;
revoke all on function kernel.stage_leaves(bytea[], jsonb[]) from public;
grant execute on function kernel.stage_leaves(bytea[], jsonb[]) to probity_app;
