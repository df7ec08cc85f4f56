-- Anomalies (APP-07): what the events of a workspace show that people there should look at. Found by the server, released
-- by an admin with a reason; what was locked for it opens with the release.
set local role probity_owner;

create table kernel.anomaly (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  kind text not null check (kind in ('credential_stuffing', 'impossible_travel', 'mass_download', 'probing')),
  member_id uuid,
  source text,
  seen integer not null check (seen > 0),
  first_at timestamptz not null,
  last_at timestamptz not null,
  detail jsonb not null default '{}',
  locked boolean not null default false,
  released_by uuid,
  released_at timestamptz,
  release_reason text check (length(release_reason) between 1 and 500),
  primary key (tenant_id, id),
  foreign key (tenant_id, member_id) references kernel.membership (tenant_id, id),
  foreign key (tenant_id, released_by) references kernel.membership (tenant_id, id),
  check ((released_at is null) = (release_reason is null)),
  check (member_id is not null or source is not null)
);
select kernel.govern('kernel.anomaly', '{"door": true}');
create unique index anomaly_one_open on kernel.anomaly (tenant_id, kind, coalesce(member_id::text, source)) where released_at is null;
create trigger entered_for before insert or update on kernel.anomaly for each statement
  execute function kernel.entered_for('kernel.people.change');

set local role probity_door;

-- Who an alarm is about does not release it.
create function kernel.anomaly_within() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if tg_op = 'INSERT' then
    if bound[2] <> '00000000-0000-0000-0000-000000000001' then
      raise exception 'permission_missing' using errcode = 'PB403';
    end if;
    return new;
  end if;
  if old.released_at is not null or bound[2] = coalesce(old.member_id::text, '') or new.released_by is distinct from bound[2]::uuid
    or (new.kind, new.member_id, new.source, new.seen, new.first_at, new.last_at) is distinct from (old.kind, old.member_id, old.source, old.seen, old.first_at, old.last_at) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return new;
end $$;
grant execute on function kernel.anomaly_within() to probity_owner;

set local role probity_owner;
create trigger within before insert or update on kernel.anomaly for each row execute function kernel.anomaly_within();
