-- What an anomaly is about: the session, key or link that shows it, and not everything its person does at once (APP-07).
set local role probity_door;

alter table kernel.access_event add column via uuid;
comment on column kernel.access_event.via is 'the session that read; null for keys, links and jobs';

-- With the session; and a batch's openings are kept like every leaf's: without its salts nobody could ever open it.
drop function kernel.note_access(text, uuid, bytea, jsonb);
create function kernel.note_access(p_secret text, p_tenant uuid, p_leaf bytea, p_events jsonb, p_openings jsonb default '{}') returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  leaf constant uuid := (convert_from(p_leaf, 'UTF8')::jsonb ->> 'id')::uuid;
begin
  perform 1 from kernel.system_credential c
  where c.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and 'kernel.access.note' = any (c.permissions);
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  insert into kernel.ledger_inbox (tenant_id, leaf, action)
  values (p_tenant, p_leaf, convert_from(p_leaf, 'UTF8')::jsonb ->> 'action');
  if p_openings <> '{}' then
    insert into kernel.ledger_opening (tenant_id, leaf_id, openings) values (p_tenant, leaf, p_openings);
  end if;
  insert into kernel.access_event (tenant_id, id, batch_id, at, actor_id, permission, record, row_id, outcome, source, count, via)
  select p_tenant, e.id, leaf, e.at, e.actor, e.permission, e.record, e.row, e.outcome, e.source, e.count, e.via
  from jsonb_to_recordset(p_events) as e
    (id uuid, at timestamptz, actor uuid, permission text, record text, "row" uuid, outcome text, source text, count integer, via uuid);
end $$;
grant execute on function kernel.note_access(text, uuid, bytea, jsonb, jsonb) to probity_app;

-- Where keys were seen, for a day: a key that is used from two far places in turns is in two hands.
create table kernel.key_sighting (
  tenant_id uuid not null,
  key_id uuid not null,
  at timestamptz not null,
  source inet not null,
  foreign key (tenant_id, key_id) references kernel.api_key (tenant_id, id)
);
create index key_sighting_at on kernel.key_sighting (tenant_id, at);

create or replace function kernel.note_key_use(p_hashes bytea[], p_sources text[]) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  with seen as (
    select k.tenant_id, k.id, n.source::inet as source, n.place
    from unnest(p_hashes, p_sources) with ordinality as n (hash, source, place)
    left join kernel.token_grant g on g.access_hash = n.hash
    join kernel.api_key k on k.secret_hash = n.hash or (k.tenant_id = g.tenant_id and k.id = g.key_id)
  ), sighted as (
    insert into kernel.key_sighting (tenant_id, key_id, at, source)
    select s.tenant_id, s.id, clock_timestamp() + make_interval(secs => s.place / 1000000.0), s.source
    from seen s where s.source is not null
  )
  insert into kernel.api_key_use as u (tenant_id, key_id, used_at, source)
  select distinct on (s.tenant_id, s.id) s.tenant_id, s.id, now(), s.source from seen s order by s.tenant_id, s.id, s.place desc
  on conflict (tenant_id, key_id) do update set used_at = excluded.used_at, source = excluded.source;
  if random() < 0.01 then
    delete from kernel.key_sighting s where s.at < now() - interval '1 day';
  end if;
end $$;

-- Of the bound workspace, for the rounds that look for anomalies alone.
create function kernel.key_sightings(p_since timestamptz) returns table (key_id uuid, at timestamptz, source text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[3] <> 'kernel.people.change' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return query select s.key_id, s.at, host(s.source) from kernel.key_sighting s
    where s.tenant_id = bound[1]::uuid and s.at > p_since order by s.key_id, s.at limit 50000;
end $$;
revoke all on function kernel.key_sightings(timestamptz) from public;
grant execute on function kernel.key_sightings(timestamptz) to probity_app;
