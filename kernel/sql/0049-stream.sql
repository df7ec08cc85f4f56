-- Streams (LED-05): a workspace's log, sent to a receiver of its own as it grows. What is sent where is a governed record;
-- how far it has come is state beside it, written by functions of the door alone, so that sending makes no event of its own
-- that would have to be sent in turn.
set local role probity_owner;

create table kernel.stream (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  name text not null check (length(name) between 1 and 80),
  kind text not null check (kind in ('webhook', 'syslog')),
  -- An https address, or host:port of a syslog receiver over TLS.
  address text not null check (length(address) between 1 and 1000),
  -- PEM: the one authority that is believed for a syslog receiver, in place of the public ones.
  authority text check (length(authority) <= 20000),
  format text not null check (format in ('json', 'ocsf')),
  -- Whether names and addresses of people travel along.
  personal boolean not null default false,
  paused boolean not null default false,
  primary key (tenant_id, id)
);
comment on table kernel.stream is 'where a workspace''s events are sent; the secret that signs them is a sealed value';
select kernel.govern('kernel.stream', '{"door": true}');
create trigger entered_for before insert or update on kernel.stream for each statement
  execute function kernel.entered_for('kernel.stream.change');

set local role probity_door;

create table kernel.stream_state (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  -- The first place that no receiver has acknowledged: everything before it arrived or lies in a letter.
  next_seq bigint not null check (next_seq >= 0),
  -- The batch under way ends before this place. Sent again after a failure or a kill it is the very same batch.
  batch_end bigint,
  attempts integer not null default 0,
  next_at timestamptz not null default now(),
  lease_holder uuid,
  lease_until timestamptz,
  sent bigint not null default 0,
  letters_in_a_row integer not null default 0,
  last_sent_at timestamptz,
  failing_since timestamptz,
  stopped_at timestamptz,
  problem text,
  primary key (tenant_id, id)
);
create index stream_state_due on kernel.stream_state (next_at) where stopped_at is null;

-- An event its receiver refused for what it says, again and again: the stream went on without it, and it waits here.
create table kernel.stream_letter (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  stream_id uuid not null,
  seq bigint not null,
  leaf_hash bytea not null,
  problem text not null,
  at timestamptz not null default now(),
  settled_at timestamptz,
  primary key (tenant_id, id)
);
create index stream_letter_open on kernel.stream_letter (tenant_id, stream_id, seq) where settled_at is null;

alter table kernel.stream_state enable row level security;
alter table kernel.stream_letter enable row level security;
create policy tenant on kernel.stream_state for select to probity_app using (tenant_id = (select kernel.tenant()));
create policy tenant on kernel.stream_letter for select to probity_app using (tenant_id = (select kernel.tenant()));
grant select on kernel.stream_state, kernel.stream_letter to probity_app;
insert into kernel.exempt_table values
  ('kernel.stream_state', 'how far a stream has come, written by definer functions alone; a leaf for each would be an event to send in turn'),
  ('kernel.stream_letter', 'events a receiver refused, written by definer functions alone; each leaves its own leaf through the server');

-- How long the bound workspace's log is.
create function kernel.log_size() returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce((select h.size from kernel.ledger_head h where h.tenant_id = (kernel.checked_binding())[1]::uuid), 0)
$$;
grant execute on function kernel.log_size() to probity_app;

