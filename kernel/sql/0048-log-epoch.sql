-- After a restore the database is behind what was signed. The log does not go on by itself: two owners declare what was lost,
-- and it goes on under a new name, with the declaration as a leaf.
set local role probity_door;

create table kernel.ledger_resume (
  id uuid primary key default gen_random_uuid(),
  opened_at timestamptz not null default clock_timestamp(),
  halted jsonb not null,
  closed_at timestamptz
);
comment on table kernel.ledger_resume is 'declarations of a restore: what is halted, as it was when the declaration was opened';
create unique index ledger_resume_one_open on kernel.ledger_resume ((true)) where closed_at is null;

create table kernel.ledger_resume_owner (
  resume_id uuid not null references kernel.ledger_resume,
  user_id uuid not null,
  tenant_id uuid not null,
  membership_id uuid not null,
  at timestamptz not null default clock_timestamp(),
  primary key (resume_id, user_id)
);

create table kernel.ledger_epoch (
  tenant_id uuid not null,
  epoch integer not null check (epoch > 1),
  origin text not null,
  ended_origin text not null,
  lost_from bigint not null,
  lost_to bigint not null check (lost_to >= lost_from),
  old_note text not null,
  owners jsonb not null,
  leaf_id uuid,
  opened_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, epoch)
);
comment on table kernel.ledger_epoch is 'each time a log went on after a restore: what was signed and is gone, the last checkpoint before, and who declared it';
alter table kernel.ledger_epoch enable row level security;
create policy tenant on kernel.ledger_epoch for select to probity_app using (tenant_id = (select kernel.tenant()));
grant select on kernel.ledger_epoch to probity_app;
insert into kernel.exempt_table values
  ('kernel.ledger_epoch', 'declared restores, written by the publisher''s function alone; the application may only read its own tenant');

