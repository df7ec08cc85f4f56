-- Anchors (LED-03): copies and cosignatures of checkpoints that lie outside this server. Where they go is a governed record of
-- the workspace; what went, and how each stands, is written by functions of the door alone.
set local role probity_owner;

create table kernel.anchor_target (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  kind text not null check (kind in ('mail', 'webhook', 'witness')),
  name text not null check (length(name) between 1 and 80),
  -- A mail address, or an https address.
  address text not null check (length(address) between 1 and 1000),
  -- The key a witness cosigns with (C2SP signed-note).
  vkey text check (length(vkey) <= 300),
  primary key (tenant_id, id),
  check ((kind = 'witness') = (vkey is not null))
);
comment on table kernel.anchor_target is 'who outside is given the log''s checkpoints; the secret that signs a webhook is a sealed value';
select kernel.govern('kernel.anchor_target', '{"door": true}');
create trigger entered_for before insert or update on kernel.anchor_target for each statement
  execute function kernel.entered_for('kernel.anchor.change');

set local role probity_door;

create table kernel.anchor_state (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  next_at timestamptz not null default now(),
  lease_holder uuid,
  lease_until timestamptz,
  attempts integer not null default 0,
  -- The size a witness cosigned last, as it says; the size a copy was of.
  known_size bigint not null default 0,
  -- Asked for by hand: sent though nothing is new.
  asked boolean not null default true,
  last_at timestamptz,
  failing_since timestamptz,
  problem text,
  primary key (tenant_id, id)
);
create index anchor_state_due on kernel.anchor_state (next_at);

-- What left, one row each; a row that fails is noted once, at the first failure. The instance's own (time-stamps) bear its id.
create table kernel.anchor (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  target_id uuid,
  kind text not null check (kind in ('mail', 'webhook', 'witness', 'rfc3161', 'download')),
  at timestamptz not null default clock_timestamp(),
  actor_id uuid,
  holder text not null check (length(holder) between 1 and 300),
  outcome text not null check (outcome in ('done', 'failed')),
  size bigint,
  note text check (length(note) <= 65536),
  -- Cosignature lines, or a time-stamp token in base64.
  proof text check (length(proof) <= 65536),
  problem text check (length(problem) <= 300),
  primary key (tenant_id, id)
);
create index anchor_at on kernel.anchor (tenant_id, at desc);

create function kernel.anchor_stays() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'anchors are append-only' using errcode = 'PB003';
end $$;
create trigger stays before update or delete or truncate on kernel.anchor for each statement execute function kernel.anchor_stays();

alter table kernel.anchor_state enable row level security;
alter table kernel.anchor enable row level security;
create policy tenant on kernel.anchor_state for select to probity_app using (tenant_id = (select kernel.tenant()));
create policy tenant on kernel.anchor for select to probity_app using (tenant_id = (select kernel.tenant()));
grant select on kernel.anchor_state, kernel.anchor to probity_app;
insert into kernel.exempt_table values
  ('kernel.anchor_state', 'when each anchor is due and how it stands, written by definer functions alone'),
  ('kernel.anchor', 'what was given outside, written by definer functions alone and never changed');

-- The row that stands for the instance's own time-stamps: due like any other, asked for by whoever has an authority to ask.
insert into kernel.anchor_state (tenant_id, id) values ('00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000003161');