-- Where a stream begins, or begins again: by somebody who may change streams, at a place the log has. Whoever was sending is
-- fenced off: their lease is gone, and what they report moves nothing.
create function kernel.begin_stream(p_id uuid, p_from bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[3] <> 'kernel.stream.change' or not exists (
    select from kernel.stream s where s.tenant_id = bound[1]::uuid and s.id = p_id and s.deleted_at is null) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  insert into kernel.stream_state as s (tenant_id, id, next_seq)
  values (bound[1]::uuid, p_id, least(greatest(p_from, 0), kernel.log_size()))
  on conflict (tenant_id, id) do update set next_seq = excluded.next_seq, batch_end = null, attempts = 0, next_at = now(),
    lease_holder = null, lease_until = null, letters_in_a_row = 0, failing_since = null, stopped_at = null, problem = null;
end $$;
grant execute on function kernel.begin_stream(uuid, bigint) to probity_app;

-- Goes on where it stands, at once: after a pause, or when a receiver was put right.
create function kernel.wake_stream(p_id uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[3] <> 'kernel.stream.change' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  update kernel.stream_state s set attempts = 0, next_at = now(), letters_in_a_row = 0, failing_since = null, stopped_at = null
  where s.tenant_id = bound[1]::uuid and s.id = p_id;
end $$;
grant execute on function kernel.wake_stream(uuid) to probity_app;

create function kernel.settle_letter(p_id uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[3] <> 'kernel.stream.change' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  update kernel.stream_letter l set settled_at = now() where l.tenant_id = bound[1]::uuid and l.id = p_id and l.settled_at is null;
end $$;
grant execute on function kernel.settle_letter(uuid) to probity_app;

-- Streams that have something to send, each leased to one server: another finds it only when the lease has run out. The
-- server's alone, by its secret.
create function kernel.take_streams(p_secret text, p_holder uuid, p_limit integer, p_batch integer, p_lease_seconds integer)
returns table (tenant_id uuid, id uuid, next_seq bigint, batch_end bigint, attempts integer, failing_since timestamptz, letters_in_a_row integer)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  perform 1 from kernel.system_credential c
  where c.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and 'kernel.stream.send' = any (c.permissions);
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return query
    with due as (
      select s.tenant_id, s.id, h.size from kernel.stream_state s
      join kernel.ledger_head h on h.tenant_id = s.tenant_id and h.size > s.next_seq
      join kernel.stream k on k.tenant_id = s.tenant_id and k.id = s.id and not k.paused and k.deleted_at is null
      join kernel.workspace w on w.id = s.tenant_id and w.frozen_at is null and w.closed_at is null
      where s.stopped_at is null and s.next_at <= clock_timestamp()
        and (s.lease_until is null or s.lease_until < clock_timestamp())
      order by s.next_at limit p_limit
      for update of s skip locked)
    update kernel.stream_state s set lease_holder = p_holder,
      lease_until = clock_timestamp() + make_interval(secs => p_lease_seconds),
      batch_end = coalesce(s.batch_end, least(d.size, s.next_seq + p_batch))
    from due d where s.tenant_id = d.tenant_id and s.id = d.id
    returning s.tenant_id, s.id, s.next_seq, s.batch_end, s.attempts, s.failing_since, s.letters_in_a_row;
end $$;
grant execute on function kernel.take_streams(text, uuid, integer, integer, integer) to probity_app;

-- What came of a batch. Only who still holds the lease may say; false where it was taken or the stream began again.
create function kernel.settle_stream(p_secret text, p_holder uuid, p_tenant uuid, p_id uuid, p_result jsonb) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  failed constant text := p_result ->> 'problem';
  sent_to constant bigint := (p_result ->> 'next')::bigint;
begin
  perform 1 from kernel.system_credential c
  where c.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and 'kernel.stream.send' = any (c.permissions);
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  update kernel.stream_state s set
    sent = s.sent + case when failed is null then sent_to - s.next_seq else 0 end,
    next_seq = sent_to,
    batch_end = (p_result ->> 'batchEnd')::bigint,
    attempts = (p_result ->> 'attempts')::integer,
    letters_in_a_row = (p_result ->> 'lettersInARow')::integer,
    next_at = clock_timestamp() + make_interval(secs => (p_result ->> 'pauseSeconds')::double precision),
    last_sent_at = case when failed is null then clock_timestamp() else s.last_sent_at end,
    failing_since = case when failed is null then null else coalesce(s.failing_since, clock_timestamp()) end,
    stopped_at = case when (p_result ->> 'stop')::boolean then clock_timestamp() end,
    problem = left(failed, 300),
    lease_holder = null, lease_until = null
  where s.tenant_id = p_tenant and s.id = p_id and s.lease_holder = p_holder and sent_to between s.next_seq and s.batch_end;
  if not found then
    return false;
  end if;
  if p_result ? 'letter' then
    insert into kernel.stream_letter (tenant_id, id, stream_id, seq, leaf_hash, problem)
    values (p_tenant, (p_result #>> '{letter,id}')::uuid, p_id, (p_result #>> '{letter,seq}')::bigint,
      decode(p_result #>> '{letter,hash}', 'hex'), left(failed, 300));
  end if;
  return true;
end $$;
grant execute on function kernel.settle_stream(text, uuid, uuid, uuid, jsonb) to probity_app;