-- For who runs the server: opens a declaration of what is halted now. One that says the same stays, with who confirmed it.
create function kernel.ledger_resume_open() returns table (id uuid, halted jsonb, owners bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  now_halted jsonb;
begin
  select p.detail -> 'halted' into now_halted from kernel.ledger_publisher p where p.condition = 'rolled_back';
  if not found then
    raise exception 'nothing is halted' using errcode = 'PB409';
  end if;
  update kernel.ledger_resume r set closed_at = clock_timestamp() where r.closed_at is null and r.halted <> now_halted;
  insert into kernel.ledger_resume (halted) select now_halted where not exists (select from kernel.ledger_resume r where r.closed_at is null);
  return query select r.id, r.halted, (select count(*) from kernel.ledger_resume_owner o where o.resume_id = r.id)
    from kernel.ledger_resume r where r.closed_at is null;
end $$;

-- What an owner is asked to confirm: the open declaration, with what it says of their own log.
create function kernel.ledger_resume_standing()
returns table (id uuid, opened_at timestamptz, logs bigint, own jsonb, owners bigint, confirmed boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  return query select r.id, r.opened_at, jsonb_array_length(r.halted)::bigint,
      (select e from jsonb_array_elements(r.halted) e where e ->> 'logId' = bound[1] limit 1),
      (select count(*) from kernel.ledger_resume_owner o where o.resume_id = r.id),
      exists (select from kernel.ledger_resume_owner o join kernel.membership m on m.user_id = o.user_id
        where o.resume_id = r.id and m.tenant_id = bound[1]::uuid and m.id = bound[2]::uuid)
    from kernel.ledger_resume r where r.closed_at is null;
end $$;

-- One owner's word, after a fresh proof of who they are. Only somebody whose own log is halted has one to give; where the
-- platform's alone is, every owner has.
create function kernel.ledger_resume_confirm(p_id uuid) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
  person uuid;
begin
  select m.user_id into person from kernel.membership m
  where m.tenant_id = bound[1]::uuid and m.id = bound[2]::uuid and m.role = 'owner' and m.status = 'active' and m.deleted_at is null;
  if not found or bound[3] <> 'kernel.ledger.resume' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  perform 1 from kernel.ledger_resume r
  where r.id = p_id and r.closed_at is null and exists (
    select from jsonb_array_elements(r.halted) e where e ->> 'logId' = bound[1]
      or jsonb_array_length(r.halted) = 1 and e ->> 'logId' = 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  for update;
  if not found then
    raise exception 'row_unknown' using errcode = 'PB404';
  end if;
  insert into kernel.ledger_resume_owner (resume_id, user_id, tenant_id, membership_id)
  values (p_id, person, bound[1]::uuid, bound[2]::uuid) on conflict do nothing;
  return (select count(*) from kernel.ledger_resume_owner o where o.resume_id = p_id);
end $$;

create function kernel.ledger_resume_ready(p_fence bigint) returns table (id uuid, halted jsonb, owners text[])
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select r.id, r.halted, (select array_agg(o.membership_id::text order by o.at) from kernel.ledger_resume_owner o where o.resume_id = r.id)
  from kernel.ledger_resume r
  where r.closed_at is null and (select count(*) from kernel.ledger_resume_owner o where o.resume_id = r.id) >= 2
$$;

-- The logs of a declaration go on: new epoch and name, the declaration as a leaf of each, and of the platform's own log.
create function kernel.ledger_continue(p_fence bigint, p_resume uuid, p_logs uuid[], p_epochs integer[], p_origins text[], p_ended text[],
  p_from bigint[], p_to bigint[], p_notes text[], p_owners jsonb, p_leaves bytea[], p_openings text[]) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform kernel.ledger_fenced(p_fence);
  update kernel.ledger_resume r set closed_at = clock_timestamp() where r.id = p_resume and r.closed_at is null;
  if not found then
    raise exception 'the declaration is closed' using errcode = 'PB409';
  end if;
  insert into kernel.ledger_epoch (tenant_id, epoch, origin, ended_origin, lost_from, lost_to, old_note, owners, leaf_id)
  select g.log, g.epoch, g.origin, g.ended, g.lost_from, g.lost_to, coalesce(nullif(g.note, ''), l.note, ''), p_owners,
    case when g.log <> 'ffffffff-ffff-ffff-ffff-ffffffffffff' then (convert_from(g.leaf, 'UTF8')::jsonb ->> 'id')::uuid end
  from unnest(p_logs, p_epochs, p_origins, p_ended, p_from, p_to, p_notes, p_leaves) as g (log, epoch, origin, ended, lost_from, lost_to, note, leaf)
  left join kernel.ledger_log l on l.tenant_id = g.log;
  insert into kernel.ledger_log as l (tenant_id, origin, epoch, size, root, frontier, note, signed_at, kept_at)
  select g.log, g.origin, g.epoch, 0, sha256(''), '', '', clock_timestamp(), '-infinity'
  from unnest(p_logs, p_epochs, p_origins) as g (log, epoch, origin)
  on conflict (tenant_id) do update set origin = excluded.origin, epoch = excluded.epoch;
  insert into kernel.ledger_inbox (tenant_id, leaf, action)
  select g.log, g.leaf, 'kernel.ledger.epoch.opened' from unnest(p_logs, p_leaves) as g (log, leaf)
  where g.log <> 'ffffffff-ffff-ffff-ffff-ffffffffffff';
  insert into kernel.ledger_opening (tenant_id, leaf_id, openings)
  select g.log, (convert_from(g.leaf, 'UTF8')::jsonb ->> 'id')::uuid, g.openings::jsonb from unnest(p_logs, p_leaves, p_openings) as g (log, leaf, openings)
  where g.log <> 'ffffffff-ffff-ffff-ffff-ffffffffffff';
  insert into kernel.ledger_platform (index, leaf, leaf_hash)
  select (select coalesce(max(f.index) + 1, 0) from kernel.ledger_platform f), g.leaf, sha256('\x00'::bytea || g.leaf)
  from unnest(p_logs, p_leaves) as g (log, leaf)
  where g.log = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
end $$;

grant execute on function kernel.ledger_resume_open(), kernel.ledger_resume_ready(bigint),
  kernel.ledger_continue(bigint, uuid, uuid[], integer[], text[], text[], bigint[], bigint[], text[], jsonb, bytea[], text[]) to probity_worker;
grant execute on function kernel.ledger_resume_standing(), kernel.ledger_resume_confirm(uuid) to probity_app;