-- Begins, or is due at once: by somebody who may change anchors.
create function kernel.wake_anchor(p_id uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[3] <> 'kernel.anchor.change' or not exists (
    select from kernel.anchor_target t where t.tenant_id = bound[1]::uuid and t.id = p_id and t.deleted_at is null) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  insert into kernel.anchor_state (tenant_id, id) values (bound[1]::uuid, p_id)
  on conflict (tenant_id, id) do update set next_at = now(), attempts = 0, asked = true;
end $$;

-- A person took a copy with them.
create function kernel.note_download(p_id uuid, p_holder text, p_size bigint, p_note text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[3] <> 'kernel.anchor.read' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  insert into kernel.anchor (tenant_id, id, kind, actor_id, holder, outcome, size, note)
  values (bound[1]::uuid, p_id, 'download', bound[2]::uuid, p_holder, 'done', p_size, p_note);
end $$;
grant execute on function kernel.wake_anchor(uuid), kernel.note_download(uuid, text, bigint, text) to probity_app;

create function kernel.anchors_by_server(p_secret text) returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from kernel.system_credential c
  where c.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and 'kernel.anchor.send' = any (c.permissions);
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
end $$;

-- What is due, each leased to one server. p_stamps: this server has an authority to ask for time-stamps.
create function kernel.take_anchors(p_secret text, p_holder uuid, p_limit integer, p_lease_seconds integer, p_stamps boolean)
returns table (tenant_id uuid, id uuid, kind text, name text, address text, vkey text, known_size bigint, attempts integer, failing boolean, asked boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  perform kernel.anchors_by_server(p_secret);
  return query
    with due as (
      select s.tenant_id, s.id, coalesce(t.kind, 'rfc3161') as kind, coalesce(t.name, '') as name, coalesce(t.address, '') as address, t.vkey
      from kernel.anchor_state s
      left join kernel.anchor_target t on t.tenant_id = s.tenant_id and t.id = s.id and t.deleted_at is null
      join kernel.workspace w on w.id = s.tenant_id and w.frozen_at is null and w.closed_at is null
      where s.next_at <= clock_timestamp() and (s.lease_until is null or s.lease_until < clock_timestamp())
        and (t.id is not null or p_stamps and s.tenant_id = '00000000-0000-0000-0000-000000000000')
      order by s.next_at limit p_limit
      for update of s skip locked)
    update kernel.anchor_state s set lease_holder = p_holder, lease_until = clock_timestamp() + make_interval(secs => p_lease_seconds)
    from due d where s.tenant_id = d.tenant_id and s.id = d.id
    returning s.tenant_id, s.id, d.kind, d.name, d.address, d.vkey, s.known_size, s.attempts, s.failing_since is not null, s.asked;
end $$;

-- What came of it. Only who still holds the lease may say.
create function kernel.settle_anchor(p_secret text, p_holder uuid, p_tenant uuid, p_id uuid, p_result jsonb) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  failed constant text := p_result ->> 'problem';
begin
  perform kernel.anchors_by_server(p_secret);
  update kernel.anchor_state s set
    next_at = clock_timestamp() + make_interval(secs => (p_result ->> 'pauseSeconds')::double precision),
    known_size = coalesce((p_result ->> 'size')::bigint, s.known_size),
    attempts = case when failed is null then 0 else s.attempts + 1 end,
    last_at = case when failed is null then clock_timestamp() else s.last_at end,
    failing_since = case when failed is null then null else coalesce(s.failing_since, clock_timestamp()) end,
    problem = left(failed, 300), asked = s.asked and failed is not null, lease_holder = null, lease_until = null
  where s.tenant_id = p_tenant and s.id = p_id and s.lease_holder = p_holder;
  if not found then
    return false;
  end if;
  if p_result ? 'anchor' then
    insert into kernel.anchor (tenant_id, id, target_id, kind, holder, outcome, size, note, proof, problem)
    values (p_tenant, (p_result #>> '{anchor,id}')::uuid, p_id, p_result #>> '{anchor,kind}', p_result #>> '{anchor,holder}',
      case when failed is null then 'done' else 'failed' end, (p_result #>> '{anchor,size}')::bigint,
      p_result #>> '{anchor,note}', p_result #>> '{anchor,proof}', left(failed, 300));
  end if;
  return true;
end $$;
grant execute on function kernel.take_anchors(text, uuid, integer, integer, boolean), kernel.settle_anchor(text, uuid, uuid, uuid, jsonb) to probity_app;

-- Time-stamps over the platform's checkpoints: the same for every workspace, and nothing of any.
create function kernel.instance_anchors(p_limit integer)
returns table (id uuid, at timestamptz, holder text, outcome text, size bigint, note text, proof text, problem text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select a.id, a.at, a.holder, a.outcome, a.size, a.note, a.proof, a.problem from kernel.anchor a
  where a.tenant_id = '00000000-0000-0000-0000-000000000000' and a.kind = 'rfc3161' order by a.at desc limit least(p_limit, 500)
$$;

-- For the public page: how many hold a copy of this instance's checkpoints, and since when; not whose they are. What a
-- workspace made for probing gave itself is none.
create function kernel.anchor_summary() returns table (kind text, holders bigint, newest timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select a.kind, count(distinct a.holder), max(a.at) from kernel.anchor a
  where a.outcome = 'done' and a.at > now() - interval '400 days'
    and not exists (select from kernel.probe_workspace p where p.tenant_id = a.tenant_id)
  group by a.kind
$$;
grant execute on function kernel.instance_anchors(integer), kernel.anchor_summary() to probity_app;

-- A shorter time between anchors holds at once, not after the longer one has run out.
create function kernel.apply_anchor_policy() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  pause constant interval := case when new.name = 'anchor.copyHours' then make_interval(hours => (new.value #>> '{}')::integer)
    else make_interval(mins => (new.value #>> '{}')::integer) end;
begin
  update kernel.anchor_state s set next_at = least(s.next_at, coalesce(s.last_at, now()) + pause)
  from kernel.anchor_target t
  where t.tenant_id = new.tenant_id and s.tenant_id = t.tenant_id and s.id = t.id
    and (t.kind = 'witness') = (new.name = 'anchor.witnessMinutes');
  return null;
end $$;
grant execute on function kernel.apply_anchor_policy() to probity_owner;

set local role probity_owner;
create trigger anchor_policy after insert or update on kernel.policy_value for each row
  when (new.name in ('anchor.copyHours', 'anchor.witnessMinutes')) execute function kernel.apply_anchor_policy();

-- A copy of a checkpoint is mail of the workspace too.
set local role probity_door;
create or replace function kernel.queue_mail(p_id uuid, p_template text, p_sealed bytea, p_user uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[3] <> all (array['kernel.people.change', 'kernel.membership.accept', 'kernel.session.note', 'kernel.workspace.found', 'kernel.anchor.send']) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  insert into identity.mail (id, template, tenant_id, sealed, user_id) values (p_id, p_template, bound[1]::uuid, p_sealed, p_user);
end $$;
